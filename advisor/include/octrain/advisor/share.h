// Sharing: tensors that are never alive together lie on the same bytes of one arena.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "octrain/advisor/machine.h"
#include "octrain/advisor/plan.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

struct ShareMethod {
  std::string_view name;
  std::string_view summary;  ///< one line
  bool in_place = false;  ///< outputs take the place of inputs where the schedule offers it (Op::overwrites)
  std::string_view
      packing{};  ///< the algorithm (packing.h) that lays tensors over one another; empty: none does
  std::uint64_t steps = 0;  ///< what its search may cost
};

/// The op writes `written` on the bytes of `read`, which nobody reads later. From then on those bytes are not
/// `read`'s: a plan neither evicts nor discards nor frees it before it is written again.
struct InPlace {
  OpIndex op = 0;
  TensorId read = 0;
  TensorId written = 0;
  friend bool operator==(const InPlace&, const InPlace&) = default;
};

struct Placements {
  std::vector<Action> actions;    ///< one `place` a tensor, at multiples of the machine's block
  std::vector<InPlace> in_place;  ///< in order of ops
  std::uint64_t arena_bytes = 0;
  std::uint64_t lower_bound_bytes = 0;  ///< the most that is alive at once, in whole blocks
  bool proven = false;                  ///< no smaller arena holds tensors with these lives
};

/// Every method, in the order they are shown.
[[nodiscard]] std::span<const ShareMethod> share_methods();
/// By name; nullptr when there is none.
[[nodiscard]] const ShareMethod* find_share_method(std::string_view name);

/// A place for every tensor, for a plan that runs the ops of the schedule and no more: what a plan recomputes
/// lives longer than the schedule says. A tensor lives from its first access (an input: from the start) to
/// its last; weights, states and tensors that nobody uses keep their place for the whole iteration.
[[nodiscard]] Placements placements(const Schedule& schedule, const Machine& machine,
                                    const ShareMethod& method);

}  // namespace octrain::advisor
