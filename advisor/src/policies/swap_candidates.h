// What a swap policy may send away, and in which order it would rather: the scores of AutoSwap (Zhang, Yeung,
// Shu, He, Wang: Efficient Memory Management for GPU-based Deep Learning Systems, 2019).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "overload.h"
#include "pace.h"

namespace octrain::advisor {

/// A gap across which the contents matter.
struct Candidate {
  std::size_t gap = 0;  ///< index into GapTable::gaps
  std::uint64_t bytes = 0;
  std::int64_t free_ns = 0;  ///< what swap-out and swap-in leave of the absence; negative: they do not fit
};

/// What straddles an op above its limit, of tensors of `least_bytes` and more, by gap.
[[nodiscard]] std::vector<Candidate> list_candidates(const Schedule& schedule, const Liveness& liveness,
                                                     const GapTable& table, const Pace& pace,
                                                     const Overload& overload, std::uint64_t least_bytes);

enum class Score {
  doa,    ///< duration of absence: the free time
  aoa,    ///< area of absence: free time × bytes; free time ÷ bytes when negative
  wdoa,   ///< weighted duration: the integral of (load - limit) over the absence, where positive
  swdoa,  ///< wdoa with what was picked before taken off the load
};
inline constexpr std::array kScores = {Score::doa, Score::aoa, Score::wdoa, Score::swdoa};

/// Positions in `candidates`, the best first; among equals the earlier candidate.
using Ranking = std::vector<std::size_t>;

/// After each pick, no more than this many candidates are scored anew for swdoa: loads only fall, and scores
/// with them, so those that head an ordered queue of older scores suffice nearly always.
inline constexpr std::size_t kMostRescored = 64;

[[nodiscard]] Ranking rank(Score score, const std::vector<Candidate>& candidates, const GapTable& table,
                           const Overload& overload);

/// By the sum of the places in all of these rankings.
[[nodiscard]] Ranking vote(const std::vector<Ranking>& rankings);

/// Picks in the order of `ranking` what straddles an op that is still above its limit, until there is none.
/// Answers positions in `candidates` and takes the picks off `overload`.
[[nodiscard]] std::vector<std::size_t> pick(const Ranking& ranking, const std::vector<Candidate>& candidates,
                                            const GapTable& table, Overload& overload);

}  // namespace octrain::advisor
