// Random schedules, seeded: every shape that the rules tell apart, mixed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "support/schedule_builder.h"

namespace octrain::testing {

/// Every other pair that an op may work on in place is offered; what is read and written has often as many
/// bytes.
template <class Random>
void offer_overwrites(advisor::Schedule& schedule, Random& random) {
  for (advisor::TensorInfo& tensor : schedule.tensors) {
    if (random.below(2) == 0) tensor.bytes = 8;
  }
  const auto contains = [](const auto& ids, advisor::TensorId id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  for (advisor::Op& op : schedule.ops) {
    for (const advisor::TensorId read : op.reads) {
      for (const advisor::TensorId written : op.writes) {
        const bool may = !contains(op.writes, read) && !contains(op.reads, written);
        if (may && random.below(2) == 0) op.overwrites.push_back({read, written});
      }
    }
  }
}

class RandomSchedule {
 public:
  explicit RandomSchedule(std::uint32_t seed) : random_(seed) {}

  advisor::Schedule make() {
    const std::uint32_t op_count = below(20) == 0 ? 1 : 2 + below(40);
    const std::uint32_t tensor_count = 1 + below(30);
    for (std::uint32_t i = 0; i < tensor_count; ++i) add_tensor();
    for (std::uint32_t i = 0; i < op_count; ++i) add_op();
    return builder_.schedule();
  }

  advisor::Schedule make_with_overwrites() {
    advisor::Schedule schedule = make();
    offer_overwrites(schedule, *this);
    return schedule;
  }

  /// Uniform in [0, end). Not std::uniform_int_distribution, whose numbers differ between libraries.
  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(random_() % end); }

 private:
  void add_tensor() {
    constexpr advisor::Role kRoles[] = {advisor::Role::input,      advisor::Role::weight,
                                        advisor::Role::state,      advisor::Role::gradient,
                                        advisor::Role::activation, advisor::Role::activation,
                                        advisor::Role::activation, advisor::Role::workspace};
    const std::uint32_t bytes = below(12) == 0 ? 0 : 1 + below(below(4) == 0 ? 200 : 20);
    builder_.tensor(kRoles[below(8)], bytes);
  }

  /// Mostly of tensors that were used lately, as layers do; sometimes of any.
  advisor::TensorId pick() {
    const auto count = static_cast<std::uint32_t>(builder_.schedule().tensors.size());
    if (below(3) == 0) return below(count);
    return (focus_ + below(std::min(count, 5u))) % count;
  }

  void add_op() {
    std::vector<advisor::TensorId> reads, writes;
    const auto add = [](std::vector<advisor::TensorId>& ids, advisor::TensorId id) {
      if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    };
    for (std::uint32_t i = below(4); i > 0; --i) add(reads, pick());
    for (std::uint32_t i = below(3); i > 0; --i) add(writes, pick());
    if (!reads.empty() && below(5) == 0) add(writes, reads.front());  // in place
    if (below(2) == 0) ++focus_;
    const std::uint32_t workspace = below(4) == 0 ? below(40) : 0;
    const auto phase = static_cast<advisor::Phase>(below(3));
    builder_.op(reads, writes, below(8) == 0 ? 0 : below(60), workspace, phase);
  }

  std::mt19937 random_;
  ScheduleBuilder builder_;
  std::uint32_t focus_ = 0;
};

[[nodiscard]] inline advisor::Schedule random_schedule(std::uint32_t seed) {
  return RandomSchedule(seed).make();
}

}  // namespace octrain::testing
