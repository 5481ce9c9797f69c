#include "net_builder.h"

#include <utility>

namespace octrain::layers {

NetBuilder::NetBuilder(std::string name, const ModelInput& input) : classes_(input.classes) {
  net_.name = std::move(name);
  net_.layers.push_back({"data",
                         {},
                         {"data", "label"},
                         DataParams{input.batch, input.channels, input.height, input.width},
                         Include::always});
  use_fillers({.kind = Filler::Kind::xavier}, 0);
}

void NetBuilder::use_fillers(const Filler& weight, float bias) {
  // Biases learn twice as fast and do not decay, as in Caffe's nets.
  weight_options_ = {1, 1, weight};
  bias_options_ = {2, 0, {.value = bias}};
}

std::string NetBuilder::add(const std::string& name, std::vector<std::string> bottoms, LayerParams params) {
  net_.layers.push_back({name, std::move(bottoms), {name}, std::move(params), include_});
  return name;
}

std::string NetBuilder::convolution(const std::string& name, const std::string& bottom,
                                    const ConvolutionOptions& options) {
  ConvolutionParams params;
  params.outputs = options.outputs;
  params.kernel_h = params.kernel_w = options.kernel;
  params.stride_h = params.stride_w = options.stride;
  params.pad_h = params.pad_w = options.pad;
  params.groups = options.groups;
  params.bias = options.bias;
  params.weight_options = weight_options_;
  params.bias_options = bias_options_;
  return add(name, {bottom}, params);
}

std::string NetBuilder::inner_product(const std::string& name, const std::string& bottom, int outputs,
                                      float weight_decay_mult) {
  InnerProductParams params;
  params.outputs = outputs;
  params.weight_options = weight_options_;
  params.weight_options.decay_mult = weight_decay_mult;
  params.bias_options = bias_options_;
  return add(name, {bottom}, params);
}

std::string NetBuilder::pooling(const std::string& name, const std::string& bottom,
                                const PoolingParams& params) {
  return add(name, {bottom}, params);
}

std::string NetBuilder::max_pooling(const std::string& name, const std::string& bottom, int kernel,
                                    int stride, int pad) {
  PoolingParams params;
  params.kernel_h = params.kernel_w = kernel;
  params.stride_h = params.stride_w = stride;
  params.pad_h = params.pad_w = pad;
  return add(name, {bottom}, params);
}

std::string NetBuilder::average_pooling(const std::string& name, const std::string& bottom, int kernel,
                                        int stride) {
  PoolingParams params;
  params.method = PoolingParams::Method::average;
  params.kernel_h = params.kernel_w = kernel;
  params.stride_h = params.stride_w = stride;
  return add(name, {bottom}, params);
}

std::string NetBuilder::global_average(const std::string& name, const std::string& bottom) {
  PoolingParams params;
  params.method = PoolingParams::Method::average;
  params.global = true;
  return add(name, {bottom}, params);
}

std::string NetBuilder::lrn(const std::string& name, const std::string& bottom, const LrnParams& params) {
  return add(name, {bottom}, params);
}

std::string NetBuilder::batch_norm(const std::string& name, const std::string& bottom) {
  return add(name, {bottom}, BatchNormParams{});
}

std::string NetBuilder::concat(const std::string& name, const std::vector<std::string>& bottoms) {
  return add(name, bottoms, ConcatParams{});
}

std::string NetBuilder::sum(const std::string& name, const std::vector<std::string>& bottoms) {
  return add(name, bottoms, EltwiseParams{});
}

std::string NetBuilder::relu(const std::string& blob) {
  net_.layers.push_back({blob + "/relu", {blob}, {blob}, ReluParams{}, include_});
  return blob;
}

std::string NetBuilder::dropout(const std::string& blob, float ratio) {
  net_.layers.push_back({blob + "/dropout", {blob}, {blob}, DropoutParams{ratio}, include_});
  return blob;
}

void NetBuilder::loss(const std::string& name, const std::string& logits, float weight) {
  net_.layers.push_back({name, {logits, "label"}, {name}, SoftmaxLossParams{weight}, include_});
}

void NetBuilder::accuracy(const std::string& logits) {
  net_.layers.push_back({"accuracy", {logits, "label"}, {"accuracy"}, AccuracyParams{1}, Include::test});
  if (classes_ < 100) return;
  net_.layers.push_back(
      {"accuracy_top5", {logits, "label"}, {"accuracy_top5"}, AccuracyParams{5}, Include::test});
}

}  // namespace octrain::layers
