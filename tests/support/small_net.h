// A net of five layers and its training, small enough to follow by hand: convolution, pooling, ReLU,
// convolution, inner product. Every tensor has one byte; x[i] is what layer i reads, x[5] the last output.
#pragma once

#include <array>

#include "support/schedule_builder.h"

namespace octrain::testing {

struct SmallNet {
  SmallNet() {
    x[0] = builder.tensor(advisor::Role::input, 1);
    for (std::size_t i = 1; i < x.size(); ++i) x[i] = builder.tensor(advisor::Role::activation, 1);
    for (advisor::TensorId& gradient : g) gradient = builder.tensor(advisor::Role::gradient, 1);
    constexpr std::array kNames = {"conv1", "pool1", "relu2", "conv2", "fc"};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      builder.rename(builder.op({x[i]}, {x[i + 1]}), kNames[i]);
    }
    backward("fc", {x[4], x[5]}, {g[4]});     // op 5
    backward("conv2", {x[3], g[4]}, {g[3]});  // op 6
    backward("relu2", {x[2], g[3]}, {g[2]});  // op 7
    backward("pool1", {x[1], g[2]}, {g[1]});  // op 8
    backward("conv1", {x[0], g[1]}, {g[0]});  // op 9
  }
  void backward(const char* layer, std::vector<advisor::TensorId> reads,
                std::vector<advisor::TensorId> writes) {
    builder.rename(builder.op(std::move(reads), std::move(writes), 10, 0, advisor::Phase::backward),
                   std::string(layer) + " backward");
  }
  ScheduleBuilder builder;
  std::array<advisor::TensorId, 6> x{};
  std::array<advisor::TensorId, 5> g{};
};

}  // namespace octrain::testing
