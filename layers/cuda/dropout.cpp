// Dropout. The mask is made of random words numbered by logical element, so that it is the host's to the bit.
#include "functors/dropout.h"

#include "device_kernel.h"
#include "for_element.h"
#include "functors/elementwise.h"

namespace octrain::layers::cuda {

namespace {

template <class T>
class DropoutKernel final : public DeviceKernel {
 public:
  DropoutKernel(const KernelRequest& request, const CudaContext& context)
      : DeviceKernel(request, context),
        ratio_(std::get<DropoutParams>(request.spec.params).ratio),
        image_elements_(request.bottoms[0].image_elements()),
        generator_(request.seed_key) {}

  bool repeats(bool training) const override { return !training; }  // the mask is the iteration's

  // Both directions are the same: out (+)= in * mask.
  void run(Step, const KernelCall& call) const override {
    expect_operands(call, 1, 1);
    const T* in = call.input<T>(0);
    T* out = call.output<T>(0);
    const std::int64_t count = call.images * image_elements_;
    if (!call.training) {
      if (in != out) on_device_.launch(Copy<T, T>{in, out, false}, count);
      return;
    }
    const Dropout<T> dropout{in,
                             out,
                             call.first_image * image_elements_,
                             count,
                             generator_,
                             call.iteration,
                             ratio_,
                             1 / (1 - ratio_),
                             call.accumulate};
    on_device_.launch(dropout, dropout.groups());
  }

 private:
  float ratio_;
  std::int64_t image_elements_;
  runtime::Philox generator_;
};

}  // namespace

std::unique_ptr<Kernel> make_dropout_kernel(const KernelRequest& request, CudaContext& context) {
  return make_of_element<DropoutKernel>(request, context);
}

}  // namespace octrain::layers::cuda
