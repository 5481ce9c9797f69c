// Optimizer updates as Caffe computes them: the layer's rate is learning_rate * lr_mult, its decay
// weight_decay * decay_mult.
#include "functors/update.h"

#include <cmath>

#include "device_kernel.h"

namespace octrain::layers::cuda {

namespace {

class SgdUpdate final : public UpdateKernel {
 public:
  SgdUpdate(const runtime::SolverSpec& solver, const CudaContext& context)
      : solver_(solver), on_device_(context.stream) {}

  void run(std::span<const Segment> segments, float* weight, const float* gradient,
           std::span<float* const> states, float learning_rate, std::uint64_t) const override {
    for (const Segment& segment : segments) {
      float* velocity = states.empty() ? nullptr : states[0] + segment.first;
      on_device_.launch(SgdStep{weight + segment.first, gradient + segment.first, velocity, solver_.momentum,
                                learning_rate * segment.lr_mult, solver_.weight_decay * segment.decay_mult},
                        segment.count);
    }
  }

 private:
  runtime::SolverSpec solver_;
  Launcher on_device_;
};

class AdamUpdate final : public UpdateKernel {
 public:
  AdamUpdate(const runtime::SolverSpec& solver, const CudaContext& context)
      : solver_(solver), on_device_(context.stream) {}

  void run(std::span<const Segment> segments, float* weight, const float* gradient,
           std::span<float* const> states, float learning_rate, std::uint64_t iteration) const override {
    const double t = static_cast<double>(iteration) + 1;
    const double correction = std::sqrt(1 - std::pow(static_cast<double>(solver_.beta2), t)) /
                              (1 - std::pow(static_cast<double>(solver_.beta1), t));
    const auto rate = static_cast<float>(static_cast<double>(learning_rate) * correction);
    for (const Segment& segment : segments) {
      on_device_.launch(AdamStep{weight + segment.first, gradient + segment.first, states[0] + segment.first,
                                 states[1] + segment.first, solver_.beta1, solver_.beta2, solver_.epsilon,
                                 rate * segment.lr_mult, solver_.weight_decay * segment.decay_mult},
                        segment.count);
    }
  }

 private:
  runtime::SolverSpec solver_;
  Launcher on_device_;
};

}  // namespace

std::unique_ptr<UpdateKernel> make_update_kernel(const runtime::SolverSpec& solver, CudaContext& context) {
  if (solver.kind == runtime::SolverSpec::Kind::adam) return std::make_unique<AdamUpdate>(solver, context);
  return std::make_unique<SgdUpdate>(solver, context);
}

}  // namespace octrain::layers::cuda
