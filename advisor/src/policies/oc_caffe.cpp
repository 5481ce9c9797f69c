// OC-Caffe (OC-DNN, HiPC 2018): while an op runs the next one's operands are brought, and what a pass has
// used for the last time is evicted at once. Where two ops do not fit together, operands are brought at the
// op.
#include <algorithm>
#include <vector>

#include "demand_pager.h"
#include "policies.h"

namespace octrain::advisor {
namespace {

/// The number of the pass each op belongs to: a pass ends where forward turns to backward or back. Updates
/// belong to the backward pass that they follow.
std::vector<std::size_t> passes(const Schedule& schedule) {
  std::vector<std::size_t> result;
  result.reserve(schedule.ops.size());
  for (std::size_t op = 0; op < schedule.ops.size(); ++op) {
    const auto forward = [&](std::size_t i) { return schedule.ops[i].phase == Phase::forward; };
    if (op == 0) {
      result.push_back(0);
    } else {
      result.push_back(result.back() + (forward(op) != forward(op - 1) ? 1 : 0));
    }
  }
  return result;
}

bool uses(const std::vector<Operand>& operands, TensorId tensor) {
  return std::any_of(operands.begin(), operands.end(), [&](const Operand& o) { return o.tensor == tensor; });
}

void iterate(DemandPager& pager, const std::vector<std::size_t>& pass) {
  const OpIndex op_count = pager.op_count();
  for (OpIndex op = 0; op < op_count; ++op) {
    pager.bring(op);
    pager.bring_ahead(op);
    for (const Operand& operand : pager.operands(op)) {
      if (op + 1 < op_count && uses(pager.operands(op + 1), operand.tensor)) continue;  // already asked for
      const std::uint64_t next = pager.liveness().next_use(operand.tensor, op);
      if (!pager.liveness().live_after(operand.tensor, op)) {
        pager.discard(op, operand.tensor);
      } else if (next >= op_count || pass[next] != pass[op]) {
        pager.evict(op, operand.tensor);
      }
    }
  }
}

PlanResult plan_oc_caffe(const PlanRequest& request) {
  if (auto result = infeasible(request, "oc-caffe")) return *std::move(result);
  DemandPager pager(request, DemandPager::Recency::use);
  const std::vector<std::size_t> pass = passes(request.schedule);
  PlanResult result;
  result.policy = "oc-caffe";
  result.plan = settled_plan(pager, [&](DemandPager& p) { iterate(p, pass); });
  return result;
}

}  // namespace

Policy oc_caffe_policy() {
  return {"oc-caffe",
          "prefetch the next op's operands, evict after the last use in the pass (OC-DNN, HiPC 2018)",
          plan_oc_caffe};
}

}  // namespace octrain::advisor
