#include "device_kernel.h"
#include "functors/elementwise.h"

namespace octrain::layers::cuda {

namespace {

class ReluKernel final : public DeviceKernel {
 public:
  ReluKernel(const KernelRequest& request, const CudaContext& context)
      : DeviceKernel(request, context), image_floats_(request.bottoms[0].image_floats()) {}

  void run(Step step, const KernelCall& call) const override {
    const std::int64_t count = call.images * image_floats_;
    if (step == Step::forward) {
      expect_operands(call, 1, 1);
      on_device_.launch(Rectify{call.in[0], call.out[0]}, count);
    } else {
      expect_operands(call, 2, 1);
      on_device_.launch(RectifyGradient{call.in[0], call.in[1], call.out[0], call.accumulate}, count);
    }
  }

 private:
  std::int64_t image_floats_;
};

}  // namespace

std::unique_ptr<Kernel> make_relu_kernel(const KernelRequest& request, CudaContext& context) {
  return std::make_unique<ReluKernel>(request, context);
}

}  // namespace octrain::layers::cuda
