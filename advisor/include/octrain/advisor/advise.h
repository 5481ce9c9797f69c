// One answer from all that the advisor knows: who plans the transfers, what is recomputed and who shares
// bytes.
//
// With `auto` for both it is one search: every policy's plan, every recompute method under the best of them,
// then subsets of what could be recomputed, with the simulator as the judge. The result is never worse than
// the best named policy's or method's. The best plan's tensors are placed at the end: where a tensor lies
// costs no time.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "octrain/advisor/machine.h"
#include "octrain/advisor/plan.h"
#include "octrain/advisor/policy.h"
#include "octrain/advisor/schedule.h"
#include "octrain/advisor/simulate.h"

namespace octrain::advisor {

struct AdviceRequest {
  const Schedule& schedule;
  const Machine& machine;
  std::uint64_t budget_bytes = 0;
  std::string policy = "auto";                           ///< a policy's name, or auto
  std::string recompute = "auto";                        ///< a recompute method's name, or auto
  std::string share = "auto";                            ///< a sharing method's name (share.h)
  std::map<std::string, double, std::less<>> options{};  ///< those of policies and methods (PlanRequest)
  /// What the search may cost, in simulated ops; a count, unlike the clock, gives the same plan on every
  /// machine. The named policies are tried in any case.
  std::uint64_t search_steps = kQuickSearch;
  static constexpr std::uint64_t kStepsPerSecond = 1'000'000;  ///< of an ordinary processor, about
  static constexpr std::uint64_t kQuickSearch = 5 * kStepsPerSecond;
};

struct Advice {
  Plan plan;  ///< of the request's schedule, recomputed ops included
  std::string policy;
  std::string recompute;  ///< a method's name; "mixed": a subset that the search found
  std::uint64_t shortfall_bytes = 0;
  std::uint64_t arena_bytes = 0;  ///< what all tensors take together, workspace not included
  Simulation prediction;
  [[nodiscard]] bool feasible() const { return shortfall_bytes == 0; }
};

/// Pure: same request, same answer. The names must exist (find_policy, find_recompute_method,
/// find_share_method).
[[nodiscard]] Advice advise(const AdviceRequest& request);

}  // namespace octrain::advisor
