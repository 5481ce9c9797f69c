#include "octrain/layers/kernel.h"

#include <algorithm>

namespace octrain::layers {

namespace {

std::int64_t element_count(const ParameterSpec& parameter) {
  std::int64_t count = 1;
  for (const std::int64_t dim : parameter.dims) count *= dim;
  return count;
}

}  // namespace

Kernel::Kernel(const KernelRequest& request) : parameters_(request.parameters) {}

std::vector<ParameterStorage> Kernel::parameter_storage() const {
  std::vector<ParameterStorage> storage;
  for (const ParameterSpec& parameter : parameters_) {
    const std::int64_t count = element_count(parameter);
    storage.push_back({{{0, count, static_cast<std::uint64_t>(count) * sizeof(float)}}});
  }
  return storage;
}

void Kernel::to_canonical(int parameter, int, const float* stored, float* canonical) const {
  std::copy_n(stored, element_count(parameters_[static_cast<std::size_t>(parameter)]), canonical);
}

void Kernel::from_canonical(int parameter, int, const float* canonical, float* stored) const {
  std::copy_n(canonical, element_count(parameters_[static_cast<std::size_t>(parameter)]), stored);
}

std::uint64_t Kernel::saved_bytes(std::int64_t) const { return 0; }

std::uint64_t Kernel::workspace_bytes(Step, std::int64_t, bool) const { return 0; }

}  // namespace octrain::layers
