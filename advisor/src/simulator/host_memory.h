// Where contents lie while they are not on the device: in host memory as far as that reaches, else in the
// tier below.
#pragma once

#include <cstdint>

#include "octrain/advisor/machine.h"

namespace octrain::advisor {

/// Bytes of one tensor's contents by where they lie.
struct HostShare {
  std::uint64_t host = 0;
  std::uint64_t tier = 0;
  [[nodiscard]] std::uint64_t total() const { return host + tier; }
  /// Takes this many bytes of it (at most all) away, those in host memory first.
  HostShare take(std::uint64_t bytes);
  HostShare& operator+=(const HostShare& other);
  HostShare& operator-=(const HostShare& other);
};

class HostMemory {
 public:
  explicit HostMemory(const Machine& machine) : machine_(machine) {}

  /// Finds room for contents that come to lie here.
  [[nodiscard]] HostShare place(std::uint64_t bytes);
  /// They lie here no longer.
  void release(const HostShare& share) { used_ -= share.host; }

  /// Time for `bytes` over a link, of which the tier carries `tier_bytes`: the tier's bytes travel over the
  /// same link at the same time, and the slower of the two decides. Latency is the caller's.
  [[nodiscard]] std::uint64_t travel_ns(std::uint64_t bytes, std::uint64_t tier_bytes,
                                        double link_bytes_per_s) const;

 private:
  const Machine& machine_;
  std::uint64_t used_ = 0;
};

}  // namespace octrain::advisor
