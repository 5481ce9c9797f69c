#include "cuda_platform.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "host_platform.h"
#include "octrain/layers/cuda/backend.h"
#include "octrain/runtime/cuda/cuda_space.h"
#include "octrain/runtime/cuda/device.h"
#include "octrain/runtime/cuda/driver_meter.h"
#include "octrain/runtime/cuda/handles.h"
#include "octrain/runtime/cuda/link_speed.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::apps {

namespace {

namespace cuda = runtime::cuda;
using runtime::format_bytes;

/// Device memory left to what the libraries take later, and to the driver.
constexpr std::uint64_t kReserveBytes = 512 * runtime::kMiB;
/// What the driver takes to serve a batch of faults (see advisor/src/machine.cpp).
constexpr std::uint64_t kFaultNs = 45'000, kTransferLatencyNs = 10'000;

cuda::Kind kind_of(Mode mode) {
  switch (mode) {
    case Mode::incore:
      return cuda::Kind::incore;
    case Mode::um_naive:
    case Mode::um:
      return cuda::Kind::managed;
    case Mode::explicit_copy:
      return cuda::Kind::explicit_copy;
  }
  return cuda::Kind::managed;
}

cuda::DeviceFacts usable_device() {
  cuda::DeviceProbe probe = cuda::probe_device();
  if (!probe.facts) {
    throw runtime::DeviceError("the CUDA backend cannot be used here: " + probe.why_not +
                               " (octrain devices tells what there is)");
  }
  return *std::move(probe.facts);
}

std::filesystem::path cache_dir() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache != '\0') return std::filesystem::path(cache) / "octrain";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return std::filesystem::path(home) / ".cache" / "octrain";
}

/// Where measured choices are kept, so that every run makes the same; empty, and said, where nothing can be.
std::filesystem::path tuning_file() {
  const std::filesystem::path dir = cache_dir();
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (!dir.empty() && std::ofstream(dir / "convolutions", std::ios::app)) return dir / "convolutions";
  const std::string why =
      dir.empty() ? "XDG_CACHE_HOME and HOME are not set" : dir.string() + " cannot be written";
  spdlog::warn("{}: convolutions run by cuDNN's rules, not by measured times", why);
  return {};
}

/// An option that only the host backend has, if one is given.
const char* host_option(const WorkloadOptions& workload, const MemoryOptions& memory) {
  return workload.threads != 0                       ? "--threads"
         : memory.tier == TierChoice::file           ? "--tier file"
         : !memory.tier_dir.empty()                  ? "--tier-dir"
         : memory.link                               ? "--link"
         : memory.page_mover != PageMover::automatic ? "--page-mover"
                                                     : nullptr;
}

/// Modes in which the driver moves memory by itself.
bool is_managed(Mode mode) { return mode == Mode::um || mode == Mode::um_naive; }

/// What it does then is measured, as far as that can be. Before the device is looked at: that makes a
/// context.
std::unique_ptr<cuda::DriverMeter> make_meter(Mode mode) {
  if (!is_managed(mode)) return nullptr;
  return std::make_unique<cuda::DriverMeter>(cuda::cupti_libraries(), [](const std::string& why) {
    spdlog::warn("faults and the driver's evictions are not measured: {}", why);
  });
}

layers::ElementType element_of(Precision precision) {
  switch (precision) {
    case Precision::fp16:
      return layers::ElementType::float16;
    case Precision::bf16:
      return layers::ElementType::bfloat16;
    case Precision::fp32:
    case Precision::tf32:
      break;
  }
  return layers::ElementType::float32;
}

class CudaPlatform final : public Platform {
 public:
  CudaPlatform(const ArithmeticOptions& arithmetic, const MemoryOptions& options,
               std::unique_ptr<cuda::DriverMeter> meter)
      : meter_(std::move(meter)),
        device_(usable_device()),
        mode_(options.mode),
        stream_(cuda::make_stream()) {
    if (is_managed(mode_) && !device_.concurrent_managed_access) {
      throw runtime::DeviceError(
          device_.name +
          " cannot oversubscribe managed memory here (no concurrentManagedAccess: Windows, "
          "WSL, or a card before Pascal); use --mode explicit");
    }
    layers::cuda::CudaBackendOptions backend;
    backend.stream = stream_.get();
    backend.tuning_file = tuning_file();
    backend.warn = [](const std::string& what) { spdlog::warn(what); };
    backend.deterministic = !arithmetic.fast_nondeterministic;
    backend.tf32 = arithmetic.precision == Precision::tf32;
    backend.element = element_of(arithmetic.precision);
    kernels_ = layers::cuda::make_cuda_backend(backend);
  }

  std::string_view name() const override { return kernels_->name(); }
  layers::Backend& kernels() override { return *kernels_; }

  /// Asked when the libraries have taken theirs and their algorithms are chosen.
  std::uint64_t usable_bytes(std::uint64_t) const override {
    const std::uint64_t free_bytes = usable_device().free_bytes;
    return free_bytes - std::min(kReserveBytes, free_bytes);
  }

  void settle(const MemoryChoice& choice, std::uint64_t other_bytes) override {
    if (mode_ == Mode::incore || choice.everything_resident) return;
    const std::uint64_t usable = usable_ram_bytes();
    const std::uint64_t ram = usable - std::min(usable, other_bytes);
    // Managed memory lies in one place; what is copied has a place in RAM, too.
    const std::uint64_t on_device =
        is_managed(mode_) ? std::min(choice.space.device_bytes, choice.footprint_bytes) : 0;
    const std::uint64_t needed = choice.footprint_bytes - on_device;
    if (needed <= ram) return;
    throw runtime::OutOfDeviceMemory(
        fmt::format("what is not on the device lies in RAM: {} needed, {} there, {} short",
                    format_bytes(needed), format_bytes(ram), format_bytes(needed - ram)),
        needed - ram);
  }

  std::string_view tier_name() const override { return mode_ == Mode::incore ? "none" : "ram"; }
  std::string tier_text() const override { return mode_ == Mode::incore ? "none" : "the host's RAM"; }

  advisor::Machine machine(const MemoryChoice& choice) override {
    const cuda::LinkSpeed link = cuda::measure_link(device_.ordinal);
    advisor::Machine machine;
    machine.name = device_.name;
    machine.device_bytes = choice.budget_bytes;
    machine.link_in_bytes_per_s = link.in_bytes_per_s;
    machine.link_out_bytes_per_s = link.out_bytes_per_s;
    machine.transfer_latency_ns = kTransferLatencyNs;
    machine.fault_ns = kFaultNs;
    machine.clean_evictions_copy = kind_of(mode_) == cuda::Kind::managed;
    machine.flops_per_s = kernels_->flops_per_s();
    machine.memory_bytes_per_s = kernels_->memory_bytes_per_s();
    return machine;
  }

  std::unique_ptr<runtime::MemorySpace> make_space(std::span<const std::uint64_t> tensor_bytes,
                                                   const MemoryChoice& choice) override {
    cuda::CudaSpaceOptions space;
    space.kind = kind_of(mode_);
    space.demand_only = mode_ == Mode::um_naive;
    space.device_bytes = choice.space.device_bytes;
    space.workspace_bytes = choice.space.workspace_bytes;
    space.arena_offsets = choice.space.arena_offsets;
    space.arena_bytes = choice.space.arena_bytes;
    space.device = device_.ordinal;
    space.compute = stream_.get();
    space.driver = meter_.get();
    return cuda::make_cuda_space(tensor_bytes, space);
  }

 private:
  std::unique_ptr<cuda::DriverMeter> meter_;  // null: nothing to be measured
  cuda::DeviceFacts device_;
  Mode mode_;
  cuda::Stream stream_;
  std::unique_ptr<layers::Backend> kernels_;
};

}  // namespace

std::unique_ptr<Platform> open_cuda_platform(const WorkloadOptions& workload, const MemoryOptions& memory) {
  if (const char* option = host_option(workload, memory)) {
    throw runtime::UsageError(
        fmt::format("{} is the host backend's; leave it out with --backend cuda", option));
  }
  return std::make_unique<CudaPlatform>(workload.arithmetic, memory, make_meter(memory.mode));
}

std::unique_ptr<Platform> try_cuda_platform(const WorkloadOptions& workload, const MemoryOptions& memory) {
  if (host_option(workload, memory) != nullptr) return nullptr;
  auto meter = make_meter(memory.mode);
  if (!cuda::probe_device().facts) return nullptr;
  return std::make_unique<CudaPlatform>(workload.arithmetic, memory, std::move(meter));
}

std::string describe_cuda() {
  const cuda::DeviceProbe probe = cuda::probe_device();
  if (!probe.facts) return "cuda backend\n  no: " + probe.why_not + "\n";
  const cuda::DeviceFacts& device = *probe.facts;
  const auto version = [](int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); };
  return fmt::format(
      "cuda backend\n  {} (compute capability {}.{}), driver for CUDA {}, built with {}\n"
      "  device memory: {}, {} free\n"
      "  managed memory beyond it (--mode um, um-naive): {}\n  discard without copying: {}\n",
      device.name, device.compute_major, device.compute_minor, version(device.driver_version),
      version(device.runtime_version), format_bytes(device.total_bytes), format_bytes(device.free_bytes),
      device.concurrent_managed_access ? "yes" : "no, use --mode explicit", device.discard ? "yes" : "no");
}

}  // namespace octrain::apps
