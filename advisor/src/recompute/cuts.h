// Where the forward part of a pass can be cut in two so that the backward part falls in two as well.
#pragma once

#include <cstdint>
#include <vector>

#include "pass.h"

namespace octrain::advisor {

struct Cut {
  OpIndex at = 0;           ///< in front of this forward op
  std::uint64_t bytes = 0;  ///< of the values that cross: made before it, read behind it in the forward part
  std::uint64_t made = 0;   ///< bytes of all values that were made before it
  OpIndex reach = 0;        ///< the last early reader of anything made before it
  OpIndex back_first = 0;   ///< from this backward op on, only what was made before the cut is read
};

/// Every cut, in order. The values behind a cut are read for the last time before those in front of it are
/// read at all; the values that cross belong to the front if they allow it, else to either side.
[[nodiscard]] std::vector<Cut> list_cuts(const PassValues& values, const Pass& pass);

/// At most `most` of them, in order, such that no value crosses two: those that fewest bytes cross go first.
[[nodiscard]] std::vector<Cut> choose_cuts(const std::vector<Cut>& cuts, std::size_t most);

}  // namespace octrain::advisor
