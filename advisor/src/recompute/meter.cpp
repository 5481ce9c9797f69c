#include "meter.h"

#include <algorithm>

namespace octrain::advisor {

template <class Visit>
void Meter::for_each(OpIndex op, const Visit& visit) const {
  for (const ValueId id : lineage_.reads[op]) {
    if (counts_[id]) visit(id);
  }
  for (ValueId id = lineage_.first_value[op]; id < lineage_.first_value[op + 1]; ++id) {
    if (counts_[id]) visit(id);
  }
}

void Meter::count(const Values& values, bool counts) {
  for (const ValueId id : values) counts_[id] = counts;
}

void Meter::enter(ValueId id) {
  if (alive_[id]) return;
  alive_[id] = true;
  live_bytes_ += lineage_.bytes(id);
}

void Meter::leave(ValueId id) {
  if (!alive_[id]) return;
  alive_[id] = false;
  live_bytes_ -= lineage_.bytes(id);
}

std::uint64_t Meter::peak(const std::vector<Step>& steps, const Values& there, const Values& left) {
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    for_each(steps[i].op, [&](ValueId id) { last_[id] = i; });
  }
  for (const ValueId id : left) last_[id] = kStays;
  for (const ValueId id : there) {
    if (counts_[id] && last_[id] != kUntouched) enter(id);
  }
  std::uint64_t peak = live_bytes_;
  for (std::uint32_t i = 0; i < steps.size(); ++i) {
    for_each(steps[i].op, [&](ValueId id) { enter(id); });
    peak = std::max(peak, live_bytes_ + steps[i].base_bytes);
    for_each(steps[i].op, [&](ValueId id) {
      if (last_[id] == i) leave(id);
    });
  }
  const auto forget = [&](ValueId id) {
    leave(id);
    last_[id] = kUntouched;
  };
  for (const Step& step : steps) for_each(step.op, forget);
  for (const ValueId id : there) forget(id);
  for (const ValueId id : left) forget(id);
  return peak;
}

}  // namespace octrain::advisor
