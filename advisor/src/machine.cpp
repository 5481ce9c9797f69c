#include "octrain/advisor/machine.h"

#include <array>

namespace octrain::advisor {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr double kGB = 1e9;
constexpr double kTera = 1e12;

/// A link reaches about 12, 25 and 50 GB/s each way on PCIe 3, 4 and 5 x16 (of 15.75, 31.5 and 63
/// nominal); starting a transfer costs about 10 µs. A fault costs 45 µs (G10, MICRO'23, table 2; 20 to 50 µs
/// in Zheng et al., HPCA'16). The driver serves up to 256 faults of 4 KiB in a batch, one batch after the
/// other, and does not know what was written (Allen and Ge, SC'21).
Machine gpu(std::string name, std::uint64_t device_bytes, double link_gb_per_s, double flops_per_s,
            double memory_bytes_per_s) {
  Machine machine;
  machine.name = std::move(name);
  machine.device_bytes = device_bytes;
  machine.link_in_bytes_per_s = link_gb_per_s * kGB;
  machine.link_out_bytes_per_s = link_gb_per_s * kGB;
  machine.transfer_latency_ns = 10'000;
  machine.fault_ns = 45'000;
  machine.flops_per_s = flops_per_s;
  machine.memory_bytes_per_s = memory_bytes_per_s;
  return machine;
}

/// The machine of the G10 artifact (its config files): an A100 whose faults move batches of 50 pages of 4
/// KiB. The 45 µs are a latency there, not a rate: batch follows batch on the link (docs/decisions/0007).
/// "128 GB" of host memory are counted in powers of two, as its 40 GB of device memory are.
Machine g10() {
  Machine machine = gpu("g10", 40 * kGiB, 15.754, 19.5 * kTera, 1555 * kGB);
  machine.block_bytes = 4096;
  machine.fault_bytes = 50 * 4096;
  machine.faults_overlap = true;
  machine.host_bytes = 128 * kGiB;
  machine.tier_bytes_per_s = 3.2 * kGB;
  machine.transfer_latency_ns = 0;
  return machine;
}

/// A plain machine, its disk as the tier below a RAM budget: direct I/O on a virtual disk, two Zen 3 cores.
/// Reads and writes share the disk (2.2 to 2.6 GB/s mixed). The budget is the caller's, so device_bytes stays
/// 0.
Machine host() {
  Machine machine;
  machine.name = "host";
  machine.block_bytes = 2 * kMiB;
  machine.link_in_bytes_per_s = 2.0 * kGB;
  machine.link_out_bytes_per_s = 3.0 * kGB;
  machine.link_duplex = false;
  machine.fault_ns = 8'000;
  machine.fault_bytes = machine.block_bytes;
  machine.tracks_writes = true;
  machine.flops_per_s = 120e9;
  machine.memory_bytes_per_s = 15 * kGB;
  return machine;
}

}  // namespace

std::span<const Machine> built_in_machines() {
  static const std::array machines = {
      // NVIDIA Tesla P100 PCIe datasheet (2016): 16 GB HBM2 at 732 GB/s, 9.3 TFLOP/s, PCIe 3.
      gpu("p100-16g", 16 * kGiB, 12, 9.3 * kTera, 732 * kGB),
      // NVIDIA Tesla V100 PCIe datasheet (2018): 16 or 32 GB HBM2 at 900 GB/s, 14 TFLOP/s, PCIe 3.
      gpu("v100-16g", 16 * kGiB, 12, 14 * kTera, 900 * kGB),
      gpu("v100-32g", 32 * kGiB, 12, 14 * kTera, 900 * kGB),
      // NVIDIA A100 datasheet (2021): 40 GB at 1555 GB/s, 80 GB PCIe at 1935 GB/s, 19.5 TFLOP/s, PCIe 4.
      gpu("a100-40g", 40 * kGiB, 25, 19.5 * kTera, 1555 * kGB),
      gpu("a100-80g", 80 * kGiB, 25, 19.5 * kTera, 1935 * kGB),
      // NVIDIA H100 SXM datasheet (2023): 80 GB HBM3 at 3.35 TB/s, 67 TFLOP/s, PCIe 5.
      gpu("h100-80g", 80 * kGiB, 50, 67 * kTera, 3350 * kGB),
      // NVIDIA H200 SXM datasheet (2024): 141 GB HBM3e at 4.8 TB/s, 67 TFLOP/s, PCIe 5.
      gpu("h200-141g", 141'000'000'000ull / (2 * kMiB) * (2 * kMiB), 50, 67 * kTera, 4800 * kGB),
      // NVIDIA GH200 datasheet (2023): 96 GB HBM3 at 4 TB/s, 67 TFLOP/s, NVLink-C2C 450 GB/s each way.
      gpu("gh200-96g", 96'000'000'000ull / (2 * kMiB) * (2 * kMiB), 450, 67 * kTera, 4000 * kGB),
      g10(),
      host(),
  };
  return machines;
}

std::optional<Machine> find_machine(std::string_view name) {
  for (const Machine& machine : built_in_machines()) {
    if (machine.name == name) return machine;
  }
  return std::nullopt;
}

}  // namespace octrain::advisor
