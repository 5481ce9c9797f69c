#include "op_work.h"

#include <algorithm>
#include <limits>
#include <map>

namespace octrain::bench {
namespace {

/// Lowering states an op's time as the longer of its operations and its bytes by the backend's speed. On a
/// machine that does either at no cost, and one of the other each nanosecond, the time is the count.
class CountingBackend final : public layers::Backend {
 public:
  enum class What { flops, bytes };
  CountingBackend(layers::Backend& kernels, What what) : kernels_(kernels), what_(what) {}
  [[nodiscard]] std::string_view name() const override { return kernels_.name(); }
  std::unique_ptr<layers::Kernel> make_kernel(const layers::KernelRequest& request) override {
    return kernels_.make_kernel(request);
  }
  std::unique_ptr<layers::UpdateKernel> make_update(const runtime::SolverSpec& solver) override {
    return kernels_.make_update(solver);
  }
  [[nodiscard]] std::uint64_t slab_bytes() const override { return kernels_.slab_bytes(); }
  [[nodiscard]] double flops_per_s() const override { return what_ == What::flops ? kOneEachNs : kNoCost; }
  [[nodiscard]] double memory_bytes_per_s() const override {
    return what_ == What::bytes ? kOneEachNs : kNoCost;
  }

 private:
  static constexpr double kOneEachNs = 1e9, kNoCost = std::numeric_limits<double>::infinity();
  layers::Backend& kernels_;
  What what_;
};

advisor::Schedule lower_to_count(const layers::NetSpec& net, layers::Backend& kernels,
                                 const layers::LoweringOptions& options, CountingBackend::What what) {
  CountingBackend backend(kernels, what);
  return layers::lower(net, backend, options).program.train.schedule;
}

/// An op is called LAYER[ STEP][ @IMAGE][ #CHUNK], or "update WEIGHT".
std::string kind_of(const advisor::Op& op, const std::map<std::string, std::string, std::less<>>& types) {
  if (op.phase == advisor::Phase::update) return "Update";
  const std::string_view name(op.name);
  const std::size_t layer_end = std::min(name.find(' '), name.size());
  const std::size_t step_end = std::min(name.find_first_of("@#", layer_end), name.size() + 1) - 1;
  std::string kind = types.at(std::string(name.substr(0, layer_end)));
  if (step_end > layer_end) kind += name.substr(layer_end, step_end - layer_end);
  return kind;
}

}  // namespace

std::vector<OpWork> count_work(const layers::NetSpec& net, layers::Backend& backend,
                               const layers::LoweringOptions& options) {
  std::map<std::string, std::string, std::less<>> types;
  for (const layers::LayerSpec& layer : net.layers) types[layer.name] = layers::type_name(layer.params);
  const advisor::Schedule flops = lower_to_count(net, backend, options, CountingBackend::What::flops),
                          bytes = lower_to_count(net, backend, options, CountingBackend::What::bytes);
  std::vector<OpWork> work;
  for (std::size_t i = 0; i < flops.ops.size(); ++i) {
    work.push_back({kind_of(flops.ops[i], types), static_cast<double>(flops.ops[i].time_ns),
                    static_cast<double>(bytes.ops[i].time_ns)});
  }
  return work;
}

LeastTime least_time(const OpWork& work, const Peaks& peaks) {
  const double computing = work.flops / peaks.flops_per_s, moving = work.bytes / peaks.bytes_per_s;
  return {std::max(computing, moving), moving > computing};
}

}  // namespace octrain::bench
