#include "octrain/advisor/check.h"

#include "check_walk.h"

namespace octrain::advisor {
namespace {

/// The actions whose ids exist; a verdict for each of the others.
Plan known_actions(const Schedule& schedule, const Plan& plan, Verdicts& verdicts) {
  const std::size_t op_count = schedule.ops.size();
  Plan known;
  known.actions.reserve(plan.actions.size());
  for (const Action& action : plan.actions) {
    const std::string kind(to_string(action.kind));
    const bool recompute = action.kind == ActionKind::recompute;
    const bool op_known = action.kind == ActionKind::place || action.op < op_count;
    const bool target_known = action.target < (recompute ? op_count : schedule.tensors.size());
    if (!op_known) {
      verdicts.add(Defect::unknown_op, action.op, action.target,
                   kind + " at op " + std::to_string(action.op) + ": the schedule has " +
                       std::to_string(op_count) + " ops");
    }
    if (!target_known) {
      verdicts.add(recompute ? Defect::unknown_op : Defect::unknown_tensor, action.op, action.target,
                   kind + " of " + (recompute ? "op " : "tensor ") + std::to_string(action.target) +
                       ": the schedule does not have it");
    }
    if (op_known && target_known) known.actions.push_back(action);
  }
  return known;
}

std::string numbered(std::size_t index, const std::string& name) {
  return std::to_string(index) + (name.empty() ? "" : " '" + name + "'");
}

}  // namespace

void Verdicts::add(Defect defect, OpIndex op, std::uint32_t target, const std::string& message,
                   std::uint64_t excess_bytes) {
  if (!seen_.emplace(defect, op, target).second) return;
  verdicts_.push_back({defect, op, target, excess_bytes, first_iteration_, message});
}

std::string Verdicts::op_text(OpIndex op) const {
  return op < schedule_.ops.size() ? numbered(op, schedule_.ops[op].name) : std::to_string(op);
}

std::string Verdicts::tensor_text(TensorId tensor) const {
  const TensorInfo& info = schedule_.tensors[tensor];
  return "tensor " + numbered(tensor, info.name) + " (" + std::to_string(info.bytes) + " bytes)";
}

CheckReport check(const Schedule& schedule, const Plan& plan, std::uint64_t budget_bytes) {
  CheckReport report;
  Verdicts verdicts(schedule, report.verdicts);
  const Plan known = known_actions(schedule, plan, verdicts);
  Walk walk(schedule, known, check_placements(schedule, known, verdicts), budget_bytes, verdicts);
  walk.iterate();
  verdicts.begin_warm_iteration();
  walk.iterate();
  report.peak_bytes = walk.peak_bytes();
  return report;
}

std::string_view to_string(Defect defect) {
  switch (defect) {
    case Defect::reads_discarded:
      return "reads_discarded";
    case Defect::reads_not_resident:
      return "reads_not_resident";
    case Defect::over_budget:
      return "over_budget";
    case Defect::evict_not_resident:
      return "evict_not_resident";
    case Defect::discard_of_live:
      return "discard_of_live";
    case Defect::overlapping_placement:
      return "overlapping_placement";
    case Defect::placed_twice:
      return "placed_twice";
    case Defect::not_placed:
      return "not_placed";
    case Defect::recompute_without_inputs:
      return "recompute_without_inputs";
    case Defect::recompute_of_update:
      return "recompute_of_update";
    case Defect::unknown_tensor:
      return "unknown_tensor";
    case Defect::unknown_op:
      return "unknown_op";
  }
  return "unknown";
}

}  // namespace octrain::advisor
