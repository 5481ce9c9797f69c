// Pooling: maximum by oneDNN, which keeps where each maximum came from; average by our own loops, since it
// divides by the window's area inside the padded image.
#include <algorithm>
#include <array>
#include <map>

#include "kernels.h"
#include "parallel.h"
#include "staged_primitive.h"

namespace octrain::layers::host {

namespace {

using Forward = dnnl::pooling_forward::primitive_desc;
using Backward = dnnl::pooling_backward::primitive_desc;

constexpr std::size_t kMaxBlock = 16;  ///< channels in a layout's block

/// What both methods know.
struct Geometry {
  explicit Geometry(const KernelRequest& request)
      : layer(request.spec.name),
        bottom(request.bottoms[0]),
        top{request.spec.tops[0], request.top_shapes[0], bottom.layout},
        window(resolve_window(std::get<PoolingParams>(request.spec.params), static_cast<int>(bottom.shape.h),
                              static_cast<int>(bottom.shape.w))) {}
  std::string layer;
  BlobDesc bottom, top;
  PoolingParams window;
};

class MaxPoolingKernel final : public Kernel {
 public:
  explicit MaxPoolingKernel(const KernelRequest& request);

  std::vector<Layout> top_layouts() const override { return {geometry_.top.layout}; }
  std::uint64_t saved_bytes(std::int64_t images) const override {
    return make_forward(dnnl::prop_kind::forward_training, images).workspace_desc().get_size();
  }
  std::uint64_t workspace_bytes(Step step, std::int64_t images, bool accumulate) const override {
    const std::uint64_t bytes = primitive(step, images, true).workspace_bytes(accumulate);
    return step == Step::forward ? std::max(bytes, primitive(step, images, false).workspace_bytes(false))
                                 : bytes;
  }
  void run(Step step, const KernelCall& call) const override {
    primitive(step, call.images, call.training).run(call.in, call.out, call.accumulate, call.workspace);
  }

 private:
  dnnl::memory::desc desc(const BlobDesc& blob, std::int64_t images) const {
    return images_desc(images, blob.padded_channels(), blob.shape.h, blob.shape.w, layout_);
  }
  Forward make_forward(dnnl::prop_kind kind, std::int64_t images) const;
  StagedPrimitive forward(std::int64_t images, bool training) const;
  StagedPrimitive backward(std::int64_t images) const;
  StagedPrimitive& primitive(Step step, std::int64_t images, bool training) const;

  struct Key {
    Step step;
    std::int64_t images;
    bool training;
    auto operator<=>(const Key&) const =
        default;  // NOLINT(modernize-use-nullptr): a false alarm of clang-tidy 14
  };
  Geometry geometry_;
  dnnl::memory::dims strides_, kernel_, pads_before_, pads_after_;
  Layout layout_;  ///< what the primitives work in; mostly the blobs' own
  mutable std::map<Key, StagedPrimitive> primitives_;
};

/// Rounded up, the last window may hang over the padded image; rounded down, the image may end behind the
/// last window.
std::int64_t padding_after(std::int64_t extent, std::int64_t count, int kernel, int stride, int pad) {
  return std::max<std::int64_t>((count - 1) * stride + kernel - extent - pad, 0);
}

MaxPoolingKernel::MaxPoolingKernel(const KernelRequest& request)
    : Kernel(request), geometry_(request), layout_(geometry_.bottom.layout) {
  const PoolingParams& w = geometry_.window;
  const Shape &bottom = geometry_.bottom.shape, &top = geometry_.top.shape;
  strides_ = {w.stride_h, w.stride_w};
  kernel_ = {w.kernel_h, w.kernel_w};
  pads_before_ = {w.pad_h, w.pad_w};
  pads_after_ = {padding_after(bottom.h, top.h, w.kernel_h, w.stride_h, w.pad_h),
                 padding_after(bottom.w, top.w, w.kernel_w, w.stride_w, w.pad_w)};
  const auto probe = make_forward(dnnl::prop_kind::forward_training, 1);
  if (grade(probe) == Grade::reference) layout_ = Layout{native_channel_block()};
}

Forward MaxPoolingKernel::make_forward(dnnl::prop_kind kind, std::int64_t images) const {
  return Forward({kind, dnnl::algorithm::pooling_max, desc(geometry_.bottom, images),
                  desc(geometry_.top, images), strides_, kernel_, pads_before_, pads_after_},
                 user_scratchpad(), engine());
}

StagedPrimitive MaxPoolingKernel::forward(std::int64_t images, bool training) const {
  const auto kind = training ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
  const Forward description = make_forward(kind, images);
  StagedPrimitive primitive(geometry_.layer, description);
  primitive.add_input(DNNL_ARG_SRC, images_desc(geometry_.bottom, images), description.src_desc());
  primitive.add_output(DNNL_ARG_DST, images_desc(geometry_.top, images), description.dst_desc());
  if (training) {
    primitive.add_output(DNNL_ARG_WORKSPACE, description.workspace_desc(), description.workspace_desc());
  }
  return primitive;
}

StagedPrimitive MaxPoolingKernel::backward(std::int64_t images) const {
  const Forward hint = make_forward(dnnl::prop_kind::forward_training, images);
  const Backward description({dnnl::algorithm::pooling_max, desc(geometry_.bottom, images),
                              desc(geometry_.top, images), strides_, kernel_, pads_before_, pads_after_},
                             user_scratchpad(), engine(), hint);
  StagedPrimitive primitive(geometry_.layer, description);
  primitive.add_input(DNNL_ARG_DIFF_DST, images_desc(geometry_.top, images), description.diff_dst_desc());
  primitive.add_input(DNNL_ARG_WORKSPACE, hint.workspace_desc(), hint.workspace_desc());
  primitive.add_output(DNNL_ARG_DIFF_SRC, images_desc(geometry_.bottom, images), description.diff_src_desc());
  return primitive;
}

StagedPrimitive& MaxPoolingKernel::primitive(Step step, std::int64_t images, bool training) const {
  const Key key{step, images, training};
  if (const auto found = primitives_.find(key); found != primitives_.end()) return found->second;
  return translate_errors(geometry_.layer, [&]() -> StagedPrimitive& {
    return primitives_.emplace(key, step == Step::forward ? forward(images, training) : backward(images))
        .first->second;
  });
}

/// Rows (or columns) of the bottom in window `index`, and the window's extent inside the padded image.
struct Span {
  Span(std::int64_t index, int kernel, int stride, int pad, std::int64_t extent) {
    const std::int64_t start = index * stride - pad,
                       end = std::min<std::int64_t>(start + kernel, extent + pad);
    padded = end - start;
    first = std::max<std::int64_t>(start, 0);
    last = std::min(end, extent);
  }
  std::int64_t first, last, padded;
};

/// A unit is one image's channel block: [h][w][channel_block] floats. Threads share out the units.
class AveragePoolingKernel final : public Kernel {
 public:
  explicit AveragePoolingKernel(const KernelRequest& request) : Kernel(request), geometry_(request) {}

  std::vector<Layout> top_layouts() const override { return {geometry_.top.layout}; }
  void run(Step step, const KernelCall& call) const override;

 private:
  template <class Visit>
  void for_each_window(const Visit& visit) const;
  void pool_unit(const float* bottom, float* top) const;
  void spread_unit(const float* top_gradient, float* bottom_gradient) const;

  Geometry geometry_;
};

/// visit(top pixel, rows, columns) for each window.
template <class Visit>
void AveragePoolingKernel::for_each_window(const Visit& visit) const {
  const PoolingParams& w = geometry_.window;
  const Shape &bottom = geometry_.bottom.shape, &top = geometry_.top.shape;
  for (std::int64_t y = 0; y < top.h; ++y) {
    const Span rows(y, w.kernel_h, w.stride_h, w.pad_h, bottom.h);
    for (std::int64_t x = 0; x < top.w; ++x) {
      visit(y * top.w + x, rows, Span(x, w.kernel_w, w.stride_w, w.pad_w, bottom.w));
    }
  }
}

void AveragePoolingKernel::pool_unit(const float* bottom, float* top) const {
  const std::int64_t block = geometry_.bottom.layout.channel_block, width = geometry_.bottom.shape.w;
  for_each_window([&](std::int64_t pixel, const Span& rows, const Span& columns) {
    std::array<float, kMaxBlock> sum{};
    for (std::int64_t y = rows.first; y < rows.last; ++y) {
      for (std::int64_t x = columns.first; x < columns.last; ++x) {
        const float* from = bottom + (y * width + x) * block;
        for (std::int64_t lane = 0; lane < block; ++lane) sum[lane] += from[lane];
      }
    }
    const float share = 1 / static_cast<float>(rows.padded * columns.padded);
    for (std::int64_t lane = 0; lane < block; ++lane) top[pixel * block + lane] = sum[lane] * share;
  });
}

void AveragePoolingKernel::spread_unit(const float* top_gradient, float* bottom_gradient) const {
  const std::int64_t block = geometry_.bottom.layout.channel_block, width = geometry_.bottom.shape.w;
  for_each_window([&](std::int64_t pixel, const Span& rows, const Span& columns) {
    const float share = 1 / static_cast<float>(rows.padded * columns.padded);
    const float* from = top_gradient + pixel * block;
    for (std::int64_t y = rows.first; y < rows.last; ++y) {
      for (std::int64_t x = columns.first; x < columns.last; ++x) {
        float* to = bottom_gradient + (y * width + x) * block;
        for (std::int64_t lane = 0; lane < block; ++lane) to[lane] += from[lane] * share;
      }
    }
  });
}

void AveragePoolingKernel::run(Step step, const KernelCall& call) const {
  const BlobDesc &bottom = geometry_.bottom, &top = geometry_.top;
  const std::int64_t blocks = bottom.padded_channels() / bottom.layout.channel_block;
  const std::int64_t bottom_unit = bottom.image_elements() / blocks, top_unit = top.image_elements() / blocks;
  parallel_for(call.images * blocks, [&](std::int64_t unit) {
    if (step == Step::forward) {
      pool_unit(call.input(0) + unit * bottom_unit, call.output(0) + unit * top_unit);
      return;
    }
    float* bottom_gradient = call.output(0) + unit * bottom_unit;
    if (!call.accumulate) std::fill_n(bottom_gradient, bottom_unit, 0.0f);
    spread_unit(call.input(0) + unit * top_unit, bottom_gradient);
  });
}

}  // namespace

std::unique_ptr<Kernel> make_pooling_kernel(const KernelRequest& request) {
  if (std::get<PoolingParams>(request.spec.params).method == PoolingParams::Method::max) {
    return std::make_unique<MaxPoolingKernel>(request);
  }
  return std::make_unique<AveragePoolingKernel>(request);
}

}  // namespace octrain::layers::host
