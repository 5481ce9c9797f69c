// The machine a plan is made for: device memory, the link to the host, what a fault costs, how fast it
// computes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace octrain::advisor {

struct Machine {
  std::string name;
  std::uint64_t device_bytes = 0;
  std::uint64_t block_bytes = 2u << 20;    ///< the unit the device's memory is handed out in
  double link_in_bytes_per_s = 0;          ///< host to device; 0: free of cost
  double link_out_bytes_per_s = 0;         ///< device to host; 0: free of cost
  bool link_duplex = true;                 ///< false: both directions share one link
  std::uint64_t transfer_latency_ns = 0;   ///< once per transfer
  std::uint64_t fault_ns = 0;              ///< serving one batch of faults, without the bytes it moves
  std::uint64_t fault_bytes = 256 * 4096;  ///< bytes of the faults that one batch serves
  bool faults_overlap = false;             ///< true: a batch is served while the bytes of the last one travel
  bool tracks_writes = false;              ///< false: an eviction by fault copies out what was only read, too
  /// true: a planned eviction copies out what the host holds unchanged, too (CUDA's managed memory, where
  /// contents lie in one place at a time)
  bool clean_evictions_copy = false;
  std::uint64_t host_bytes = 0;  ///< host memory for what is not on the device; 0: as much as it takes
  double tier_bytes_per_s =
      0;                   ///< each way, of the tier that takes what exceeds host_bytes; 0: there is none
  double flops_per_s = 0;  ///< sustained, for time estimates of ops that were never measured
  double memory_bytes_per_s = 0;  ///< likewise, for ops bound by memory
};

/// The built-in machines (p100-16g … gh200-96g, g10, host); sources beside each in machine.cpp.
[[nodiscard]] std::span<const Machine> built_in_machines();
/// The built-in machine of this name, or nothing.
[[nodiscard]] std::optional<Machine> find_machine(std::string_view name);

}  // namespace octrain::advisor
