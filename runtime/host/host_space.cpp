#include "octrain/runtime/host/host_space.h"

#include <algorithm>
#include <fstream>

#include "host/file_tier.h"
#include "host/incore_space.h"
#include "host/paged_space.h"
#include "host/ram_tier.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {
namespace {

/// Refuses now what the kernel would kill later.
void require_ram(std::uint64_t bytes, const char* what, const char* remedy) {
  const std::uint64_t available = available_ram_bytes();
  if (bytes <= available) return;
  throw OutOfDeviceMemory(std::string(what) + " takes " + format_bytes(bytes) + " of RAM, but " +
                              format_bytes(available) + " are available; " + remedy,
                          bytes - available);
}

std::unique_ptr<MemorySpace> make_incore(Layout layout, const HostSpaceOptions& options) {
  if (options.device_bytes > 0 && layout.bytes() > options.device_bytes) {
    throw OutOfDeviceMemory("in core the model takes " + format_bytes(layout.bytes()) +
                                ", but the device has " + format_bytes(options.device_bytes) +
                                "; use --mode um",
                            layout.bytes() - options.device_bytes);
  }
  require_ram(layout.bytes(), "in core the model", "use --mode um with less --device-memory");
  return std::make_unique<IncoreSpace>(std::move(layout));
}

/// Each block that is mapped in or out by itself may be a mapping of the kernel's; their number is limited.
void require_mappings(std::uint64_t count) {
  constexpr std::uint64_t kOthers = 1000;
  std::uint64_t limit = 0;
  if (!(std::ifstream("/proc/sys/vm/max_map_count") >> limit) || count + kOthers <= limit) return;
  throw DeviceError("mode explicit needs up to " + std::to_string(count + kOthers) +
                    " memory mappings, but vm.max_map_count is " + std::to_string(limit) +
                    ": raise it with `sysctl vm.max_map_count=" + std::to_string(count + kOthers) +
                    "` or use --mode um");
}

std::unique_ptr<Tier> make_tier(const Layout& layout, const HostSpaceOptions& options) {
  const std::uint64_t frames = std::min(options.device_bytes, layout.bytes());
  if (options.tier == TierKind::file) {
    require_ram(frames, "the device memory", "give less --device-memory");
    return std::make_unique<FileTier>(options.tier_dir, layout.block_count());
  }
  if (options.kind == Kind::managed) {
    require_ram(layout.bytes(), "the model with a tier in RAM", "use --tier file");
    return std::make_unique<HandoverTier>(options.link);
  }
  require_ram(frames + layout.bytes(), "the device memory and a tier in RAM", "use --tier file");
  return std::make_unique<BufferTier>(layout.block_count(), options.link);
}

}  // namespace

std::unique_ptr<MemorySpace> make_host_space(std::span<const std::uint64_t> tensor_bytes,
                                             const HostSpaceOptions& options) {
  Layout layout(tensor_bytes, options.arena_offsets, options.workspace_bytes, options.arena_bytes);
  if (options.kind == Kind::incore) return make_incore(std::move(layout), options);
  if (options.kind == Kind::explicit_copy) {
    require_mappings(layout.block_count() + options.device_bytes / kBlockBytes);
  }
  auto tier = make_tier(layout, options);
  return std::make_unique<PagedSpace>(std::move(layout), options, std::move(tier));
}

}  // namespace octrain::runtime::host
