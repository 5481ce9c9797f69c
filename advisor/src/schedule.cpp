#include "octrain/advisor/schedule.h"

#include <algorithm>

#include "operands.h"

namespace octrain::advisor {

std::uint64_t footprint_bytes(const Schedule& schedule) {
  std::uint64_t tensors = 0;
  for (const TensorInfo& tensor : schedule.tensors) tensors += tensor.bytes;
  std::uint64_t workspace = 0;
  for (const Op& op : schedule.ops) workspace = std::max(workspace, op.workspace_bytes);
  return tensors + workspace;
}

std::uint64_t op_bytes(const Schedule& schedule, OpIndex op) {
  std::uint64_t bytes = schedule.ops[op].workspace_bytes;
  for (const Operand& operand : operands_of(schedule.ops[op]))
    bytes += schedule.tensors[operand.tensor].bytes;
  return bytes;
}

std::uint64_t largest_op_bytes(const Schedule& schedule) {
  std::uint64_t largest = 0;
  for (OpIndex op = 0; op < schedule.ops.size(); ++op) largest = std::max(largest, op_bytes(schedule, op));
  return largest;
}

std::string_view to_string(Role role) {
  switch (role) {
    case Role::input:
      return "input";
    case Role::weight:
      return "weight";
    case Role::gradient:
      return "gradient";
    case Role::activation:
      return "activation";
    case Role::state:
      return "state";
    case Role::workspace:
      return "workspace";
  }
  return "unknown";
}

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::forward:
      return "forward";
    case Phase::backward:
      return "backward";
    case Phase::update:
      return "update";
  }
  return "unknown";
}

}  // namespace octrain::advisor
