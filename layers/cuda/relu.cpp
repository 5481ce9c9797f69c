#include "device_kernel.h"
#include "for_element.h"
#include "functors/elementwise.h"

namespace octrain::layers::cuda {

namespace {

template <class T>
class ReluKernel final : public DeviceKernel {
 public:
  ReluKernel(const KernelRequest& request, const CudaContext& context)
      : DeviceKernel(request, context), image_elements_(request.bottoms[0].image_elements()) {}

  void run(Step step, const KernelCall& call) const override {
    const std::int64_t count = call.images * image_elements_;
    if (step == Step::forward) {
      expect_operands(call, 1, 1);
      on_device_.launch(Rectify<T>{call.input<T>(0), call.output<T>(0)}, count);
    } else {
      expect_operands(call, 2, 1);
      on_device_.launch(
          RectifyGradient<T>{call.input<T>(0), call.input<T>(1), call.output<T>(0), call.accumulate}, count);
    }
  }

 private:
  std::int64_t image_elements_;
};

}  // namespace

std::unique_ptr<Kernel> make_relu_kernel(const KernelRequest& request, CudaContext& context) {
  return make_of_element<ReluKernel>(request, context);
}

}  // namespace octrain::layers::cuda
