// A model's schedules by batch, for searches over the batch.
#pragma once

#include <cstdint>
#include <map>

#include "octrain/advisor/machine.h"
#include "octrain/advisor/schedule.h"
#include "options.h"

namespace octrain::apps {

/// No search looks beyond.
inline constexpr std::int64_t kMostImages = 1 << 20;

/// Lowers each batch once. What is referred to must outlive this.
class Batches {
 public:
  Batches(const WorkloadOptions& workload, const advisor::Machine& machine)
      : workload_(workload), machine_(machine) {}
  [[nodiscard]] const advisor::Schedule& at(std::int64_t batch);

 private:
  const WorkloadOptions& workload_;
  const advisor::Machine& machine_;
  std::map<std::int64_t, advisor::Schedule> schedules_;
};

/// The largest batch, at most kMostImages, whose footprint fits in the budget (nothing is shared); 0: none
/// does.
[[nodiscard]] std::int64_t largest_batch_in_core(Batches& batches, std::uint64_t budget_bytes);

}  // namespace octrain::apps
