// A lowered net, ready for the executor: schedules, the functions of their ops, and where the parameters lie.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "octrain/advisor/schedule.h"
#include "octrain/runtime/executor.h"

namespace octrain::runtime {

/// A run of a parameter's elements in one tensor, in the kernel's layout.
struct ParameterChunk {
  TensorId tensor = 0;
  std::uint64_t offset_bytes = 0;
  std::uint64_t bytes = 0;
  std::vector<TensorId> states;        ///< optimizer states: same offset, same layout
  std::uint64_t first = 0, count = 0;  ///< elements in canonical order
  std::function<void(const float* stored, float* canonical)> to_canonical;
  std::function<void(const float* canonical, float* stored)> from_canonical;  ///< writes padding as zero
};

struct Parameter {
  std::string name;  ///< "conv1.weight"
  std::vector<std::int64_t> dims;
  std::vector<ParameterChunk> chunks;
  std::function<void(std::span<float>)> fill;  ///< initial values, canonical order
};

/// The first op of a pass fetches the batch that IterationInput::iteration names: in `train` the iteration's,
/// in `test` the test set's batch of that number. Scalar 0 is "loss", the weighted total.
struct Program {
  struct Pass {
    advisor::Schedule schedule;  ///< both passes have the same tensors
    std::vector<OpFunction> functions;
    /// Whether op i always gives the device the same work on the same addresses, whatever the iteration; or
    /// empty: none does.
    std::vector<bool> repeatable;
    std::vector<std::string> scalar_names;  ///< "loss", "accuracy", …
    [[nodiscard]] bool empty() const { return functions.empty(); }
  };
  Pass train;
  Pass test;
  std::vector<Parameter> parameters;
  std::int64_t batch = 0;                ///< images of one training iteration, accumulated batches included
  std::vector<std::string> state_names;  ///< per optimizer state: "momentum"; "m", "v"
  /// Has an update left weights as they were, for a gradient too large to be scaled so, since this was last
  /// asked? May be empty where losses are not scaled.
  std::function<bool()> take_overflow;
};

}  // namespace octrain::runtime
