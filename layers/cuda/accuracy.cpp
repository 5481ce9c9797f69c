// Accuracy: counts the images whose label is among the top_k logits.
#include "for_element.h"
#include "logits_kernel.h"

namespace octrain::layers::cuda {

namespace {

template <class T>
class AccuracyKernel final : public LogitsKernel {
 public:
  AccuracyKernel(const KernelRequest& request, const CudaContext& context)
      : LogitsKernel(request, context), top_k_(std::get<AccuracyParams>(request.spec.params).top_k) {}

  std::uint64_t workspace_bytes(Step, std::int64_t images, bool) const override {
    return workspace_for(images, sizeof(std::int64_t));
  }

  void run(Step, const KernelCall& call) const override {
    expect_operands(call, 2, 0);
    if (call.scalar == nullptr) return;
    auto* ranks = of_images<std::int64_t>(call);
    on_device_.reduce(LabelRank<T>{logits<T>(call), ranks}, call.images);
    *call.scalar += total(IsRight<T>{logits<T>(call), ranks, top_k_}, call);
  }

 private:
  int top_k_;
};

}  // namespace

std::unique_ptr<Kernel> make_accuracy_kernel(const KernelRequest& request, CudaContext& context) {
  return make_of_element<AccuracyKernel>(request, context);
}

}  // namespace octrain::layers::cuda
