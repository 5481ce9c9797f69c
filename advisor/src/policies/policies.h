// The makers of plans, one source file each.
#pragma once

#include "octrain/advisor/policy.h"

namespace octrain::advisor {

[[nodiscard]] PlanResult plan_naive(const PlanRequest& request);
[[nodiscard]] PlanResult plan_oc_caffe(const PlanRequest& request);
[[nodiscard]] PlanResult plan_lru(const PlanRequest& request);
[[nodiscard]] PlanResult plan_lookahead(const PlanRequest& request);

}  // namespace octrain::advisor
