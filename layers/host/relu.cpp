#include "elementwise.h"
#include "kernels.h"
#include "parallel.h"

namespace octrain::layers::host {

namespace {

// The pragmas say what the compiler cannot see: operands are the same memory or apart, never shifted.

/// top = max(0, bottom). The padding's zeros stay zero.
void rectify(const float* bottom, float* top, std::int64_t count) {
  parallel_elements(count, [=](std::int64_t begin, std::int64_t end) {
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) {
      const float value = bottom[i];
      top[i] = value > 0 ? value : 0.0f;
    }
  });
}

/// bottom' = top' where top > 0, else 0; or that added.
void rectify_gradient(const float* top, const float* top_gradient, float* bottom_gradient, std::int64_t count,
                      bool accumulate) {
  parallel_elements(count, [=](std::int64_t begin, std::int64_t end) {
    if (accumulate) {
#pragma omp simd
      for (std::int64_t i = begin; i < end; ++i) {
        const float gradient = top_gradient[i];
        bottom_gradient[i] += top[i] > 0 ? gradient : 0.0f;
      }
      return;
    }
#pragma omp simd
    for (std::int64_t i = begin; i < end; ++i) {
      const float gradient = top_gradient[i];
      bottom_gradient[i] = top[i] > 0 ? gradient : 0.0f;
    }
  });
}

class ReluKernel final : public Kernel {
 public:
  explicit ReluKernel(const KernelRequest& request) : Kernel(request), bottom_(request.bottoms[0]) {}

  std::vector<Layout> top_layouts() const override { return {bottom_.layout}; }

  void run(Step step, const KernelCall& call) const override {
    const std::int64_t count = call.images * bottom_.image_elements();
    if (step == Step::forward) {
      rectify(call.input(0), call.output(0), count);
    } else {
      rectify_gradient(call.input(0), call.input(1), call.output(0), count, call.accumulate);
    }
  }

 private:
  BlobDesc bottom_;
};

}  // namespace

std::unique_ptr<Kernel> make_relu_kernel(const KernelRequest& request) {
  return std::make_unique<ReluKernel>(request);
}

}  // namespace octrain::layers::host
