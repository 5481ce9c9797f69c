// Writes a net layer by layer; each call names its layer and its top alike and returns that name.
#pragma once

#include <string>
#include <vector>

#include "octrain/layers/models.h"

namespace octrain::layers {

struct ConvolutionOptions {
  int outputs = 0, kernel = 1, stride = 1, pad = 0, groups = 1;
  bool bias = true;
};

class NetBuilder {
 public:
  /// Starts with the data layer.
  NetBuilder(std::string name, const ModelInput& input);

  /// Fillers of the convolutions and inner products that follow.
  void use_fillers(const Filler& weight, float bias);
  /// The pass the following layers belong to.
  void use_include(Include include) { include_ = include; }

  std::string convolution(const std::string& name, const std::string& bottom,
                          const ConvolutionOptions& options);
  std::string inner_product(const std::string& name, const std::string& bottom, int outputs,
                            float weight_decay_mult = 1);
  std::string pooling(const std::string& name, const std::string& bottom, const PoolingParams& params);
  /// k x k windows, Caffe's rounding.
  std::string max_pooling(const std::string& name, const std::string& bottom, int kernel, int stride,
                          int pad = 0);
  std::string average_pooling(const std::string& name, const std::string& bottom, int kernel, int stride);
  std::string global_average(const std::string& name, const std::string& bottom);
  std::string lrn(const std::string& name, const std::string& bottom, const LrnParams& params);
  std::string batch_norm(const std::string& name, const std::string& bottom);
  std::string concat(const std::string& name, const std::vector<std::string>& bottoms);
  std::string sum(const std::string& name, const std::vector<std::string>& bottoms);
  /// In place, as Caffe's nets have them; they return the blob.
  std::string relu(const std::string& blob);
  std::string dropout(const std::string& blob, float ratio);
  std::string convolution_relu(const std::string& name, const std::string& bottom,
                               const ConvolutionOptions& options) {
    return relu(convolution(name, bottom, options));
  }

  void loss(const std::string& name, const std::string& logits, float weight = 1);
  /// Top 1, and top 5 from 100 classes on.
  void accuracy(const std::string& logits);

  [[nodiscard]] int classes() const { return classes_; }
  [[nodiscard]] NetSpec take() && { return std::move(net_); }

 private:
  std::string add(const std::string& name, std::vector<std::string> bottoms, LayerParams params);

  NetSpec net_;
  int classes_;
  Include include_ = Include::always;
  ParamOptions weight_options_, bias_options_;
};

// One builder a family; models.cpp has the table.
NetSpec build_lenet(const ModelInput& input);
NetSpec build_cifar10_full(const ModelInput& input);
NetSpec build_alexnet(const ModelInput& input);
NetSpec build_vgg(int depth, const ModelInput& input);
NetSpec build_googlenet(const ModelInput& input);
NetSpec build_resnet(int depth, const ModelInput& input);
NetSpec build_small_resnet(int depth, const ModelInput& input);

}  // namespace octrain::layers
