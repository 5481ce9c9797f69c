// Sharing: tensors that never hold bytes at the same time lie on the same bytes of one arena.
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
  [[nodiscard]] bool shares() const { return in_place || !packing.empty(); }
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
  Plan plan;  ///< one `place` a tensor, at multiples of the machine's block; none if nothing is shared
  std::vector<InPlace> in_place;        ///< in order of ops
  std::uint64_t arena_bytes = 0;        ///< in whole blocks, workspace not included
  std::uint64_t lower_bound_bytes = 0;  ///< sharing: the most that is alive at once, in whole blocks
  bool proven = false;                  ///< no smaller arena holds tensors with these lives
};

/// Every method, in the order they are shown.
[[nodiscard]] std::span<const ShareMethod> share_methods();
/// By name; nullptr when there is none.
[[nodiscard]] const ShareMethod* find_share_method(std::string_view name);

/// A valid plan (of any policy; keep_plan() in core), with a new place for every tensor. Who shares bytes
/// must let go of them in time, so what dies within the iteration is discarded at its death, whatever the
/// plan did with dead contents. A tensor has its bytes from the first time it is written, or brought, to its
/// last death in the iteration, on the host too. Weights and states lie below all others, the same in every
/// plan of a program, so that one plan can follow another.
[[nodiscard]] Placements place_tensors(const Schedule& schedule, const Plan& plan, const Machine& machine,
                                       const ShareMethod& method);

}  // namespace octrain::advisor
