// Convolution by oneDNN. Which algorithm and layouts serve a layer is settled once, from its shape alone, so
// that the same arithmetic runs for every slab and on every run: Winograd for dense 3x3 windows of stride 1
// where the processor has it, direct convolution otherwise.
#include <algorithm>
#include <array>
#include <map>

#include "elementwise.h"
#include "kernels.h"
#include "staged_primitive.h"

namespace octrain::layers::host {

namespace {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;
using Forward = dnnl::convolution_forward::primitive_desc;
using BackwardData = dnnl::convolution_backward_data::primitive_desc;
using BackwardWeights = dnnl::convolution_backward_weights::primitive_desc;

constexpr int kWeight = 0, kBias = 1;
constexpr std::int64_t kProbeImages = 2;        ///< for what may not depend on how many images an op has
constexpr std::int64_t kWinogradChannels = 16;  ///< with fewer, its transforms cost more than they save

/// One way to compute the layer.
struct Form {
  dnnl::algorithm algorithm = dnnl::algorithm::convolution_direct;
  Layout bottom, top;
  std::int64_t outputs = 0;  ///< channels of the top, as oneDNN is told
};

class ConvolutionKernel final : public Kernel {
 public:
  explicit ConvolutionKernel(const KernelRequest& request);

  std::vector<Layout> top_layouts() const override { return {top_.layout}; }
  std::vector<ParameterStorage> parameter_storage() const override;
  void to_canonical(int parameter, int chunk, const float* stored, float* canonical) const override;
  void from_canonical(int parameter, int chunk, const float* canonical, float* stored) const override;
  std::uint64_t workspace_bytes(Step step, std::int64_t images, bool accumulate) const override;
  void run(Step step, const KernelCall& call) const override;

 private:
  void choose_form();  ///< the layouts and the algorithm, by what oneDNN offers here
  bool suits_winograd() const;
  std::vector<Form> forms() const;
  std::vector<Form> later_forms() const;
  Desc bottom_desc(std::int64_t images, Layout layout) const;
  Desc top_desc(std::int64_t images, const Form& form) const;
  Desc weights_desc(const Form& form, bool any_layout) const;
  Desc bias_desc(const Form& form) const;
  /// Floats of one output's weights.
  std::int64_t canonical_row() const {
    return bottom_.shape.c / params_.groups * params_.kernel_h * params_.kernel_w;
  }
  std::int64_t padded_row() const { return channels_ / params_.groups * params_.kernel_h * params_.kernel_w; }

  Forward make_forward(std::int64_t images, const Form& form) const;
  BackwardData make_backward_data(std::int64_t images, const Form& form) const;
  BackwardWeights make_backward_weights(std::int64_t images, const Form& form) const;

  StagedPrimitive forward(std::int64_t images) const;
  StagedPrimitive backward_data(std::int64_t images) const;
  StagedPrimitive backward_parameters(std::int64_t images) const;
  StagedPrimitive& primitive(Step step, std::int64_t images) const;

  std::string layer_;
  ConvolutionParams params_;
  BlobDesc bottom_, top_;
  std::int64_t channels_;  ///< of the bottom, as oneDNN is told
  Dims strides_, dilates_, pads_;
  Form form_{};   ///< of the forward op; its layouts are those the top, and mostly the bottom, have
  Desc weights_;  ///< as stored; the gradient too
  mutable std::map<std::pair<Step, std::int64_t>, StagedPrimitive> primitives_;
};

/// The best of what oneDNN has for the forms: by grade, then by their order. Forms it lacks are passed over.
template <class Make>
auto best_of(const std::vector<Form>& forms, const Make& make) {
  using Description = decltype(make(forms.front()));
  std::optional<std::pair<Description, Form>> best;
  for (const Form& form : forms) {
    auto candidate = attempt([&] { return make(form); });
    if (candidate && (!best || grade(*candidate) < grade(best->first))) best.emplace(*candidate, form);
    if (best && grade(best->first) == Grade::generated) break;
  }
  if (!best) throw dnnl::error(dnnl_unimplemented, "no implementation of this convolution");
  return *best;
}

ConvolutionKernel::ConvolutionKernel(const KernelRequest& request)
    : Kernel(request),
      layer_(request.spec.name),
      params_(std::get<ConvolutionParams>(request.spec.params)),
      bottom_(request.bottoms[0]),
      top_{request.spec.tops[0], request.top_shapes[0], {}},
      // Padding channels count as real ones (their weights are zero); groups leave no room for that.
      channels_(params_.groups == 1 ? bottom_.padded_channels() : bottom_.shape.c),
      strides_{params_.stride_h, params_.stride_w},
      dilates_{params_.dilation_h - 1, params_.dilation_w - 1},
      pads_{params_.pad_h, params_.pad_w} {
  choose_form();
}

void ConvolutionKernel::choose_form() {
  const auto [description, form] =
      best_of(forms(), [&](const Form& candidate) { return make_forward(kProbeImages, candidate); });
  form_ = form;
  top_.layout = form.top;
  weights_ = description.weights_desc();
}

bool ConvolutionKernel::suits_winograd() const {
  const ConvolutionParams& p = params_;
  return p.kernel_h == 3 && p.kernel_w == 3 && p.stride_h == 1 && p.stride_w == 1 && p.dilation_h == 1 &&
         p.dilation_w == 1 && p.groups == 1 && bottom_.shape.c >= kWinogradChannels &&
         p.outputs >= kWinogradChannels;
}

/// In order of preference: the bottom as it lies, blocks of channels, plain.
std::vector<Form> ConvolutionKernel::forms() const {
  const auto winograd = dnnl::algorithm::convolution_winograd, direct = dnnl::algorithm::convolution_direct;
  const Layout native{native_channel_block()}, plain{1};
  const bool grouped = params_.groups > 1;
  std::vector<Form> forms;
  // Groups side by side in one block, or cut by padding, are more than oneDNN's blocked code can do.
  if (!grouped || (channels_ % native.channel_block == 0 && params_.outputs % native.channel_block == 0)) {
    const std::int64_t padded_outputs = BlobDesc{{}, top_.shape, native}.padded_channels();
    for (const Layout bottom : {bottom_.layout, native}) {
      if (suits_winograd()) forms.push_back({winograd, bottom, native, padded_outputs});
      forms.push_back({direct, bottom, native, padded_outputs});
      if (bottom == native) break;
    }
  }
  forms.push_back({direct, plain, plain, params_.outputs});
  return forms;
}

/// For other ops than the one that settled form_: the same if oneDNN has it.
std::vector<Form> ConvolutionKernel::later_forms() const {
  const auto direct = dnnl::algorithm::convolution_direct;
  const Layout native{native_channel_block()}, plain{1};
  return {form_,
          {direct, form_.bottom, form_.top, form_.outputs},
          {direct, native, native, form_.outputs},
          {direct, plain, plain, form_.outputs}};
}

Desc ConvolutionKernel::bottom_desc(std::int64_t images, Layout layout) const {
  return images_desc(images, channels_, bottom_.shape.h, bottom_.shape.w, layout);
}

Desc ConvolutionKernel::top_desc(std::int64_t images, const Form& form) const {
  return images_desc(images, form.outputs, top_.shape.h, top_.shape.w, form.top);
}

/// (outputs, channels / groups, kernel_h, kernel_w), the groups split off in front where there are any.
Desc ConvolutionKernel::weights_desc(const Form& form, bool any_layout) const {
  using Tag = dnnl::memory::format_tag;
  const std::int64_t groups = params_.groups, inputs = channels_ / groups;
  const auto type = dnnl::memory::data_type::f32;
  if (groups == 1) {
    return Desc({form.outputs, inputs, params_.kernel_h, params_.kernel_w}, type,
                any_layout ? Tag::any : Tag::oihw);
  }
  return Desc({groups, form.outputs / groups, inputs, params_.kernel_h, params_.kernel_w}, type,
              any_layout ? Tag::any : Tag::goihw);
}

Desc ConvolutionKernel::bias_desc(const Form& form) const {
  if (!params_.bias) return {};
  return Desc({form.outputs}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::x);
}

Forward ConvolutionKernel::make_forward(std::int64_t images, const Form& form) const {
  return Forward(
      {dnnl::prop_kind::forward_training, form.algorithm, bottom_desc(images, form.bottom),
       weights_desc(form, true), bias_desc(form), top_desc(images, form), strides_, dilates_, pads_, pads_},
      user_scratchpad(params_.relu), engine());
}

BackwardData ConvolutionKernel::make_backward_data(std::int64_t images, const Form& form) const {
  return BackwardData({form.algorithm, bottom_desc(images, form.bottom), weights_desc(form, true),
                       top_desc(images, form), strides_, dilates_, pads_, pads_},
                      user_scratchpad(), engine(), make_forward(images, form));
}

BackwardWeights ConvolutionKernel::make_backward_weights(std::int64_t images, const Form& form) const {
  return BackwardWeights({form.algorithm, bottom_desc(images, form.bottom), weights_desc(form, true),
                          bias_desc(form), top_desc(images, form), strides_, dilates_, pads_, pads_},
                         user_scratchpad(), engine(), make_forward(images, form));
}

StagedPrimitive ConvolutionKernel::forward(std::int64_t images) const {
  const auto [description, form] =
      best_of(later_forms(), [&](const Form& f) { return make_forward(images, f); });
  StagedPrimitive primitive(layer_, description);
  primitive.add_input(DNNL_ARG_SRC, bottom_desc(images, bottom_.layout), description.src_desc());
  primitive.add_input(DNNL_ARG_WEIGHTS, weights_, description.weights_desc());
  if (params_.bias) primitive.add_input(DNNL_ARG_BIAS, bias_desc(form), bias_desc(form));
  primitive.add_output(DNNL_ARG_DST, top_desc(images, form_), description.dst_desc());
  return primitive;
}

StagedPrimitive ConvolutionKernel::backward_data(std::int64_t images) const {
  const auto description =
      best_of(later_forms(), [&](const Form& f) { return make_backward_data(images, f); }).first;
  StagedPrimitive primitive(layer_, description);
  primitive.add_input(DNNL_ARG_DIFF_DST, top_desc(images, form_), description.diff_dst_desc());
  primitive.add_input(DNNL_ARG_WEIGHTS, weights_, description.weights_desc());
  primitive.add_output(DNNL_ARG_DIFF_SRC, bottom_desc(images, bottom_.layout), description.diff_src_desc());
  return primitive;
}

StagedPrimitive ConvolutionKernel::backward_parameters(std::int64_t images) const {
  const auto [description, form] =
      best_of(later_forms(), [&](const Form& f) { return make_backward_weights(images, f); });
  StagedPrimitive primitive(layer_, description);
  primitive.add_input(DNNL_ARG_SRC, bottom_desc(images, bottom_.layout), description.src_desc());
  primitive.add_input(DNNL_ARG_DIFF_DST, top_desc(images, form_), description.diff_dst_desc());
  primitive.add_output(DNNL_ARG_DIFF_WEIGHTS, weights_, description.diff_weights_desc());
  if (params_.bias) primitive.add_output(DNNL_ARG_DIFF_BIAS, bias_desc(form), bias_desc(form));
  return primitive;
}

/// Made when first asked for: lowering asks for the workspace of few different numbers of images.
StagedPrimitive& ConvolutionKernel::primitive(Step step, std::int64_t images) const {
  const std::pair key{step, images};
  if (const auto found = primitives_.find(key); found != primitives_.end()) return found->second;
  return translate_errors(layer_, [&]() -> StagedPrimitive& {
    StagedPrimitive made = step == Step::forward         ? forward(images)
                           : step == Step::backward_data ? backward_data(images)
                                                         : backward_parameters(images);
    return primitives_.emplace(key, std::move(made)).first->second;
  });
}

std::uint64_t ConvolutionKernel::workspace_bytes(Step step, std::int64_t images, bool accumulate) const {
  return step == Step::mask_gradient ? 0 : primitive(step, images).workspace_bytes(accumulate);
}

void ConvolutionKernel::run(Step step, const KernelCall& call) const {
  if (step == Step::mask_gradient) {
    mask_gradient(call.input(0), call.output(0), call.images * top_.image_elements());
    return;
  }
  primitive(step, call.images).run(call.in, call.out, call.accumulate, call.workspace);
}

std::vector<ParameterStorage> ConvolutionKernel::parameter_storage() const {
  std::vector<ParameterStorage> storage = Kernel::parameter_storage();
  storage[kWeight].chunks[0].bytes = weights_.get_size();
  if (params_.bias) storage[kBias].chunks[0].bytes = bias_desc(form_).get_size();
  return storage;
}

void ConvolutionKernel::to_canonical(int parameter, int chunk, const float* stored, float* canonical) const {
  if (parameter == kBias) return Kernel::to_canonical(parameter, chunk, stored, canonical);
  const Desc plain = weights_desc(form_, false);
  std::vector<float> padded(plain.get_size() / sizeof(float));
  reorder(weights_, stored, plain, padded.data());
  for (std::int64_t o = 0; o < params_.outputs; ++o) {
    std::copy_n(&padded[o * padded_row()], canonical_row(), canonical + o * canonical_row());
  }
}

void ConvolutionKernel::from_canonical(int parameter, int chunk, const float* canonical,
                                       float* stored) const {
  if (parameter == kBias) {
    Kernel::from_canonical(parameter, chunk, canonical, stored);
    std::fill(stored + params_.outputs, stored + form_.outputs, 0.0f);
    return;
  }
  const Desc plain = weights_desc(form_, false);
  std::vector<float> padded(plain.get_size() / sizeof(float));
  for (std::int64_t o = 0; o < params_.outputs; ++o) {
    std::copy_n(canonical + o * canonical_row(), canonical_row(), &padded[o * padded_row()]);
  }
  reorder(plain, padded.data(), weights_, stored);
}

}  // namespace

std::unique_ptr<Kernel> make_convolution_kernel(const KernelRequest& request) {
  return std::make_unique<ConvolutionKernel>(request);
}

}  // namespace octrain::layers::host
