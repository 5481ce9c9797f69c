// When a tensor's bytes matter, and when each is used next.
#pragma once

#include <cstdint>
#include <vector>

#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

struct TensorAccess {
  OpIndex op = 0;
  bool reads = false;  ///< false: a pure write, which makes earlier contents dead
  bool writes = false;
};

/// Every tensor's accesses in op order.
[[nodiscard]] std::vector<std::vector<TensorAccess>> accesses_by_tensor(const Schedule& schedule);

/// Answers about liveness and next use over the cyclic schedule (the op after the last is the first of the
/// next iteration).
class Liveness {
 public:
  explicit Liveness(const Schedule& schedule);
  /// Are the tensor's contents needed by anyone after op `op` has run (next iteration included for weights
  /// and states)?
  [[nodiscard]] bool live_after(TensorId tensor, OpIndex op) const;
  /// Absolute index of the first access strictly after op `op`: values >= op count lie in the next iteration;
  /// kNever when the tensor is never used again (only tensors without any access).
  [[nodiscard]] std::uint64_t next_use(TensorId tensor, OpIndex op) const;
  /// Are the contents needed at the start of the iteration (read before any write)?
  [[nodiscard]] bool live_in(TensorId tensor) const;
  [[nodiscard]] const std::vector<TensorAccess>& accesses(TensorId tensor) const { return accesses_[tensor]; }
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

 private:
  std::vector<std::vector<TensorAccess>> accesses_;
  std::vector<Role> roles_;
  std::uint64_t op_count_ = 0;
};

}  // namespace octrain::advisor
