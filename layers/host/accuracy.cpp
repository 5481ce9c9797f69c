// Accuracy: counts the images whose label is among the top_k logits.
#include <cmath>

#include "kernels.h"
#include "logits.h"

namespace octrain::layers::host {

namespace {

class AccuracyKernel final : public Kernel {
 public:
  explicit AccuracyKernel(const KernelRequest& request)
      : Kernel(request),
        top_k_(std::get<AccuracyParams>(request.spec.params).top_k),
        logits_(request.bottoms[0]) {}

  std::vector<Layout> top_layouts() const override { return {}; }

  void run(Step, const KernelCall& call) const override {
    if (call.scalar == nullptr) return;
    const Logits logits(logits_, call);
    std::int64_t right = 0;
    for (std::int64_t image = 0; image < call.images; ++image) {
      const std::int64_t label = logits.label(image);
      if (label >= 0 && rank(logits.of(image), logits.classes(), label) < top_k_) ++right;
    }
    *call.scalar += static_cast<double>(right);
  }

 private:
  // How many classes come before the label's; NaN is never right.
  static std::int64_t rank(const float* z, std::int64_t classes, std::int64_t label) {
    if (std::isnan(z[label])) return classes;
    std::int64_t before = 0;
    for (std::int64_t c = 0; c < classes; ++c) before += z[c] > z[label] || (c < label && z[c] == z[label]);
    return before;
  }

  int top_k_;
  BlobDesc logits_;
};

}  // namespace

std::unique_ptr<Kernel> make_accuracy_kernel(const KernelRequest& request) {
  return std::make_unique<AccuracyKernel>(request);
}

}  // namespace octrain::layers::host
