// A schedule of any number of ops, shaped like that of a very deep residual network: convolution, norm and
// activation by turns, a skip around every third layer, weights updated right behind each layer's backward.
// No op has more than five operands.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "octrain/advisor/schedule.h"

namespace octrain::testing {

class DeepSchedule {
 public:
  /// About that many ops.
  advisor::Schedule make(std::size_t ops) {
    const std::size_t layers = std::max<std::size_t>(kSkip, ops / kOpsPerLayer / kSkip * kSkip);
    advisor::TensorId top = tensor("data", advisor::Role::input, bytes_at(0, layers));
    for (std::size_t i = 0; i < layers; ++i) top = forward(i, layers, top);
    advisor::TensorId gradient = tensor("loss.diff", advisor::Role::gradient, bytes_of(top));
    op("loss", advisor::Phase::backward, bytes_of(top), {top}, {gradient});
    for (std::size_t i = layers; i-- > 0;) gradient = backward(i, gradient);
    return std::move(schedule_);
  }

 private:
  struct Layer {
    std::string name;
    advisor::TensorId bottom, convolved, normed, top, weight, momentum;
    advisor::TensorId around = 0;  // the last of a block: the gradient that its skip carries to the first
  };
  static constexpr std::size_t kOpsPerLayer = 7, kSkip = 3, kStages = 4;
  static constexpr std::uint64_t kBlock = std::uint64_t{2} << 20;

  /// Halved from stage to stage, and scattered by up to a quarter, so that sizes differ.
  std::uint64_t bytes_at(std::size_t layer, std::size_t layers) {
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t blocks = std::uint64_t{32} >> (layer * kStages / layers);
    return kBlock * (blocks + (random_ >> 33) % (blocks / 4 + 1));
  }
  [[nodiscard]] std::uint64_t bytes_of(advisor::TensorId id) const { return schedule_.tensors[id].bytes; }

  advisor::TensorId tensor(const std::string& name, advisor::Role role, std::uint64_t bytes) {
    schedule_.tensors.push_back({name, role, bytes});
    return static_cast<advisor::TensorId>(schedule_.tensors.size() - 1);
  }

  void op(const std::string& name, advisor::Phase phase, std::uint64_t time_ns,
          std::vector<advisor::TensorId> reads, std::vector<advisor::TensorId> writes,
          std::uint64_t workspace_bytes = 0) {
    schedule_.ops.push_back({name, phase, time_ns, workspace_bytes, std::move(reads), std::move(writes)});
  }

  /// Memory-bound ops take a nanosecond for about 300 bytes, convolutions ten times that: a V100's pace.
  [[nodiscard]] std::uint64_t pass_ns(advisor::TensorId over) const { return bytes_of(over) / 300; }

  advisor::TensorId forward(std::size_t i, std::size_t layers, advisor::TensorId bottom) {
    using advisor::Phase;
    using advisor::Role;
    const std::string name = "conv" + std::to_string(i);
    const std::uint64_t bytes = bytes_at(i, layers);
    Layer layer{name,
                bottom,
                tensor(name, Role::activation, bytes),
                tensor(name + ".norm", Role::activation, bytes),
                tensor(name + ".relu", Role::activation, bytes),
                tensor(name + ".weight", Role::weight, kBlock),
                tensor(name + ".momentum", Role::state, kBlock)};
    op(name, Phase::forward, 10 * pass_ns(layer.top), {bottom, layer.weight}, {layer.convolved}, 2 * kBlock);
    op("norm" + std::to_string(i), Phase::forward, pass_ns(layer.top), {layer.convolved}, {layer.normed});
    std::vector<advisor::TensorId> reads = {layer.normed};
    if (i % kSkip == kSkip - 1) reads.push_back(layers_[i + 1 - kSkip].bottom);
    op("relu" + std::to_string(i), Phase::forward, pass_ns(layer.top), reads, {layer.top});
    layers_.push_back(layer);
    return layer.top;
  }

  advisor::TensorId backward(std::size_t i, advisor::TensorId above) {
    using advisor::Phase;
    using advisor::Role;
    const Layer& layer = layers_[i];
    const std::uint64_t bytes = bytes_of(layer.top);
    const advisor::TensorId normed = tensor(layer.name + ".norm.diff", Role::gradient, bytes);
    const advisor::TensorId convolved = tensor(layer.name + ".diff", Role::gradient, bytes);
    const advisor::TensorId weight = tensor(layer.name + ".gradient", Role::gradient, kBlock);
    const advisor::TensorId below = tensor(layer.name + ".below", Role::gradient, bytes_of(layer.bottom));
    if (i % kSkip == kSkip - 1) layers_[i + 1 - kSkip].around = above;
    op("relu" + std::to_string(i), Phase::backward, pass_ns(layer.top), {layer.top, above}, {normed});
    op("norm" + std::to_string(i), Phase::backward, 2 * pass_ns(layer.top), {layer.convolved, normed},
       {convolved});
    std::vector<advisor::TensorId> reads = {layer.bottom, layer.weight, convolved};
    if (i % kSkip == 0) reads.push_back(layer.around);
    op(layer.name, Phase::backward, 20 * pass_ns(layer.top), reads, {below, weight}, 2 * kBlock);
    op(layer.name, Phase::update, 3 * kBlock / 300, {layer.weight, layer.momentum, weight},
       {layer.weight, layer.momentum});
    return below;
  }

  std::uint64_t random_ = 1;
  advisor::Schedule schedule_;
  std::vector<Layer> layers_;
};

[[nodiscard]] inline advisor::Schedule deep_schedule(std::size_t ops) { return DeepSchedule().make(ops); }

}  // namespace octrain::testing
