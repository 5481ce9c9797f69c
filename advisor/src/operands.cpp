#include "operands.h"

#include <algorithm>

namespace octrain::advisor {

std::vector<Operand> operands_of(const Op& op) {
  std::vector<Operand> all;
  all.reserve(op.reads.size() + op.writes.size());
  for (const TensorId tensor : op.reads) all.push_back({tensor, true, false});
  for (const TensorId tensor : op.writes) all.push_back({tensor, false, true});
  std::sort(all.begin(), all.end(), [](const Operand& a, const Operand& b) { return a.tensor < b.tensor; });
  std::vector<Operand> merged;
  merged.reserve(all.size());
  for (const Operand& operand : all) {
    if (merged.empty() || merged.back().tensor != operand.tensor)
      merged.push_back({operand.tensor, false, false});
    merged.back().reads |= operand.reads;
    merged.back().writes |= operand.writes;
  }
  return merged;
}

std::vector<std::vector<Operand>> operands_by_op(const Schedule& schedule) {
  std::vector<std::vector<Operand>> result;
  result.reserve(schedule.ops.size());
  for (const Op& op : schedule.ops) result.push_back(operands_of(op));
  return result;
}

}  // namespace octrain::advisor
