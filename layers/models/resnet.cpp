// Residual nets (He et al. 2016). The large ones stride in the 3x3 convolution of a bottleneck, as today's
// implementations do; the small ones, for 32x32 images, have 6 n + 2 layers, and project their shortcuts
// where the width changes.
#include <array>
#include <map>

#include "net_builder.h"

namespace octrain::layers {

namespace {

std::string convolution_norm(NetBuilder& net, const std::string& name, const std::string& bottom, int outputs,
                             int kernel, int stride) {
  const ConvolutionOptions options{
      .outputs = outputs, .kernel = kernel, .stride = stride, .pad = kernel / 2, .groups = 1, .bias = false};
  return net.batch_norm(name + "/bn", net.convolution(name, bottom, options));
}

struct Block {
  std::string name{};
  int width = 0, stride = 1;
  bool bottleneck = false, projects = false;
};

std::string residual_block(NetBuilder& net, const Block& block, const std::string& bottom) {
  const auto name = [&](const char* part) { return block.name + "/" + part; };
  const int outputs = block.bottleneck ? 4 * block.width : block.width;
  std::string top = bottom;
  if (block.bottleneck) {
    top = net.relu(convolution_norm(net, name("conv1"), top, block.width, 1, 1));
    top = net.relu(convolution_norm(net, name("conv2"), top, block.width, 3, block.stride));
    top = convolution_norm(net, name("conv3"), top, outputs, 1, 1);
  } else {
    top = net.relu(convolution_norm(net, name("conv1"), top, block.width, 3, block.stride));
    top = convolution_norm(net, name("conv2"), top, outputs, 3, 1);
  }
  const std::string shortcut =
      block.projects ? convolution_norm(net, name("shortcut"), bottom, outputs, 1, block.stride) : bottom;
  return net.relu(net.sum(name("sum"), {top, shortcut}));
}

// One stage of `blocks` blocks; the first one may stride.
std::string stage(NetBuilder& net, int number, int blocks, Block block, const std::string& bottom) {
  std::string top = bottom;
  for (int i = 0; i < blocks; ++i) {
    block.name = "stage" + std::to_string(number) + "/block" + std::to_string(i + 1);
    top = residual_block(net, block, top);
    block.stride = 1;
    block.projects = false;
  }
  return top;
}

NetSpec finish(NetBuilder&& net, const std::string& features) {
  net.use_fillers({.kind = Filler::Kind::gaussian, .stddev = 0.01f}, 0);
  const std::string logits = net.inner_product("fc", net.global_average("pool", features), net.classes());
  net.loss("loss", logits);
  net.accuracy(logits);
  return std::move(net).take();
}

constexpr Filler kFanOut{.kind = Filler::Kind::msra, .variance_norm = Filler::VarianceNorm::fan_out};

}  // namespace

NetSpec build_resnet(int depth, const ModelInput& input) {
  static const std::map<int, std::array<int, 4>> kBlocks = {
      {18, {2, 2, 2, 2}}, {34, {3, 4, 6, 3}}, {50, {3, 4, 6, 3}}, {101, {3, 4, 23, 3}}, {152, {3, 8, 36, 3}}};
  const bool bottleneck = depth >= 50;
  NetBuilder net("resnet" + std::to_string(depth), input);
  net.use_fillers(kFanOut, 0);
  std::string top = net.relu(convolution_norm(net, "conv1", "data", 64, 7, 2));
  PoolingParams pool;
  pool.kernel_h = pool.kernel_w = 3;
  pool.stride_h = pool.stride_w = 2;
  pool.pad_h = pool.pad_w = 1;
  pool.rounding = PoolingParams::Rounding::floor;
  top = net.pooling("pool1", top, pool);
  int number = 0, width = 64;
  for (const int blocks : kBlocks.at(depth)) {
    const bool first = ++number == 1;
    top = stage(
        net, number, blocks,
        {.width = width, .stride = first ? 1 : 2, .bottleneck = bottleneck, .projects = bottleneck || !first},
        top);
    width *= 2;
  }
  return finish(std::move(net), top);
}

NetSpec build_small_resnet(int depth, const ModelInput& input) {
  NetBuilder net("resnet-" + std::to_string(depth), input);
  net.use_fillers(kFanOut, 0);
  std::string top = net.relu(convolution_norm(net, "conv1", "data", 16, 3, 1));
  const int blocks = (depth - 2) / 6;
  top = stage(net, 1, blocks, {.width = 16}, top);
  top = stage(net, 2, blocks, {.width = 32, .stride = 2, .projects = true}, top);
  top = stage(net, 3, blocks, {.width = 64, .stride = 2, .projects = true}, top);
  return finish(std::move(net), top);
}

}  // namespace octrain::layers
