// Where parameters, their gradients and their optimizer states lie.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "octrain/layers/kernel.h"
#include "octrain/runtime/program.h"
#include "tensor_table.h"

namespace octrain::layers {

/// One chunk of one parameter. `bytes` of its group's tensors, from `offset` on.
struct PlacedChunk {
  std::size_t layer = 0;
  int parameter = 0, chunk = 0;
  std::size_t group = 0;
  std::uint64_t offset = 0, bytes = 0;
  float lr_mult = 1, decay_mult = 1;
  bool gradient_written = false;  ///< in this iteration, while lowering
};

/// Chunks that share tensors, and so one update op. A large chunk is a group of its own; small ones of
/// neighbouring layers fill a 2 MiB block. Weight, gradient and states have the same offsets.
struct ParameterGroup {
  advisor::TensorId weight = 0;
  advisor::TensorId gradient = 0;         ///< trained only
  std::vector<advisor::TensorId> states;  ///< trained only
  std::vector<std::size_t> chunks;
  bool trained = true;
  std::uint64_t bytes = 0;
};

class Parameters {
 public:
  Parameters(TensorTable& tensors, int state_count) : tensors_(tensors), state_count_(state_count) {}

  /// Places all parameters of a layer; `trained` false keeps them without gradient (nothing behind them is
  /// wanted).
  void place(std::size_t layer, const std::string& layer_name, const std::vector<ParameterSpec>& specs,
             const Kernel& kernel, bool trained);
  /// To be called after the last place(): makes the tensors.
  void finish();

  [[nodiscard]] int chunk_count(std::size_t layer, int parameter) const;
  [[nodiscard]] const PlacedChunk& chunk(std::size_t layer, int parameter, int chunk) const;
  [[nodiscard]] TensorView weight(const PlacedChunk& chunk) const;
  [[nodiscard]] TensorView gradient(const PlacedChunk& chunk) const;
  [[nodiscard]] const std::vector<PlacedChunk>& chunks() const { return chunks_; }
  [[nodiscard]] const std::vector<ParameterGroup>& groups() const { return groups_; }

  /// The op that is being lowered writes `view`: notes it if it is a parameter's gradient.
  void note_write(const TensorView& view);

 private:
  std::size_t group_for(std::uint64_t bytes, bool trained);

  TensorTable& tensors_;
  int state_count_;
  std::vector<PlacedChunk> chunks_;
  std::vector<ParameterGroup> groups_;
  std::vector<std::string> group_names_;
  std::vector<std::vector<std::vector<std::size_t>>> index_;  // [layer][parameter][chunk]
  std::size_t open_group_[2] = {SIZE_MAX, SIZE_MAX};          // [trained]
};

}  // namespace octrain::layers
