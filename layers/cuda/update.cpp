// Optimizer updates as Caffe computes them: the layer's rate is learning_rate * lr_mult, its decay
// weight_decay * decay_mult.
#include "functors/update.h"

#include <cuda_runtime_api.h>

#include <cmath>

#include "device_kernel.h"
#include "octrain/runtime/cuda/handles.h"

namespace octrain::layers::cuda {

namespace {

using runtime::cuda::check;

/// What updates of scaled gradients share: a word on the device of what has overflowed.
class OverflowWord {
 public:
  explicit OverflowWord(cudaStream_t stream) : stream_(stream) {}

  /// Enqueues the search through an update's gradient; its outcome is what it answers.
  const Overflow* search(std::span<const UpdateKernel::Segment> segments, const float* gradient) {
    if (device_.data() == nullptr) make();
    check(cudaMemsetAsync(&word()->found, 0, sizeof word()->found, stream_), "cudaMemsetAsync for updates");
    for (const UpdateKernel::Segment& segment : segments)
      Launcher(stream_).launch(FindOverflow{gradient + segment.first, word()}, segment.count);
    return word();
  }

  bool take() {
    if (device_.data() == nullptr) return false;
    check(cudaMemcpyAsync(fetched_.data(), device_.data(), sizeof(Overflow), cudaMemcpyDeviceToHost, stream_),
          "cudaMemcpyAsync of an overflow");
    clear();
    check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize for an overflow");
    return reinterpret_cast<const Overflow*>(fetched_.data())->ever != 0;
  }

 private:
  Overflow* word() const { return reinterpret_cast<Overflow*>(device_.data()); }
  void make() {
    device_ = runtime::cuda::make_device_buffer(sizeof(Overflow));
    fetched_ = runtime::cuda::make_pinned_buffer(sizeof(Overflow));
    clear();
  }
  void clear() const {
    check(cudaMemsetAsync(device_.data(), 0, sizeof(Overflow), stream_), "cudaMemsetAsync for updates");
  }

  cudaStream_t stream_;
  runtime::cuda::DeviceBuffer device_;
  runtime::cuda::PinnedBuffer fetched_;
};

/// By whatever Rule makes of a segment: Rule::step<kScaled>(…).
template <class Rule>
class Update final : public UpdateKernel {
 public:
  Update(const runtime::SolverSpec& solver, const CudaContext& context)
      : rule_{solver},
        on_device_(context.stream),
        scaled_(context.options.element == ElementType::float16),
        overflow_(context.stream) {}

  void run(std::span<const Segment> segments, float* weight, const float* gradient,
           std::span<float* const> states, const Iteration& iteration) const override {
    if (scaled_) {
      const Scaling<true> scaling{iteration.loss_scale, overflow_.search(segments, gradient)};
      launch(scaling, segments, weight, gradient, states, iteration);
    } else {
      launch(Scaling<false>{}, segments, weight, gradient, states, iteration);
    }
  }

  bool take_overflow() const override { return overflow_.take(); }

 private:
  template <bool kScaled>
  void launch(const Scaling<kScaled>& scaling, std::span<const Segment> segments, float* weight,
              const float* gradient, std::span<float* const> states, const Iteration& iteration) const {
    const float rate = rule_.rate(iteration);
    for (const Segment& segment : segments) {
      on_device_.launch(
          rule_.step(scaling, segment, weight + segment.first, gradient + segment.first, states, rate),
          segment.count);
    }
  }

  Rule rule_;
  Launcher on_device_;
  bool scaled_;
  mutable OverflowWord overflow_;
};

struct Sgd {
  runtime::SolverSpec solver;

  float rate(const UpdateKernel::Iteration& iteration) const { return iteration.learning_rate; }

  template <bool kScaled>
  SgdStep<kScaled> step(const Scaling<kScaled>& scaling, const UpdateKernel::Segment& segment, float* weight,
                        const float* gradient, std::span<float* const> states, float rate) const {
    float* velocity = states.empty() ? nullptr : states[0] + segment.first;
    return {scaling,
            weight,
            gradient,
            velocity,
            solver.momentum,
            rate * segment.lr_mult,
            solver.weight_decay * segment.decay_mult};
  }
};

struct Adam {
  runtime::SolverSpec solver;

  float rate(const UpdateKernel::Iteration& iteration) const {
    const double t = static_cast<double>(iteration.number) + 1;
    const double correction = std::sqrt(1 - std::pow(static_cast<double>(solver.beta2), t)) /
                              (1 - std::pow(static_cast<double>(solver.beta1), t));
    return static_cast<float>(static_cast<double>(iteration.learning_rate) * correction);
  }

  template <bool kScaled>
  AdamStep<kScaled> step(const Scaling<kScaled>& scaling, const UpdateKernel::Segment& segment, float* weight,
                         const float* gradient, std::span<float* const> states, float rate) const {
    return {scaling,
            weight,
            gradient,
            states[0] + segment.first,
            states[1] + segment.first,
            solver.beta1,
            solver.beta2,
            solver.epsilon,
            rate * segment.lr_mult,
            solver.weight_decay * segment.decay_mult};
  }
};

}  // namespace

std::unique_ptr<UpdateKernel> make_update_kernel(const runtime::SolverSpec& solver, CudaContext& context) {
  if (solver.kind == runtime::SolverSpec::Kind::adam) return std::make_unique<Update<Adam>>(solver, context);
  return std::make_unique<Update<Sgd>>(solver, context);
}

}  // namespace octrain::layers::cuda
