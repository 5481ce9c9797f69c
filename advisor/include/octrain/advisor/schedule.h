// The schedule: the ordered ops of one training iteration, as plain data.
//
// Everything the advisor knows of a network is in here; a schedule can be written to and read from CSV
// (text_io.h), so that any other tool can feed the advisor.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace octrain::advisor {

using TensorId = std::uint32_t;  ///< index into Schedule::tensors
using OpIndex = std::uint32_t;   ///< index into Schedule::ops

enum class Role { input, weight, gradient, activation, state, workspace };
enum class Phase { forward, backward, update };

struct TensorInfo {
  std::string name;
  Role role = Role::activation;
  std::uint64_t bytes = 0;  ///< what it occupies on the device (already rounded up to the device's blocks)
};

/// What an op reads and what it writes may be the same bytes: each part of `written` is computed from the
/// same part of `read`, or from nothing of it that was written over before. An offer to whoever places
/// tensors, and no more: on other bytes the op does the same.
struct Overwrite {
  TensorId read = 0;
  TensorId written = 0;
  friend bool operator==(const Overwrite&, const Overwrite&) = default;
};

/// One kernel-level unit. A tensor in `writes` that is not in `reads` is overwritten as a whole: what it held
/// before is dead. A tensor in both is updated in place (or in part), so its contents must be present.
struct Op {
  std::string name;
  Phase phase = Phase::forward;
  std::uint64_t time_ns = 0;  ///< computation alone, without any transfer
  std::uint64_t workspace_bytes =
      0;                         ///< device bytes needed while the op runs, contents dead before and after
  std::vector<TensorId> reads;   ///< no duplicates
  std::vector<TensorId> writes;  ///< no duplicates
  std::vector<Overwrite>
      overwrites{};  ///< of pairs from `reads`, and from `writes` but not `reads`; no duplicates
};

/// Small buffers of several ops may share one tensor of role workspace: each op writes a part of its own, and
/// nobody writes a part again after its first reader. That is what lets a reader run twice
/// (ActionKind::recompute). Weights and states outlive the iteration. Every other tensor lives from a write
/// to its last read; one that is read before any write (an input) starts each iteration with its contents on
/// the host.
struct Schedule {
  std::vector<TensorInfo> tensors;
  std::vector<Op> ops;
};

/// True for the roles whose contents pass from one iteration to the next.
[[nodiscard]] constexpr bool outlives_iteration(Role role) {
  return role == Role::weight || role == Role::state;
}

/// The sum of all tensor bytes plus the largest workspace: what training in core allocates.
[[nodiscard]] std::uint64_t footprint_bytes(const Schedule& schedule);

/// Distinct operand bytes of op `op` plus its workspace: no budget below the largest of these can work.
[[nodiscard]] std::uint64_t op_bytes(const Schedule& schedule, OpIndex op);
[[nodiscard]] std::uint64_t largest_op_bytes(const Schedule& schedule);

[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::string_view to_string(Phase phase);

}  // namespace octrain::advisor
