#include "batches.h"

#include <algorithm>

#include "workload.h"

namespace octrain::apps {

const advisor::Schedule& Batches::at(std::int64_t batch) {
  const auto known = schedules_.find(batch);
  if (known != schedules_.end()) return known->second;
  return schedules_.emplace(batch, planning_schedule(workload_, batch, machine_)).first->second;
}

/// Footprints grow nearly in proportion to the batch, so a few steps of interpolation between a batch that
/// fits and one that does not find the border.
std::int64_t largest_batch_in_core(Batches& batches, std::uint64_t budget_bytes) {
  std::int64_t fits = 0, too_large = 0;
  std::uint64_t fits_bytes = 0, too_large_bytes = 0;
  std::int64_t batch = 1;
  while (true) {
    const std::uint64_t bytes = advisor::footprint_bytes(batches.at(batch));
    (bytes <= budget_bytes ? fits : too_large) = batch;
    (bytes <= budget_bytes ? fits_bytes : too_large_bytes) = bytes;
    if (too_large == fits + 1 || fits >= kMostImages) return fits;
    if (too_large == 0) {
      batch = fits * 4;
      continue;
    }
    const double slope =
        static_cast<double>(too_large_bytes - fits_bytes) / static_cast<double>(too_large - fits);
    const auto guess =
        fits + static_cast<std::int64_t>(static_cast<double>(budget_bytes - fits_bytes) / slope);
    batch = std::clamp(guess, fits + 1, too_large - 1);
  }
}

}  // namespace octrain::apps
