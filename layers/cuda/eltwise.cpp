#include "functors/eltwise.h"

#include <algorithm>

#include "device_kernel.h"
#include "for_element.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {

namespace {

using Operation = EltwiseParams::Operation;

Combine combine(Operation operation) {
  if (operation == Operation::sum) return Combine::sum;
  return operation == Operation::product ? Combine::product : Combine::maximum;
}

template <class T>
class EltwiseKernel final : public DeviceKernel {
 public:
  EltwiseKernel(const KernelRequest& request, const CudaContext& context)
      : DeviceKernel(request, context),
        params_(std::get<EltwiseParams>(request.spec.params)),
        image_elements_(request.bottoms[0].image_elements()),
        bottoms_(request.bottoms.size()) {
    if (bottoms_ > static_cast<std::size_t>(kMostBottoms)) {
      throw runtime::UsageError("layer '" + layer() + "': the CUDA kernel takes at most " +
                                std::to_string(kMostBottoms) + " bottoms, not " + std::to_string(bottoms_));
    }
  }

  void run(Step step, const KernelCall& call) const override {
    switch (bottoms_) {
      case 2:
        return run_with<2>(step, call);
      case 3:
        return run_with<3>(step, call);
      case 4:
        return run_with<4>(step, call);
      default:
        return run_with<kMostBottoms>(step, call);
    }
  }

 private:
  template <int kBottoms>
  void run_with(Step step, const KernelCall& call) const {
    const std::int64_t count = call.images * image_elements_;
    if (step == Step::forward) {
      expect_operands(call, bottoms_, 1);
      const EltwiseForward<T, kBottoms> forward{bottoms<kBottoms>(call, 0), call.output<T>(0), params_.relu};
      on_device_.launch(forward, count);
    } else {
      on_device_.launch(gradients<kBottoms>(call), count);
    }
  }

  /// From operand `first` on, if there are any.
  template <int kBottoms>
  EltwiseBottoms<T, kBottoms> bottoms(const KernelCall& call, std::size_t first) const {
    EltwiseBottoms<T, kBottoms> result{combine(params_.operation), static_cast<int>(bottoms_), {}, {}};
    std::fill_n(result.coefficients, bottoms_, 1.0f);
    std::copy(params_.coefficients.begin(), params_.coefficients.end(), result.coefficients);
    for (std::size_t i = 0; first + i < call.in.size(); ++i) result.at[i] = call.input<T>(first + i);
    return result;
  }

  template <int kBottoms>
  EltwiseBackward<T, kBottoms> gradients(const KernelCall& call) const {
    const std::size_t first_bottom = params_.relu ? 2 : 1;
    const bool reads_bottoms = params_.operation != Operation::sum;
    const auto wanted = std::min(call.out.size(), bottoms_ - static_cast<std::size_t>(call.chunk));
    expect_operands(call, first_bottom + (reads_bottoms ? bottoms_ : 0), wanted);
    EltwiseBackward<T, kBottoms> result{bottoms<kBottoms>(call, first_bottom),
                                        call.input<T>(0),
                                        params_.relu ? call.input<T>(1) : nullptr,
                                        {},
                                        call.accumulate};
    for (std::size_t i = 0; i < call.out.size(); ++i)
      result.gradients[static_cast<std::size_t>(call.chunk) + i] = call.output<T>(i);
    return result;
  }

  EltwiseParams params_;
  std::int64_t image_elements_;
  std::size_t bottoms_;
};

}  // namespace

std::unique_ptr<Kernel> make_eltwise_kernel(const KernelRequest& request, CudaContext& context) {
  return make_of_element<EltwiseKernel>(request, context);
}

}  // namespace octrain::layers::cuda
