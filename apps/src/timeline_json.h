// Schedules and timelines as the report page reads them (docs/formats.md, "Report page"): arrays of integers.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "octrain/advisor/schedule.h"
#include "timeline.h"

namespace octrain::apps {

/// Names, bytes and roles of tensors; names and phases of ops.
[[nodiscard]] nlohmann::ordered_json names_json(const advisor::Schedule& schedule);
/// Null for a timeline without steps.
[[nodiscard]] nlohmann::ordered_json timeline_json(const Timeline& timeline, std::uint64_t budget_bytes);

}  // namespace octrain::apps
