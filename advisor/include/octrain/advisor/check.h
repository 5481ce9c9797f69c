// The independent checker: a plan is proved before it runs. It shares no code with the policies.
//
// It walks the plan twice (a cold iteration, then one from the state that the first left) and reports every
// defect. Placements are addresses: the budget counts what is resident, wherever it lies.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "octrain/advisor/plan.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

enum class Defect {
  reads_discarded,     ///< an op reads contents that were discarded (or never written)
  reads_not_resident,  ///< an op reads what was evicted, or never brought to the device
  over_budget,         ///< resident bytes plus workspace exceed the budget at an op or a prefetch
  evict_not_resident,
  discard_of_live,        ///< contents of a weight or state, or of what a later op reads, are declared dead;
                          ///< or another tensor has the bytes by now
  overlapping_placement,  ///< a tensor takes bytes that another still has: resident, or contents on the host
  placed_twice,
  not_placed,                ///< others are
  recompute_without_inputs,  ///< an input of the op to run again is not resident or dead
  recompute_of_update,  ///< running an update, an in-place op or a writer of shared buffers twice changes the
                        ///< numbers
  unknown_tensor,
  unknown_op,
};

struct Verdict {
  Defect defect{};
  OpIndex op = 0;
  std::uint32_t target = 0;        ///< the tensor (or op) concerned
  std::uint64_t excess_bytes = 0;  ///< over_budget: by how much
  bool first_iteration = true;     ///< false: only the second, warm iteration shows it
  std::string message;             ///< one line, names op, tensor and bytes
};

struct CheckReport {
  std::vector<Verdict> verdicts;
  std::uint64_t peak_bytes = 0;  ///< the most that is resident at once, workspace included
  [[nodiscard]] bool ok() const { return verdicts.empty(); }
};

[[nodiscard]] CheckReport check(const Schedule& schedule, const Plan& plan, std::uint64_t budget_bytes);

[[nodiscard]] std::string_view to_string(Defect defect);

}  // namespace octrain::advisor
