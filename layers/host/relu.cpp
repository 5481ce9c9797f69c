#include "elementwise.h"
#include "kernels.h"
#include "parallel.h"

namespace octrain::layers::host {

namespace {

// top = max(0, bottom). The padding's zeros stay zero.
void rectify(const float* bottom, float* top, std::int64_t count) {
  parallel_elements(count, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) top[i] = bottom[i] > 0 ? bottom[i] : 0.0f;
  });
}

void rectify_gradient(const float* top, const float* top_gradient, float* bottom_gradient, std::int64_t count,
                      bool accumulate) {
  parallel_elements(count, [=](std::int64_t begin, std::int64_t end) {
    if (accumulate) {
      for (std::int64_t i = begin; i < end; ++i) bottom_gradient[i] += top[i] > 0 ? top_gradient[i] : 0.0f;
    } else {
      for (std::int64_t i = begin; i < end; ++i) bottom_gradient[i] = top[i] > 0 ? top_gradient[i] : 0.0f;
    }
  });
}

class ReluKernel final : public Kernel {
 public:
  explicit ReluKernel(const KernelRequest& request) : Kernel(request), bottom_(request.bottoms[0]) {}

  std::vector<Layout> top_layouts() const override { return {bottom_.layout}; }

  void run(Step step, const KernelCall& call) const override {
    const std::int64_t count = call.images * bottom_.image_floats();
    if (step == Step::forward) {
      rectify(call.in[0], call.out[0], count);
    } else {
      rectify_gradient(call.in[0], call.in[1], call.out[0], count, call.accumulate);
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
