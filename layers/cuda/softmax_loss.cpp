// Softmax with loss: -log softmax at the label.
#include "for_element.h"
#include "logits_kernel.h"

namespace octrain::layers::cuda {

namespace {

template <class T>
class SoftmaxLossKernel final : public LogitsKernel {
 public:
  SoftmaxLossKernel(const KernelRequest& request, const CudaContext& context)
      : LogitsKernel(request, context),
        weight_(std::get<SoftmaxLossParams>(request.spec.params).loss_weight),
        batch_(request.bottoms[0].shape.n) {}

  std::uint64_t workspace_bytes(Step, std::int64_t images, bool) const override {
    return workspace_for(images, sizeof(SoftmaxRow));
  }

  void run(Step step, const KernelCall& call) const override {
    if (step == Step::backward_data) {
      expect_operands(call, 2, 1);
      const SoftmaxRow* rows = compute_rows(call);
      const Logits<T> z = logits<T>(call);
      const float factor = weight_ * call.gradient_scale / static_cast<float>(batch_);
      on_device_.launch(
          SoftmaxGradient<T>{z, rows, Divider(z.classes), factor, call.output<T>(0), call.accumulate},
          z.images * z.classes);
    } else if (call.scalar != nullptr) {
      expect_operands(call, 2, 0);
      const SoftmaxRow* rows = compute_rows(call);
      *call.scalar += total(SoftmaxLossOf<T>{logits<T>(call), rows}, call) / static_cast<double>(batch_);
    }
  }

 private:
  const SoftmaxRow* compute_rows(const KernelCall& call) const {
    auto* rows = of_images<SoftmaxRow>(call);
    on_device_.reduce(LargestLogit<T>{logits<T>(call), rows}, call.images);
    on_device_.reduce(ExponentialSum<T>{logits<T>(call), rows}, call.images);
    return rows;
  }

  float weight_;
  std::int64_t batch_;
};

}  // namespace

std::unique_ptr<Kernel> make_softmax_loss_kernel(const KernelRequest& request, CudaContext& context) {
  return make_of_element<SoftmaxLossKernel>(request, context);
}

}  // namespace octrain::layers::cuda
