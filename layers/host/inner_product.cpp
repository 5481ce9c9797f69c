// Inner product by oneDNN, the weight in chunks of whole output rows. The bottom is taken as it lies in
// memory, an image a row of floats: the weight's columns are stored in that order, so that no activation is
// ever rearranged.
#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <tuple>

#include "elementwise.h"
#include "kernels.h"
#include "octrain/runtime/units.h"
#include "staged_primitive.h"

namespace octrain::layers::host {

namespace {

using Desc = dnnl::memory::desc;
using Forward = dnnl::inner_product_forward::primitive_desc;
using BackwardData = dnnl::inner_product_backward_data::primitive_desc;
using BackwardWeights = dnnl::inner_product_backward_weights::primitive_desc;

constexpr int kWeight = 0, kBias = 1;
constexpr std::uint64_t kChunkBytes = 32 * runtime::kMiB;
constexpr std::int64_t kRowBlock = 64;
constexpr std::int64_t kProbeImages = 16;  ///< stored layouts may not depend on how many images an op has

class InnerProductKernel final : public Kernel {
 public:
  explicit InnerProductKernel(const KernelRequest& request);

  std::vector<Layout> top_layouts() const override { return {Layout{}}; }
  std::vector<ParameterStorage> parameter_storage() const override;
  void to_canonical(int parameter, int chunk, const float* stored, float* canonical) const override;
  void from_canonical(int parameter, int chunk, const float* canonical, float* stored) const override;
  std::uint64_t workspace_bytes(Step step, std::int64_t images, bool accumulate) const override;
  void run(Step step, const KernelCall& call) const override;

 private:
  std::int64_t first_row(int chunk) const { return chunk * chunk_rows_; }
  std::int64_t rows(int chunk) const { return std::min(chunk_rows_, outputs_ - first_row(chunk)); }
  /// Rows as oneDNN is told; those past rows() are zero. Its code (2.6, backward weights of great depth)
  /// writes wrong numbers where a last block of rows is filled in part.
  std::int64_t padded_rows(int chunk) const {
    return rows(chunk) <= kRowBlock ? rows(chunk)
                                    : static_cast<std::int64_t>(runtime::round_up(rows(chunk), kRowBlock));
  }
  int chunk_count() const { return static_cast<int>((outputs_ + chunk_rows_ - 1) / chunk_rows_); }
  std::int64_t padded_outputs() const {
    return first_row(chunk_count() - 1) + padded_rows(chunk_count() - 1);
  }
  /// One chunk that needs no padding works on the top as it lies.
  bool whole() const { return chunk_count() == 1 && padded_rows(0) == outputs_; }
  Desc matrix(std::int64_t height, std::int64_t width) const;
  Desc weights_of_any_layout(int chunk) const;
  Desc bias_desc(int chunk) const;

  template <class Make>
  auto for_stored_weights(int chunk, const Make& make) const;
  Forward make_forward(std::int64_t images, int chunk, const Desc& weights) const;
  StagedPrimitive forward(std::int64_t images, int chunk) const;
  StagedPrimitive backward_data(std::int64_t images, int chunk) const;
  StagedPrimitive backward_parameters(std::int64_t images, int chunk) const;
  StagedPrimitive& primitive(Step step, std::int64_t images, int chunk) const;

  std::uint64_t columns_bytes(std::int64_t images) const;
  const float* gather_columns(const float* top_gradient, const KernelCall& call) const;
  void run_primitive(Step step, std::span<const void* const> in, std::span<void* const> out,
                     const KernelCall& call) const;
  void run_forward(const KernelCall& call) const;
  void run_parameters(const KernelCall& call) const;
  template <class Each>
  void for_each_column(const Each& each) const;

  std::string layer_;
  InnerProductParams params_;
  BlobDesc bottom_;
  std::int64_t outputs_, depth_;  ///< depth: floats of one image of the bottom, padding included
  std::int64_t chunk_rows_;
  std::vector<Desc> weights_;  ///< [chunk], as stored
  mutable std::map<std::tuple<Step, std::int64_t, std::int64_t>, StagedPrimitive> primitives_;
};

InnerProductKernel::InnerProductKernel(const KernelRequest& request)
    : Kernel(request),
      layer_(request.spec.name),
      params_(std::get<InnerProductParams>(request.spec.params)),
      bottom_(request.bottoms[0]),
      outputs_(params_.outputs),
      depth_(bottom_.image_elements()),
      chunk_rows_(static_cast<std::int64_t>(
          std::bit_floor(std::max(kChunkBytes / bottom_.image_bytes(), std::uint64_t{1})))) {
  chunk_rows_ = std::min(chunk_rows_, outputs_);
  for (int chunk = 0; chunk < chunk_count(); ++chunk) {
    weights_.push_back(make_forward(kProbeImages, chunk, weights_of_any_layout(chunk)).weights_desc());
  }
}

Desc InnerProductKernel::matrix(std::int64_t height, std::int64_t width) const {
  return Desc({height, width}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::ab);
}

Desc InnerProductKernel::weights_of_any_layout(int chunk) const {
  return Desc({padded_rows(chunk), depth_}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any);
}

Desc InnerProductKernel::bias_desc(int chunk) const {
  if (!params_.bias) return {};
  return Desc({padded_rows(chunk)}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::x);
}

Forward InnerProductKernel::make_forward(std::int64_t images, int chunk, const Desc& weights) const {
  return Forward({dnnl::prop_kind::forward_training, matrix(images, depth_), weights, bias_desc(chunk),
                  matrix(images, padded_rows(chunk))},
                 user_scratchpad(params_.relu), engine());
}

/// What `make` makes for the weights as they are stored; where oneDNN has nothing good for those, for the
/// layout it likes.
template <class Make>
auto InnerProductKernel::for_stored_weights(int chunk, const Make& make) const {
  const auto exact = attempt([&] { return make(weights_[chunk]); });
  if (exact && grade(*exact) != Grade::reference) return *exact;
  return make(weights_of_any_layout(chunk));
}

StagedPrimitive InnerProductKernel::forward(std::int64_t images, int chunk) const {
  const Forward description =
      for_stored_weights(chunk, [&](const Desc& weights) { return make_forward(images, chunk, weights); });
  StagedPrimitive primitive(layer_, description);
  primitive.add_input(DNNL_ARG_SRC, matrix(images, depth_), description.src_desc());
  primitive.add_input(DNNL_ARG_WEIGHTS, weights_[chunk], description.weights_desc());
  if (params_.bias) primitive.add_input(DNNL_ARG_BIAS, bias_desc(chunk), bias_desc(chunk));
  primitive.add_output(DNNL_ARG_DST, matrix(images, padded_rows(chunk)), description.dst_desc());
  return primitive;
}

StagedPrimitive InnerProductKernel::backward_data(std::int64_t images, int chunk) const {
  const Desc bottom = matrix(images, depth_), top = matrix(images, padded_rows(chunk));
  const BackwardData description = for_stored_weights(chunk, [&](const Desc& weights) {
    return BackwardData({bottom, weights, top}, user_scratchpad(), engine(),
                        make_forward(images, chunk, weights));
  });
  StagedPrimitive primitive(layer_, description);
  primitive.add_input(DNNL_ARG_DIFF_DST, top, description.diff_dst_desc());
  primitive.add_input(DNNL_ARG_WEIGHTS, weights_[chunk], description.weights_desc());
  primitive.add_output(DNNL_ARG_DIFF_SRC, bottom, description.diff_src_desc());
  return primitive;
}

StagedPrimitive InnerProductKernel::backward_parameters(std::int64_t images, int chunk) const {
  const Desc bottom = matrix(images, depth_), top = matrix(images, padded_rows(chunk));
  const BackwardWeights description = for_stored_weights(chunk, [&](const Desc& weights) {
    return BackwardWeights({bottom, weights, top}, user_scratchpad(), engine(),
                           make_forward(images, chunk, weights));
  });
  StagedPrimitive primitive(layer_, description);
  primitive.add_input(DNNL_ARG_SRC, bottom, description.src_desc());
  primitive.add_input(DNNL_ARG_DIFF_DST, top, description.diff_dst_desc());
  primitive.add_output(DNNL_ARG_DIFF_WEIGHTS, weights_[chunk], description.diff_weights_desc());
  return primitive;
}

/// Chunks of as many rows share one.
StagedPrimitive& InnerProductKernel::primitive(Step step, std::int64_t images, int chunk) const {
  const std::tuple key{step, images, padded_rows(chunk)};
  if (const auto found = primitives_.find(key); found != primitives_.end()) return found->second;
  return translate_errors(layer_, [&]() -> StagedPrimitive& {
    StagedPrimitive made = step == Step::forward         ? forward(images, chunk)
                           : step == Step::backward_data ? backward_data(images, chunk)
                                                         : backward_parameters(images, chunk);
    return primitives_.emplace(key, std::move(made)).first->second;
  });
}

/// A chunk's columns of the top (or its gradient) are gathered in the workspace, before what its primitive
/// needs.
std::uint64_t InnerProductKernel::columns_bytes(std::int64_t images) const {
  if (whole()) return 0;
  return runtime::round_up(
      static_cast<std::uint64_t>(images * std::max(padded_rows(0), padded_rows(chunk_count() - 1))) *
          sizeof(float),
      64);
}

std::uint64_t InnerProductKernel::workspace_bytes(Step step, std::int64_t images, bool accumulate) const {
  if (step == Step::mask_gradient) return 0;
  const std::uint64_t first = primitive(step, images, 0).workspace_bytes(accumulate);
  const std::uint64_t last = primitive(step, images, chunk_count() - 1).workspace_bytes(accumulate);
  return columns_bytes(images) + std::max(first, last);
}

void InnerProductKernel::run(Step step, const KernelCall& call) const {
  switch (step) {
    case Step::forward:
      return run_forward(call);
    case Step::mask_gradient:
      return mask_gradient(call.input(0), call.output(0), call.images * outputs_);
    case Step::backward_data: {
      const std::array<const void*, 2> in = {gather_columns(call.input(0), call), call.input(1)};
      return run_primitive(step, in, call.out, call);
    }
    default:
      return run_parameters(call);
  }
}

void InnerProductKernel::run_primitive(Step step, std::span<const void* const> in, std::span<void* const> out,
                                       const KernelCall& call) const {
  std::byte* workspace = call.workspace + columns_bytes(call.images);
  primitive(step, call.images, call.chunk).run(in, out, call.accumulate, workspace);
}

void InnerProductKernel::run_forward(const KernelCall& call) const {
  const float* bias = params_.bias ? call.input(2) + first_row(call.chunk) : nullptr;
  const std::array<const void*, 3> in = {call.input(0), call.input(1), bias};
  if (whole()) return run_primitive(Step::forward, in, call.out, call);
  auto* columns = reinterpret_cast<float*>(call.workspace);
  const std::array<void*, 1> out = {columns};
  run_primitive(Step::forward, in, out, call);
  const std::int64_t width = padded_rows(call.chunk);
  for (std::int64_t image = 0; image < call.images; ++image) {
    std::copy_n(columns + image * width, rows(call.chunk),
                call.output(0) + image * outputs_ + first_row(call.chunk));
  }
}

void InnerProductKernel::run_parameters(const KernelCall& call) const {
  const std::array<const void*, 2> in = {call.input(0), gather_columns(call.input(1), call)};
  run_primitive(Step::backward_parameters, in, call.out.first(1), call);
  if (call.chunk > 0 || !params_.bias) return;
  const float* top_gradient = call.input(1);
  float* bias_gradient = call.output(1);
  if (!call.accumulate) std::fill_n(bias_gradient, padded_outputs(), 0.0f);
  for (std::int64_t image = 0; image < call.images; ++image) {
    add(bias_gradient, top_gradient + image * outputs_, outputs_);
  }
}

/// The chunk's columns of the top's gradient, as a matrix of their own, zero in columns that only pad.
const float* InnerProductKernel::gather_columns(const float* top_gradient, const KernelCall& call) const {
  if (whole()) return top_gradient;
  auto* columns = reinterpret_cast<float*>(call.workspace);
  const std::int64_t width = padded_rows(call.chunk), used = rows(call.chunk);
  for (std::int64_t image = 0; image < call.images; ++image) {
    float* row = columns + image * width;
    std::copy_n(top_gradient + image * outputs_ + first_row(call.chunk), used, row);
    std::fill(row + used, row + width, 0.0f);
  }
  return columns;
}

std::vector<ParameterStorage> InnerProductKernel::parameter_storage() const {
  std::vector<ParameterStorage> storage = Kernel::parameter_storage();
  const std::int64_t inputs = bottom_.shape.image_elements();
  storage[kWeight].chunks.clear();
  for (int chunk = 0; chunk < chunk_count(); ++chunk) {
    storage[kWeight].chunks.push_back(
        {first_row(chunk) * inputs, rows(chunk) * inputs, weights_[chunk].get_size()});
  }
  if (params_.bias)
    storage[kBias].chunks[0].bytes = static_cast<std::uint64_t>(padded_outputs()) * sizeof(float);
  return storage;
}

/// each(canonical column, stored column), both in ascending order of the first.
template <class Each>
void InnerProductKernel::for_each_column(const Each& each) const {
  const std::int64_t block = bottom_.layout.channel_block, pixels = bottom_.shape.h * bottom_.shape.w;
  for (std::int64_t c = 0; c < bottom_.shape.c; ++c) {
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
      each(c * pixels + pixel, (c / block * pixels + pixel) * block + c % block);
    }
  }
}

void InnerProductKernel::to_canonical(int parameter, int chunk, const float* stored, float* canonical) const {
  if (parameter == kBias) return Kernel::to_canonical(parameter, chunk, stored, canonical);
  std::vector<float> plain(static_cast<std::size_t>(padded_rows(chunk) * depth_));
  reorder(weights_[chunk], stored, matrix(padded_rows(chunk), depth_), plain.data());
  const std::int64_t inputs = bottom_.shape.image_elements();
  for (std::int64_t row = 0; row < rows(chunk); ++row) {
    for_each_column([&](std::int64_t to, std::int64_t from) {
      canonical[row * inputs + to] = plain[row * depth_ + from];
    });
  }
}

void InnerProductKernel::from_canonical(int parameter, int chunk, const float* canonical,
                                        float* stored) const {
  if (parameter == kBias) {
    Kernel::from_canonical(parameter, chunk, canonical, stored);
    std::fill(stored + outputs_, stored + padded_outputs(), 0.0f);
    return;
  }
  std::vector<float> plain(static_cast<std::size_t>(padded_rows(chunk) * depth_));
  const std::int64_t inputs = bottom_.shape.image_elements();
  for (std::int64_t row = 0; row < rows(chunk); ++row) {
    for_each_column([&](std::int64_t from, std::int64_t to) {
      plain[row * depth_ + to] = canonical[row * inputs + from];
    });
  }
  reorder(matrix(padded_rows(chunk), depth_), plain.data(), weights_[chunk], stored);
}

}  // namespace

std::unique_ptr<Kernel> make_inner_product_kernel(const KernelRequest& request) {
  return std::make_unique<InnerProductKernel>(request);
}

}  // namespace octrain::layers::host
