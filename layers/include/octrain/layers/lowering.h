// The means by which a layer emits its ops. Used by layers/src/*.cpp only; net.h is for everyone else.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "octrain/layers/kernel.h"
#include "octrain/layers/layer.h"

namespace octrain::layers {

class NetLowering;  // src/net.cpp

/// A run of images that lies in one slab of every blob it was asked for.
struct ImageRange {
  std::int64_t first = 0, count = 0;
};

/// An operand: the bytes, and whether this op writes all of the value they belong to for the first time.
using Operand = TensorView;

/// An offer to work in place: out[`out`] may be the very bytes of in[`in`]. Each part of the output is
/// computed from the same part of the input, or from nothing of it that was written over before; the kernels
/// of every backend keep to that.
struct Overwriting {
  std::size_t in = 0, out = 0;
  friend bool operator==(const Overwriting&, const Overwriting&) = default;
};

struct OpSpec {
  Step step = Step::forward;
  ImageRange range{};
  std::vector<Operand> in, out;  ///< an operand in both is updated in place
  bool accumulate = false;       ///< out is added to (and so read)
  int chunk = 0;
  double flops = 0;  ///< 0: bound by memory; bytes are those of the operands
  /// Of values; the schedule offers their tensors where these allow it.
  std::vector<Overwriting> overwrites{};
};

/// One layer's view of the lowering. Blobs are named by position: bottom(i), top(i).
class LayerLowering {
 public:
  LayerLowering(NetLowering& net, std::size_t layer);

  [[nodiscard]] const LayerSpec& spec() const;
  template <class Params>
  [[nodiscard]] const Params& params() const {
    return std::get<Params>(spec().params);
  }
  [[nodiscard]] const Kernel& kernel() const;
  [[nodiscard]] bool training() const;  ///< false while the test pass is lowered
  [[nodiscard]] std::size_t bottom_count() const;
  [[nodiscard]] const BlobDesc& bottom(std::size_t i) const;
  [[nodiscard]] const BlobDesc& top(std::size_t i) const;
  [[nodiscard]] double forward_flops() const;  ///< whole batch

  /// The batch as ranges that fit in one slab of every top and bottom: a layer's ops run over these, in
  /// order.
  [[nodiscard]] const std::vector<ImageRange>& ranges() const;

  [[nodiscard]] Operand bottom(std::size_t i, ImageRange range) const;
  [[nodiscard]] Operand top(std::size_t i, ImageRange range) const;
  [[nodiscard]] Operand top_gradient(std::size_t i, ImageRange range);
  /// Does anyone want it? (False for data, and for blobs behind which nothing is trained.)
  [[nodiscard]] bool wants_bottom_gradient(std::size_t i) const;
  /// Has a later layer written it already, so that this one must accumulate? (Never for the same layer's own
  /// ranges.)
  [[nodiscard]] bool accumulates_bottom_gradient(std::size_t i) const;
  [[nodiscard]] Operand bottom_gradient(std::size_t i, ImageRange range);

  /// Kernel::saved_bytes of the range, alive from forward to backward.
  [[nodiscard]] Operand saved(ImageRange range);
  /// A small buffer of the layer for the whole batch, alive from its first write of the pass to its last use;
  /// `index` tells several apart.
  [[nodiscard]] Operand buffer(int index, std::uint64_t bytes);

  [[nodiscard]] int chunk_count(int parameter) const;
  [[nodiscard]] Operand parameter(int parameter, int chunk = 0) const;
  [[nodiscard]] Operand parameter_gradient(int parameter, int chunk = 0);
  /// Of trained parameters: must this op add to the gradient (an earlier op of this iteration wrote it)?
  /// Asked once for each op that writes it, just before emitting it.
  [[nodiscard]] bool accumulates_parameter_gradient(int parameter, int chunk = 0) const;

  /// Appends the op. Its kernel call gets the operands in this order.
  void emit(const OpSpec& op);

 private:
  NetLowering& net_;
  std::size_t layer_;
};

}  // namespace octrain::layers
