#include "octrain/layers/models.h"

#include <array>
#include <charconv>
#include <optional>

#include "net_builder.h"
#include "octrain/runtime/error.h"

namespace octrain::layers {

namespace {

constexpr std::string_view kSmallResnet = "resnet-N";
constexpr std::string_view kSmallResnetPrefix = "resnet-";

constexpr ModelInput imagenet(std::int64_t batch, std::int64_t size = 224) {
  return {batch, 3, size, size, 1000};
}

constexpr std::array kModels = {
    Model{"lenet", "Caffe's LeNet: two convolutions, two inner products", {64, 1, 28, 28, 10}, 16},
    Model{"cifar10-full",
          "Caffe's CIFAR-10 net: three convolutions, LRN within channels",
          {100, 3, 32, 32, 10},
          12},
    Model{"alexnet", "Caffe's AlexNet: five convolutions in groups of two, LRN across channels",
          imagenet(256, 227), 67},
    Model{"vgg11", "VGG configuration A", imagenet(64), 32},
    Model{"vgg13", "VGG configuration B", imagenet(64), 32},
    Model{"vgg16", "VGG configuration D", imagenet(64), 32},
    Model{"vgg19", "VGG configuration E", imagenet(64), 32},
    Model{"googlenet", "Caffe's GoogLeNet: nine inception modules, three losses", imagenet(32), 79},
    Model{"resnet18", "residual net of 18 layers, basic blocks", imagenet(64), 32},
    Model{"resnet34", "residual net of 34 layers, basic blocks", imagenet(64), 32},
    Model{"resnet50", "residual net of 50 layers, bottleneck blocks", imagenet(64), 32},
    Model{"resnet101", "residual net of 101 layers, bottleneck blocks", imagenet(64), 32},
    Model{"resnet152", "residual net of 152 layers, bottleneck blocks", imagenet(64), 32},
    Model{kSmallResnet,
          "residual net of N = 6 n + 2 layers for small images (resnet-20, resnet-110, …)",
          {128, 3, 32, 32, 10},
          8},
};

std::optional<int> number_after(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

// The N of "resnet-N", if `name` is one that can be built.
std::optional<int> small_resnet_depth(std::string_view name) {
  constexpr int kDeepest = 10'000;
  const std::optional<int> depth = number_after(name, kSmallResnetPrefix);
  const bool valid = depth && *depth >= 8 && *depth <= kDeepest && (*depth - 2) % 6 == 0;
  return valid ? depth : std::nullopt;
}

void check(const Model& model, std::string_view name, const ModelInput& input) {
  const auto refuse = [&](const std::string& what) {
    throw runtime::UsageError("model '" + std::string(name) + "' " + what);
  };
  if (input.batch < 1 || input.channels < 1) refuse("needs a batch and channels of at least 1");
  if (input.classes < 2) refuse("needs at least 2 classes");
  if (input.height >= model.minimum_size && input.width >= model.minimum_size) return;
  const std::string least = std::to_string(model.minimum_size);
  refuse("needs images of at least " + least + "x" + least + ", not " + std::to_string(input.height) + "x" +
         std::to_string(input.width));
}

}  // namespace

std::span<const Model> models() { return kModels; }

const Model& find_model(std::string_view name) {
  const std::string_view entry = small_resnet_depth(name) ? kSmallResnet : name;
  std::string names;
  for (const Model& model : kModels) {
    if (model.name == entry && name != kSmallResnet) return model;
    names += (names.empty() ? "" : ", ") + std::string(model.name);
  }
  throw runtime::UsageError("unknown model '" + std::string(name) + "'; there are " + names +
                            " (N = 6 n + 2)");
}

NetSpec build_model(std::string_view name, const ModelInput& input) {
  check(find_model(name), name, input);
  if (name == "lenet") return build_lenet(input);
  if (name == "cifar10-full") return build_cifar10_full(input);
  if (name == "alexnet") return build_alexnet(input);
  if (name == "googlenet") return build_googlenet(input);
  if (const auto depth = number_after(name, "vgg")) return build_vgg(*depth, input);
  if (const auto depth = small_resnet_depth(name)) return build_small_resnet(*depth, input);
  return build_resnet(*number_after(name, "resnet"), input);
}

}  // namespace octrain::layers
