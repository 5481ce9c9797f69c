// Dropout. The mask is made of random words numbered by logical element, whatever the layout, the slab or the
// thread.
#include <cstring>

#include "kernels.h"
#include "lanes.h"
#include "octrain/runtime/random.h"

namespace octrain::layers::host {

namespace {

class DropoutKernel final : public Kernel {
 public:
  explicit DropoutKernel(const KernelRequest& request)
      : Kernel(request),
        ratio_(std::get<DropoutParams>(request.spec.params).ratio),
        grid_(request.bottoms[0]),
        layout_(request.bottoms[0].layout),
        generator_(request.seed_key) {}

  std::vector<Layout> top_layouts() const override { return {layout_}; }

  // Both directions are the same: out (+)= in * mask.
  void run(Step, const KernelCall& call) const override {
    const bool in_place = call.input(0) == call.output(0);
    if (!call.training) {
      if (in_place) return;
      parallel_elements(call.images * grid_.image_floats(), [&](std::int64_t begin, std::int64_t end) {
        std::copy(call.input(0) + begin, call.input(0) + end, call.output(0) + begin);
      });
      return;
    }
    if (grid_.padded_channels() != grid_.channels && !call.accumulate && !in_place) {
      std::memset(call.output(0), 0,
                  static_cast<std::size_t>(call.images * grid_.image_floats()) * sizeof(float));
    }
    parallel_elements(call.images * grid_.channels * grid_.pixels,
                      [&](std::int64_t begin, std::int64_t end) { apply(call, begin, end); });
  }

 private:
  // Logical elements [begin, end) of the call's images.
  void apply(const KernelCall& call, std::int64_t begin, std::int64_t end) const {
    const float scale = 1 / (1 - ratio_);
    const auto base = static_cast<std::uint64_t>(call.first_image * grid_.channels * grid_.pixels);
    std::array<std::uint32_t, 4> words{};
    for (std::int64_t i = begin; i < end; ++i) {
      const std::uint64_t element = base + static_cast<std::uint64_t>(i);
      if (i == begin || element % 4 == 0) words = generator_(element / 4, call.iteration);
      const float uniform = static_cast<float>(words[element % 4] >> 8) * 0x1p-24f;
      const std::int64_t at = position(i);
      const float value = uniform < ratio_ ? 0 : call.input(0)[at] * scale;
      call.output(0)[at] = call.accumulate ? call.output(0)[at] + value : value;
    }
  }

  // Where a logical element (n, c, h, w) lies.
  std::int64_t position(std::int64_t element) const {
    if (grid_.block == 1) return element;
    const std::int64_t pixel = element % grid_.pixels, channel = element / grid_.pixels % grid_.channels,
                       image = element / (grid_.pixels * grid_.channels);
    return (image * grid_.blocks + channel / grid_.block) * grid_.unit_floats + pixel * grid_.block +
           channel % grid_.block;
  }

  float ratio_;
  UnitGrid grid_;
  Layout layout_;
  runtime::Philox generator_;
};

}  // namespace

std::unique_ptr<Kernel> make_dropout_kernel(const KernelRequest& request) {
  return std::make_unique<DropoutKernel>(request);
}

}  // namespace octrain::layers::host
