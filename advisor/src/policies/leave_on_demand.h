// The way out for policies whose own rule finds no more room.
#pragma once

#include <cstdint>

#include "gaps.h"

namespace octrain::advisor {

/// Marks further gaps absent until every op fits: at an op that does not, those leave that were used longest
/// ago, as a demand pager would have it. Succeeds whenever the budget holds the largest op.
void leave_on_demand(const Schedule& schedule, const Liveness& liveness, std::uint64_t budget_bytes,
                     GapTable& table);

}  // namespace octrain::advisor
