#include "host_platform.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <thread>

#include "octrain/layers/host/backend.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/host/host_space.h"
#include "octrain/runtime/units.h"

namespace octrain::apps {

namespace {

namespace host = runtime::host;
using runtime::format_bytes;

/// RAM left to the system, the page cache and the libraries, but no more than a quarter of what there
/// is.
constexpr std::uint64_t kReserveBytes = 3 * runtime::kGiB;
constexpr double kReserveShare = 0.15;

host::Kind kind_of(Mode mode) {
  switch (mode) {
    case Mode::incore:
      return host::Kind::incore;
    case Mode::um_naive:
    case Mode::um:
      return host::Kind::managed;
    case Mode::explicit_copy:
      return host::Kind::explicit_copy;
  }
  return host::Kind::managed;
}

void require_moving_pages(const std::filesystem::path& tier_dir) {
  for (const host::HostCapability& capability : host::host_capabilities(tier_dir)) {
    if (capability.name == "UFFDIO_MOVE" && !capability.available) {
      throw runtime::DeviceError("--page-mover move: " + capability.detail);
    }
  }
}

class HostPlatform final : public Platform {
 public:
  HostPlatform(int threads, const MemoryOptions& options)
      : kernels_(layers::make_host_backend(threads)), options_(options) {}

  std::string_view name() const override { return kernels_->name(); }
  layers::Backend& kernels() override { return *kernels_; }

  std::uint64_t usable_bytes(std::uint64_t other_bytes) const override {
    const std::uint64_t usable = usable_ram_bytes();
    return usable - std::min(usable, other_bytes);
  }

  void settle(const MemoryChoice& choice, std::uint64_t other_bytes) override {
    space_.kind = kind_of(options_.mode);
    space_.demand_only = options_.mode == Mode::um_naive;
    if (options_.mode == Mode::incore) return;
    settle_tier(choice, usable_bytes(other_bytes));
    space_.force_copy = options_.page_mover == PageMover::copy;
    if (options_.page_mover == PageMover::move) require_moving_pages(space_.tier_dir);
  }

  std::string_view tier_name() const override {
    if (space_.kind == host::Kind::incore) return "none";
    return space_.tier == host::TierKind::file ? "file" : "ram";
  }

  std::string tier_text() const override {
    if (space_.kind == host::Kind::incore) return "none";
    if (space_.tier == host::TierKind::ram) {
      return space_.link ? fmt::format("RAM, paced at {}/s",
                                       format_bytes(static_cast<std::uint64_t>(space_.link->bytes_per_s)))
                         : "RAM";
    }
    const host::DiskSpace disk = host::disk_space(space_.tier_dir);
    return fmt::format("file in {} ({} free{})", space_.tier_dir.string(), format_bytes(disk.free_bytes),
                       disk.in_ram ? "; it lies in RAM" : "");
  }

  advisor::Machine machine(const MemoryChoice& choice) override;

  std::unique_ptr<runtime::MemorySpace> make_space(std::span<const std::uint64_t> tensor_bytes,
                                                   const MemoryChoice& choice) override {
    host::HostSpaceOptions space = space_;
    space.device_bytes = choice.space.device_bytes;
    space.workspace_bytes = choice.space.workspace_bytes;
    space.arena_offsets = choice.space.arena_offsets;
    space.arena_bytes = choice.space.arena_bytes;
    return host::make_host_space(tensor_bytes, space);
  }

 private:
  void settle_tier(const MemoryChoice& choice, std::uint64_t ram_bytes) {
    if (options_.link && options_.tier == TierChoice::file) {
      throw runtime::UsageError("--link paces the RAM tier; leave it out with --tier file");
    }
    // The RAM tier of a space that copies holds a second copy of what is resident.
    const bool ram_holds_all = choice.footprint_bytes + choice.space.device_bytes <= ram_bytes;
    const bool ram =
        options_.tier == TierChoice::ram || options_.link ||
        (options_.tier == TierChoice::automatic && (choice.everything_resident || ram_holds_all));
    space_.tier = ram ? host::TierKind::ram : host::TierKind::file;
    space_.link = options_.link;
    if (!ram) space_.tier_dir = options_.tier_dir.empty() ? host::default_tier_dir() : options_.tier_dir;
  }

  std::unique_ptr<layers::Backend> kernels_;
  const MemoryOptions options_;
  host::HostSpaceOptions space_;
};

advisor::Machine HostPlatform::machine(const MemoryChoice& choice) {
  advisor::Machine machine = advisor::find_machine("host").value();
  machine.device_bytes = choice.budget_bytes;
  machine.flops_per_s = kernels_->flops_per_s();
  machine.memory_bytes_per_s = kernels_->memory_bytes_per_s();
  if (space_.tier == host::TierKind::ram) {
    machine.link_duplex = true;
    machine.link_in_bytes_per_s = space_.link ? space_.link->bytes_per_s : 0;  // frames change hands: free
    machine.link_out_bytes_per_s = machine.link_in_bytes_per_s;
    machine.transfer_latency_ns = space_.link ? space_.link->latency_ns : 0;
    if (space_.kind == host::Kind::explicit_copy && !space_.link) {
      machine.link_in_bytes_per_s = machine.link_out_bytes_per_s =
          machine.memory_bytes_per_s / 2;  // read and written
    }
  }
  return machine;
}

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

}  // namespace

std::uint64_t usable_ram_bytes() {
  const std::uint64_t available = host::available_ram_bytes();
  const auto share = static_cast<std::uint64_t>(kReserveShare * static_cast<double>(available));
  return available - std::min(std::max(kReserveBytes, share), available / 4);
}

std::unique_ptr<Platform> open_host_platform(const WorkloadOptions& workload, const MemoryOptions& memory) {
  if (const char* option = workload.arithmetic.beyond_host()) {
    throw runtime::UsageError(fmt::format(
        "{} needs the CUDA backend and a GPU; the host backend computes in fp32, deterministically", option));
  }
  return std::make_unique<HostPlatform>(workload.threads, memory);
}

std::string describe_host(const std::filesystem::path& tier_dir) {
  const std::filesystem::path dir = tier_dir.empty() ? host::default_tier_dir() : tier_dir;
  std::string text = "host backend\n";
  text += fmt::format("  {} with {} processors\n", processor_name(), std::thread::hardware_concurrency());
  text += fmt::format("  RAM: {} available, {} of it as device memory by default\n",
                      format_bytes(host::available_ram_bytes()), format_bytes(usable_ram_bytes()));
  const host::DiskSpace disk = host::disk_space(dir);
  text += fmt::format("  file tier: {}, {} free{}\n", dir.string(), format_bytes(disk.free_bytes),
                      disk.in_ram ? " (lies in RAM: name a directory on a disk by --tier-dir)" : "");
  for (const host::HostCapability& capability : host::host_capabilities(dir)) {
    text += fmt::format("  {}: {}{}{}\n", capability.name, capability.available ? "yes" : "no",
                        capability.detail.empty() ? "" : ", ", capability.detail);
  }
  return text;
}

}  // namespace octrain::apps
