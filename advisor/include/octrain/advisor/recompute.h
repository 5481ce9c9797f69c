// Recomputation: ops of the forward pass run once more, so that what they made need not be kept until the
// backward pass reads it.
//
// A method chooses reruns; expand() writes them out as ops of their own, on which liveness falls out by
// itself and any policy can plan; fold() takes such a plan back to the schedule that is executed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "octrain/advisor/plan.h"
#include "octrain/advisor/policy.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

/// Op `op` runs once more just before op `before`.
struct Rerun {
  OpIndex before = 0;
  OpIndex op = 0;
  friend bool operator==(const Rerun&, const Rerun&) = default;
};

/// [op]: the last op before which it may run once more and still make what it made; 0: it may not at all.
/// An op may not that updates anything in place, that writes a weight, a state, an input or a shared
/// workspace tensor, or that writes nothing. A rerun is valid if op < before <= last_reruns[op]; any set of
/// valid reruns is.
[[nodiscard]] std::vector<OpIndex> last_reruns(const Schedule& schedule);

/// A schedule with reruns as ops of their own. Its tensors are those of the original.
struct ExpandedSchedule {
  Schedule schedule;
  std::vector<OpIndex> origin;  ///< [op]: the original op
  std::vector<bool> rerun;      ///< [op]: runs it once more
};

/// `reruns` must be valid; those before the same op happen in their order.
[[nodiscard]] ExpandedSchedule expand(const Schedule& schedule, std::span<const Rerun> reruns);

/// The same plan in terms of the original schedule: it passes check() there if it does on the expanded one,
/// and simulates to the same time and bytes.
[[nodiscard]] Plan fold(const Plan& plan, const ExpandedSchedule& expanded);

/// The plan that keeps everything on the device from its birth to its death: no transfers but those of
/// weights, states and inputs before op 0. It needs peak_live_bytes(schedule) (bounds.h).
[[nodiscard]] Plan keep_plan(const Schedule& schedule);

/// [tensor]: may be dropped and recomputed.
using TensorSet = std::vector<bool>;

/// The tensors that recomputation could drop at all: made by an op that may run once more, and read by the
/// backward pass or needed to make again what is.
[[nodiscard]] TensorSet recomputable(const Schedule& schedule);

/// A way to choose what to recompute: reruns in the order in which they happen, none if nothing pays. Only
/// tensors in `may_drop` are dropped while somebody still reads them, and what the same op writes goes with
/// them. Pure, like a policy; options are found in the request.
struct RecomputeMethod {
  std::string_view name;
  std::string_view summary;  ///< one line, with the source
  std::span<const PolicyOption> options;
  std::vector<Rerun> (*choose)(const PlanRequest& request, const TensorSet& may_drop);
};

/// Every method, `none` first, in the order they are shown.
[[nodiscard]] std::span<const RecomputeMethod> recompute_methods();
/// By name; nullptr when there is none.
[[nodiscard]] const RecomputeMethod* find_recompute_method(std::string_view name);

/// One tensor that could be dropped after its last forward use and made again at its first backward use, with
/// everything else where it is.
struct RecomputeCandidate {
  TensorId tensor = 0;
  OpIndex release = 0;       ///< dropped after this op
  OpIndex before = 0;        ///< wanted again by this op
  std::vector<OpIndex> ops;  ///< to run before `before`, in this order
  std::uint64_t ns = 0;      ///< what they take
  std::uint64_t bytes = 0;   ///< off the device in between
  std::uint64_t gap_ns = 0;  ///< from release to before, if nothing stalls
  [[nodiscard]] double profit() const {
    return static_cast<double>(bytes) * static_cast<double>(gap_ns) / static_cast<double>(ns == 0 ? 1 : ns);
  }
};

/// Every candidate, the greatest profit first (bytes held back × time ÷ time to make them again).
[[nodiscard]] std::vector<RecomputeCandidate> recompute_candidates(const Schedule& schedule);

}  // namespace octrain::advisor
