// octrain plan --fit: the largest batch that each policy can train on a machine, and how fast it is there.
#pragma once

#include <cstdint>
#include <string>

#include "octrain/advisor/machine.h"
#include "options.h"
#include "planning.h"

namespace octrain::apps {

struct FitRequest {
  const WorkloadOptions& workload;  ///< its batch does not count
  const advisor::Machine& machine;
  std::uint64_t budget_bytes = 0;
  const PlanChoice& choice;  ///< `all`: a row for each policy
};

/// Ops are cut along the batch, so on a machine whose host takes any number of bytes most models train at any
/// batch; a search ends here at the latest, unless the batch that fits in core has more.
inline constexpr std::size_t kMostFitOps = 20'000;

/// Tells by table, and by JSON unless `json` is empty. Throws OutOfDeviceMemory, afterwards, when the first
/// that was asked for cannot train a single image.
void fit(const FitRequest& request, const std::string& json);

}  // namespace octrain::apps
