// GoogLeNet (Szegedy et al. 2015) as Caffe's bvlc_googlenet has it. The two auxiliary classifiers are for
// training only; the last average is over the whole image, so that inputs other than 224 work.
#include "net_builder.h"

namespace octrain::layers {

namespace {

// Outputs of one inception module's branches.
struct Inception {
  const char* name;
  int one, reduce3, three, reduce5, five, pool;
};

std::string inception(NetBuilder& net, const Inception& module, const std::string& bottom) {
  const std::string name = std::string("inception_") + module.name + "/";
  const std::string one = net.convolution_relu(name + "1x1", bottom, {.outputs = module.one});
  std::string three = net.convolution_relu(name + "3x3_reduce", bottom, {.outputs = module.reduce3});
  three = net.convolution_relu(name + "3x3", three, {.outputs = module.three, .kernel = 3, .pad = 1});
  std::string five = net.convolution_relu(name + "5x5_reduce", bottom, {.outputs = module.reduce5});
  five = net.convolution_relu(name + "5x5", five, {.outputs = module.five, .kernel = 5, .pad = 2});
  std::string pool = net.max_pooling(name + "pool", bottom, 3, 1, 1);
  pool = net.convolution_relu(name + "pool_proj", pool, {.outputs = module.pool});
  return net.concat(name + "output", {one, three, five, pool});
}

void auxiliary_classifier(NetBuilder& net, const std::string& name, const std::string& bottom) {
  net.use_include(Include::train);
  std::string top = net.average_pooling(name + "/ave_pool", bottom, 5, 3);
  top = net.convolution_relu(name + "/conv", top, {.outputs = 128});
  top = net.dropout(net.relu(net.inner_product(name + "/fc", top, 1024)), 0.7f);
  top = net.inner_product(name + "/classifier", top, net.classes());
  net.loss(name + "/loss1", top, 0.3f);
  net.use_include(Include::always);
}

}  // namespace

NetSpec build_googlenet(const ModelInput& input) {
  const LrnParams across{.local_size = 5, .alpha = 1e-4f, .beta = 0.75f};
  NetBuilder net("googlenet", input);
  net.use_fillers({.kind = Filler::Kind::xavier}, 0.2f);
  std::string top =
      net.convolution_relu("conv1/7x7_s2", "data", {.outputs = 64, .kernel = 7, .stride = 2, .pad = 3});
  top = net.lrn("pool1/norm1", net.max_pooling("pool1/3x3_s2", top, 3, 2), across);
  top = net.convolution_relu("conv2/3x3_reduce", top, {.outputs = 64});
  top = net.convolution_relu("conv2/3x3", top, {.outputs = 192, .kernel = 3, .pad = 1});
  top = net.max_pooling("pool2/3x3_s2", net.lrn("conv2/norm2", top, across), 3, 2);
  top = inception(net, {"3a", 64, 96, 128, 16, 32, 32}, top);
  top = inception(net, {"3b", 128, 128, 192, 32, 96, 64}, top);
  top = net.max_pooling("pool3/3x3_s2", top, 3, 2);
  top = inception(net, {"4a", 192, 96, 208, 16, 48, 64}, top);
  auxiliary_classifier(net, "loss1", top);
  top = inception(net, {"4b", 160, 112, 224, 24, 64, 64}, top);
  top = inception(net, {"4c", 128, 128, 256, 24, 64, 64}, top);
  top = inception(net, {"4d", 112, 144, 288, 32, 64, 64}, top);
  auxiliary_classifier(net, "loss2", top);
  top = inception(net, {"4e", 256, 160, 320, 32, 128, 128}, top);
  top = net.max_pooling("pool4/3x3_s2", top, 3, 2);
  top = inception(net, {"5a", 256, 160, 320, 32, 128, 128}, top);
  top = inception(net, {"5b", 384, 192, 384, 48, 128, 128}, top);
  top = net.dropout(net.global_average("pool5", top), 0.4f);
  net.use_fillers({.kind = Filler::Kind::xavier}, 0);
  top = net.inner_product("loss3/classifier", top, net.classes());
  net.loss("loss3/loss3", top);
  net.accuracy(top);
  return std::move(net).take();
}

}  // namespace octrain::layers
