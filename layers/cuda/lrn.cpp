// Local response normalisation, a few images at a time, so that what is put into the workspace stays in the
// card's cache, and the workspace small.
#include "functors/lrn.h"

#include <algorithm>

#include "device_kernel.h"
#include "for_element.h"

namespace octrain::layers::cuda {

namespace {

constexpr std::int64_t kGroupElements = std::int64_t{2} << 20;  // 8 MiB of sums; a thread each fills any card

template <class T>
class LrnKernel final : public DeviceKernel {
 public:
  LrnKernel(const KernelRequest& request, const CudaContext& context)
      : LrnKernel(request, context, std::get<LrnParams>(request.spec.params), request.bottoms[0].shape) {}

  std::uint64_t workspace_bytes(Step step, std::int64_t images, bool) const override {
    const std::int64_t buffers = step == Step::backward_data ? 2 : 1;
    return static_cast<std::uint64_t>(buffers * group(images) * image_elements_) * sizeof(float);
  }

  void run(Step step, const KernelCall& call) const override {
    const bool backward = step == Step::backward_data;
    expect_operands(call, backward ? 2 : 1, 1);
    const std::int64_t images = group(call.images);
    for (std::int64_t first = 0; first < call.images; first += images) {
      const std::int64_t at = first * image_elements_,
                         count = std::min(images, call.images - first) * image_elements_;
      backward ? run_backward(call, at, count) : run_forward(call, at, count);
    }
  }

 private:
  LrnKernel(const KernelRequest& request, const CudaContext& context, const LrnParams& params,
            const Shape& shape)
      : DeviceKernel(request, context),
        window_(params.region == LrnParams::Region::across_channels, params.local_size, shape.c, shape.h,
                shape.w),
        parameters_{params.k, params.alpha / static_cast<float>(window_floats(params)), params.beta},
        image_elements_(shape.image_elements()) {}

  static int window_floats(const LrnParams& params) {
    const bool across = params.region == LrnParams::Region::across_channels;
    return across ? params.local_size : params.local_size * params.local_size;
  }

  /// Images at a time, out of as many.
  std::int64_t group(std::int64_t images) const {
    return std::clamp<std::int64_t>(kGroupElements / image_elements_, 1, images);
  }

  void run_forward(const KernelCall& call, std::int64_t at, std::int64_t count) const {
    const T* bottom = call.input<T>(0) + at;
    auto* sums = reinterpret_cast<float*>(call.workspace);
    on_device_.launch(LrnSums<T>{window_, parameters_, bottom, nullptr, sums, nullptr}, count);
    on_device_.launch(LrnForward<T>{parameters_, bottom, sums, call.output<T>(0) + at}, count);
  }

  void run_backward(const KernelCall& call, std::int64_t at, std::int64_t count) const {
    const T *bottom = call.input<T>(0) + at, *top_gradient = call.input<T>(1) + at;
    auto* sums = reinterpret_cast<float*>(call.workspace);
    float* ratios = sums + count;
    on_device_.launch(LrnSums<T>{window_, parameters_, bottom, top_gradient, sums, ratios}, count);
    on_device_.launch(LrnBackward<T>{window_, parameters_, bottom, top_gradient, sums, ratios,
                                     call.output<T>(0) + at, call.accumulate},
                      count);
  }

  LrnWindow window_;
  LrnParameters parameters_;
  std::int64_t image_elements_;
};

}  // namespace

std::unique_ptr<Kernel> make_lrn_kernel(const KernelRequest& request, CudaContext& context) {
  return make_of_element<LrnKernel>(request, context);
}

}  // namespace octrain::layers::cuda
