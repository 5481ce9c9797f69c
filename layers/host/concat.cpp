// Concat along channels: whole channel blocks are copied where every bottom starts at a block of the top,
// else channel by channel.
#include <algorithm>

#include "channels.h"
#include "kernels.h"

namespace octrain::layers::host {

namespace {

class ConcatKernel final : public Kernel {
 public:
  explicit ConcatKernel(const KernelRequest& request)
      : Kernel(request), layout_(request.bottoms[0].layout), top_({{}, request.top_shapes[0], layout_}) {
    std::int64_t first = 0;
    for (const BlobDesc& bottom : request.bottoms) {
      aligned_ = aligned_ && bottom.layout == layout_ && first % layout_.channel_block == 0;
      bottoms_.push_back({UnitGrid(bottom), first});
      first += bottom.shape.c;
    }
  }

  std::vector<Layout> top_layouts() const override { return {layout_}; }

  void run(Step step, const KernelCall& call) const override {
    const std::size_t bottoms = step == Step::forward ? call.in.size() : call.out.size();
    for (std::size_t i = 0; i < bottoms; ++i) {
      if (step == Step::forward) {
        forward(bottoms_[i], call.input(i), call);
      } else {
        backward(bottoms_[static_cast<std::size_t>(call.chunk) + i], call.output(i), call);
      }
    }
  }

 private:
  struct Bottom {
    UnitGrid grid;
    std::int64_t first;  // channel of the top
  };

  // Where the unit of a bottom's block lies in the top.
  std::int64_t top_offset(const Bottom& bottom, std::int64_t unit) const {
    const std::int64_t image = unit / bottom.grid.blocks, block = unit % bottom.grid.blocks;
    return (image * top_.blocks + bottom.first / top_.block + block) * top_.unit_floats;
  }

  void forward(const Bottom& bottom, const float* from, const KernelCall& call) const {
    const std::int64_t unit_floats = bottom.grid.unit_floats;
    if (aligned_) {
      parallel_for(call.images * bottom.grid.blocks, [&](std::int64_t unit) {
        std::copy_n(from + unit * unit_floats, unit_floats, call.output(0) + top_offset(bottom, unit));
      });
      return;
    }
    parallel_for(call.images, [&](std::int64_t image) {
      float* top = call.output(0) + image * top_.image_floats();
      copy_channels({bottom.grid, from + image * bottom.grid.image_floats()}, {top_, top, bottom.first},
                    bottom.grid.channels, false);
      zero_padding_channels(top_, top);
    });
  }

  void backward(const Bottom& bottom, float* to, const KernelCall& call) const {
    const std::int64_t unit_floats = bottom.grid.unit_floats;
    if (aligned_) {
      parallel_for(call.images * bottom.grid.blocks, [&](std::int64_t unit) {
        const float* from = call.input(0) + top_offset(bottom, unit);
        float* target = to + unit * unit_floats;
        if (call.accumulate) {
          std::transform(from, from + unit_floats, target, target, std::plus<>());
        } else {
          std::copy_n(from, unit_floats, target);
        }
      });
      return;
    }
    parallel_for(call.images, [&](std::int64_t image) {
      float* target = to + image * bottom.grid.image_floats();
      copy_channels({top_, call.input(0) + image * top_.image_floats(), bottom.first}, {bottom.grid, target},
                    bottom.grid.channels, call.accumulate);
      zero_padding_channels(bottom.grid, target);
    });
  }

  Layout layout_;
  UnitGrid top_;
  std::vector<Bottom> bottoms_;
  bool aligned_ = true;
};

}  // namespace

std::unique_ptr<Kernel> make_concat_kernel(const KernelRequest& request) {
  return std::make_unique<ConcatKernel>(request);
}

}  // namespace octrain::layers::host
