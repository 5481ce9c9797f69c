// How many bytes some values take while some ops run.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "lineage.h"

namespace octrain::advisor {

using Values = std::vector<ValueId>;

class Meter {
 public:
  struct Step {
    OpIndex op = 0;
    std::uint64_t base_bytes = 0;  ///< while it runs, besides the values that count
  };

  explicit Meter(const Lineage& lineage)
      : lineage_(lineage),
        counts_(lineage.values.size(), false),
        alive_(lineage.values.size(), false),
        last_(lineage.values.size(), kUntouched) {}

  void count(const Values& values, bool counts);
  /// The most at any step: `there` are there when the steps begin and `left` when they end; the others live
  /// from their first step to their last.
  [[nodiscard]] std::uint64_t peak(const std::vector<Step>& steps, const Values& there, const Values& left);

 private:
  static constexpr std::uint32_t kUntouched = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t kStays = kUntouched - 1;

  template <class Visit>
  void for_each(OpIndex op, const Visit& visit) const;
  void enter(ValueId id);
  void leave(ValueId id);

  const Lineage& lineage_;
  std::vector<bool> counts_;
  std::vector<bool> alive_;
  std::vector<std::uint32_t> last_;  // the last step that touches the value
  std::uint64_t live_bytes_ = 0;
};

}  // namespace octrain::advisor
