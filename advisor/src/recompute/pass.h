// The passes of a schedule: a forward part, then what follows until the next one.
#pragma once

#include <cstdint>
#include <vector>

#include "lineage.h"

namespace octrain::advisor {

struct Pass {
  OpIndex first = 0;  ///< forward ops are [first, turn)
  OpIndex turn = 0;   ///< backward ops and updates are [turn, end)
  OpIndex end = 0;
};

[[nodiscard]] std::vector<Pass> list_passes(const Schedule& schedule);

/// What to make of each value when recomputation is planned pass by pass.
struct PassValues {
  PassValues(const Lineage& lineage, TensorSet may_drop);

  const Lineage& lineage;
  TensorSet may_drop;  ///< while somebody still reads it
  std::vector<Pass> passes;
  std::vector<bool>
      drop;  ///< values_to_drop(), if the pass that makes a value also reads it for the last time

  /// Ids of the values that the forward part of a pass makes: [first, second).
  [[nodiscard]] std::pair<ValueId, ValueId> made_by(const Pass& pass) const {
    return {lineage.first_value[pass.first], lineage.first_value[pass.turn]};
  }
};

/// Bytes that are on the device whatever is recomputed, when everything is kept: all values but those
/// `left_out`, and all weights and states. What makes a value of `made_again` is kept for as long as that is
/// needed.
struct FixedBytes {
  FixedBytes(const Lineage& lineage, const std::vector<bool>& left_out, const std::vector<bool>& made_again);
  std::vector<std::uint64_t> during;  ///< [op], its workspace included
  std::vector<std::uint64_t> before;  ///< [op]: between the op in front of it and itself; 0 past the last
};

}  // namespace octrain::advisor
