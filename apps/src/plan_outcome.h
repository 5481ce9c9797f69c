// What is asked for and what comes of it, one by one: the policies and methods that stand side by side in a
// table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "planning.h"

namespace octrain::apps {

/// A way to plan under the name it is shown by: "tflms", "lookahead+sqrt".
struct NamedChoice {
  std::string name;
  PlanChoice choice;
};

/// What one of them achieves; without a prediction it found no plan.
struct Outcome {
  std::string policy;  ///< as asked for
  advisor::Advice advice;
};

/// What was asked for: one policy; or auto's answer, every policy by itself, and every recompute method under
/// lookahead.
[[nodiscard]] std::vector<NamedChoice> choices_of(const PlanChoice& asked);

/// Proved, and predicted as the policy would run: one that leaves everything to faults by the driver's rules.
[[nodiscard]] Outcome outcome_of(const NamedChoice& asked, const advisor::Schedule& schedule,
                                 const advisor::Machine& machine, std::uint64_t budget_bytes);

/// The policy that planned and the method that chose what runs twice: "lookahead", "lookahead+sqrt".
[[nodiscard]] std::string made_by(const advisor::Advice& advice);
/// "auto: lookahead+sqrt"; any other name says by itself who planned.
[[nodiscard]] std::string shown_name(const Outcome& outcome);

}  // namespace octrain::apps
