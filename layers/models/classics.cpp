// LeNet, CIFAR-10 full and AlexNet as Caffe's model definitions have them. Their weights start from xavier or
// msra instead of gaussians of hand-picked widths, so that they train whatever the scale of the images.
#include "net_builder.h"

namespace octrain::layers {

NetSpec build_lenet(const ModelInput& input) {
  NetBuilder net("lenet", input);
  std::string top = net.convolution("conv1", "data", {.outputs = 20, .kernel = 5});
  top = net.max_pooling("pool1", top, 2, 2);
  top = net.convolution("conv2", top, {.outputs = 50, .kernel = 5});
  top = net.max_pooling("pool2", top, 2, 2);
  top = net.relu(net.inner_product("ip1", top, 500));
  top = net.inner_product("ip2", top, net.classes());
  net.loss("loss", top);
  net.accuracy(top);
  return std::move(net).take();
}

NetSpec build_cifar10_full(const ModelInput& input) {
  const LrnParams within{
      .region = LrnParams::Region::within_channel, .local_size = 3, .alpha = 5e-5f, .beta = 0.75f};
  NetBuilder net("cifar10-full", input);
  std::string top = net.convolution("conv1", "data", {.outputs = 32, .kernel = 5, .pad = 2});
  top = net.relu(net.max_pooling("pool1", top, 3, 2));
  top = net.lrn("norm1", top, within);
  top = net.convolution_relu("conv2", top, {.outputs = 32, .kernel = 5, .pad = 2});
  top = net.average_pooling("pool2", top, 3, 2);
  top = net.lrn("norm2", top, within);
  top = net.convolution_relu("conv3", top, {.outputs = 64, .kernel = 5, .pad = 2});
  top = net.average_pooling("pool3", top, 3, 2);
  top = net.inner_product("ip1", top, net.classes(), 250);
  net.loss("loss", top);
  net.accuracy(top);
  return std::move(net).take();
}

NetSpec build_alexnet(const ModelInput& input) {
  const LrnParams across{.local_size = 5, .alpha = 1e-4f, .beta = 0.75f};
  NetBuilder net("alexnet", input);
  net.use_fillers({.kind = Filler::Kind::msra}, 0);
  std::string top = net.convolution_relu("conv1", "data", {.outputs = 96, .kernel = 11, .stride = 4});
  top = net.max_pooling("pool1", net.lrn("norm1", top, across), 3, 2);
  top = net.convolution_relu("conv2", top, {.outputs = 256, .kernel = 5, .pad = 2, .groups = 2});
  top = net.max_pooling("pool2", net.lrn("norm2", top, across), 3, 2);
  top = net.convolution_relu("conv3", top, {.outputs = 384, .kernel = 3, .pad = 1});
  top = net.convolution_relu("conv4", top, {.outputs = 384, .kernel = 3, .pad = 1, .groups = 2});
  top = net.convolution_relu("conv5", top, {.outputs = 256, .kernel = 3, .pad = 1, .groups = 2});
  top = net.max_pooling("pool5", top, 3, 2);
  for (const char* name : {"fc6", "fc7"})
    top = net.dropout(net.relu(net.inner_product(name, top, 4096)), 0.5f);
  top = net.inner_product("fc8", top, net.classes());
  net.loss("loss", top);
  net.accuracy(top);
  return std::move(net).take();
}

}  // namespace octrain::layers
