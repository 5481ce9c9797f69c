// Softmax with loss: -log softmax at the label, through the largest logit so that nothing overflows.
#include <algorithm>

#include "kernels.h"
#include "logits.h"
#include "parallel.h"

namespace octrain::layers::host {

namespace {

class SoftmaxLossKernel final : public Kernel {
 public:
  explicit SoftmaxLossKernel(const KernelRequest& request)
      : Kernel(request),
        weight_(std::get<SoftmaxLossParams>(request.spec.params).loss_weight),
        logits_(request.bottoms[0]) {}

  std::vector<Layout> top_layouts() const override { return {}; }

  void run(Step step, const KernelCall& call) const override {
    const Logits logits(logits_, call);
    if (step == Step::backward_data) return backward(logits, call);
    if (call.scalar != nullptr) forward(logits, call);
  }

 private:
  static double sum_of_exponentials(const float* z, std::int64_t classes, float largest) {
    double sum = 0;
    for (std::int64_t c = 0; c < classes; ++c) sum += static_cast<double>(std::exp(z[c] - largest));
    return sum;
  }

  void forward(const Logits& logits, const KernelCall& call) const {
    std::vector<double> losses(static_cast<std::size_t>(call.images), 0.0);
    parallel_for(call.images, [&](std::int64_t image) {
      const std::int64_t label = logits.label(image);
      if (label < 0) return;
      const float* z = logits.of(image);
      const float largest = *std::max_element(z, z + logits.classes());
      losses[static_cast<std::size_t>(image)] = std::log(sum_of_exponentials(z, logits.classes(), largest)) -
                                                static_cast<double>(z[label] - largest);
    });
    for (const double loss : losses) *call.scalar += loss / static_cast<double>(logits_.shape.n);
  }

  void backward(const Logits& logits, const KernelCall& call) const {
    const float factor = weight_ * call.gradient_scale / static_cast<float>(logits_.shape.n);
    parallel_for(call.images, [&](std::int64_t image) {
      const float* z = logits.of(image);
      float* dz = call.output(0) + image * logits.stride();
      const std::int64_t label = logits.label(image), classes = logits.classes();
      if (label < 0) {
        if (!call.accumulate) std::fill_n(dz, logits.stride(), 0.0f);
        return;
      }
      const float largest = *std::max_element(z, z + classes);
      const auto share = static_cast<float>(1 / sum_of_exponentials(z, classes, largest));
      for (std::int64_t c = 0; c < classes; ++c) {  // dz may be z
        const float probability = std::exp(z[c] - largest) * share;
        dz[c] = (call.accumulate ? dz[c] : 0) + factor * probability;
      }
      dz[label] -= factor;
      if (!call.accumulate) std::fill(dz + classes, dz + logits.stride(), 0.0f);
    });
  }

  float weight_;
  BlobDesc logits_;
};

}  // namespace

std::unique_ptr<Kernel> make_softmax_loss_kernel(const KernelRequest& request) {
  return std::make_unique<SoftmaxLossKernel>(request);
}

}  // namespace octrain::layers::host
