#include "methods.h"

#include <vector>

namespace octrain::advisor {
namespace {

std::vector<Rerun> keep_everything(const PlanRequest&, const TensorSet&) { return {}; }

const std::vector<RecomputeMethod>& table() {
  static const std::vector<RecomputeMethod> methods = {
      {"none", "keeps what the backward pass will read", {}, keep_everything},
      speed_method(),
      memory_method(),
      cost_method(),
      sqrt_method(),
      optimal_method(),
  };
  return methods;
}

}  // namespace

std::span<const RecomputeMethod> recompute_methods() { return table(); }

const RecomputeMethod* find_recompute_method(std::string_view name) {
  for (const RecomputeMethod& method : table()) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

}  // namespace octrain::advisor
