// A pass as a chain of stages: what each holds, what it takes to run again, and how much room that needs. The
// chain is what plan_chain() (chain.h) decides on; it knows no schedule.
//
// The forward part of stage i makes its results x(i) from x(i-1), and inner values that only its own backward
// part reads. That reads the inner values, x(i) if `reads_own`, and x(i-1) if the way of saving says so.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "cuts.h"

namespace octrain::advisor {

/// Ops to run, what they take, and the most bytes that are on the device in addition to what was there when
/// they began, each with its results.
struct StageRun {
  std::vector<OpIndex> ops;
  std::uint64_t ns = 0;
  std::uint64_t bytes = 0;          ///< x(i-1) stays, and is not counted
  std::uint64_t bytes_with_in = 0;  ///< x(i-1) is counted, and goes as soon as it may
  /// The bytes of what cannot run again that late.
  static constexpr std::uint64_t kImpossible = std::uint64_t{1} << 61;
};

/// A way to get a stage through its backward part: which inner values are there when it begins.
struct StageSave {
  std::uint64_t held_bytes = 0;   ///< of the inner values that are saved
  std::uint64_t first_bytes = 0;  ///< on the device during the first run of the stage, all included
  std::uint64_t first_bytes_with_in = 0;
  StageRun along;                 ///< makes them and x(i)
  std::array<StageRun, 2> alone;  ///< makes them, and x(i) if its backward part reads it; [1]: x(i) is there
  std::vector<Rerun> late;        ///< makes the others within the backward part
  std::uint64_t late_ns = 0;
  std::uint64_t back_bytes = 0;  ///< on the device during the backward part, x(i-1) not counted
  bool reads_in = false;         ///< the backward part needs x(i-1)
};

struct Stage {
  std::uint64_t out_bytes = 0;  ///< of x(i)
  bool reads_own = false;
  OpIndex back_first = 0;         ///< where its backward part begins, and reruns for it happen
  std::uint64_t base_bytes = 0;   ///< on the device there, whatever is recomputed
  StageRun forward;               ///< makes x(i), nothing else stays
  std::uint64_t first_bytes = 0;  ///< on the device during the first run of the stage
  std::uint64_t first_bytes_with_in = 0;
  std::vector<StageSave> saves;
};

/// `cuts` as choose_cuts() makes them; each of `dear` tells by op whose results a stage
/// may save alone.
[[nodiscard]] std::vector<Stage> list_stages(const PassValues& values, const FixedBytes& fixed,
                                             const Pass& pass, const std::vector<Cut>& cuts,
                                             const std::vector<std::vector<bool>>& dear);

}  // namespace octrain::advisor
