// Plans once more when iterations have shown how long every op takes and how fast the tier is: until then
// both are estimates. Plans do not change the numbers, so neither does this.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "octrain/runtime/program.h"
#include "octrain/runtime/trainer.h"
#include "planning.h"

namespace octrain::apps {

class Replanner {
 public:
  /// `told` is called with the new plan, `warn` with why there is none. All that is referred to must outlive
  /// this.
  Replanner(const advisor::Schedule& schedule, const PlanChoice& choice, const advisor::Machine& machine,
            std::uint64_t budget_bytes, std::function<void(const advisor::Advice&)> told,
            std::function<void(const std::string&)> warn);

  /// What TrainerEvents::replan asks, after `trained` iterations of this run.
  const advisor::Plan* operator()(const runtime::IterationRecord& record, std::uint64_t trained);

 private:
  void set_op_times();
  void set_link_speeds();

  advisor::Schedule schedule_;
  const PlanChoice& choice_;
  advisor::Machine machine_;
  std::uint64_t budget_bytes_;
  std::function<void(const advisor::Advice&)> told_;
  std::function<void(const std::string&)> warn_;
  std::vector<runtime::IterationMetrics> measured_;
  std::optional<advisor::Advice> plan_;
};

/// Iterations that a run must have for a second plan to be worth it.
inline constexpr std::uint64_t kLeastIterationsToReplan = 7;

}  // namespace octrain::apps
