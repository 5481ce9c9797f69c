// VGG (Simonyan and Zisserman 2015), configurations A, B, D and E: 3x3 convolutions in five groups. Weights
// start from msra (He et al. 2015), from which these depths train without being grown from a shallower net.
#include <array>
#include <map>

#include "net_builder.h"

namespace octrain::layers {

namespace {

std::string numbered(const char* name, std::size_t number) { return name + std::to_string(number); }

}  // namespace

NetSpec build_vgg(int depth, const ModelInput& input) {
  static const std::map<int, std::array<std::size_t, 5>> kConvolutions = {
      {11, {1, 1, 2, 2, 2}}, {13, {2, 2, 2, 2, 2}}, {16, {2, 2, 3, 3, 3}}, {19, {2, 2, 4, 4, 4}}};
  constexpr std::array kOutputs = {64, 128, 256, 512, 512};
  NetBuilder net("vgg" + std::to_string(depth), input);
  net.use_fillers({.kind = Filler::Kind::msra}, 0);
  std::string top = "data";
  for (std::size_t group = 0; group < kOutputs.size(); ++group) {
    for (std::size_t i = 1; i <= kConvolutions.at(depth)[group]; ++i) {
      top = net.convolution_relu(numbered("conv", group + 1) + numbered("_", i), top,
                                 {.outputs = kOutputs[group], .kernel = 3, .pad = 1});
    }
    top = net.max_pooling(numbered("pool", group + 1), top, 2, 2);
  }
  for (const char* name : {"fc6", "fc7"})
    top = net.dropout(net.relu(net.inner_product(name, top, 4096)), 0.5f);
  net.use_fillers({.kind = Filler::Kind::gaussian, .stddev = 0.01f},
                  0);  // a classifier that starts out undecided
  top = net.inner_product("fc8", top, net.classes());
  net.loss("loss", top);
  net.accuracy(top);
  return std::move(net).take();
}

}  // namespace octrain::layers
