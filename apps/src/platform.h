// A backend as the program sees it: its kernels, its memory, and what it can do here. One source file each;
// platform.cpp is the only place that knows which of them were built.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "memory_choice.h"
#include "octrain/advisor/machine.h"
#include "octrain/layers/kernel.h"
#include "octrain/runtime/memory_space.h"
#include "options.h"

namespace octrain::apps {

class Platform {
 public:
  virtual ~Platform() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual layers::Backend& kernels() = 0;

  /// Device bytes that a training may take now, if the process needs `other_bytes` of RAM beside it.
  [[nodiscard]] virtual std::uint64_t usable_bytes(std::uint64_t other_bytes) const = 0;
  /// Settles what lies below the device memory that was chosen. Throws UsageError for options that exclude
  /// each other, DeviceError for what is not there, OutOfDeviceMemory when it could not hold the model.
  virtual void settle(const MemoryChoice& choice, std::uint64_t other_bytes) = 0;

  // From here on what was settled matters.

  /// "ram", "file", "none": where contents go that are not resident; for the report.
  [[nodiscard]] virtual std::string_view tier_name() const = 0;
  /// "RAM", "file in /var/tmp (70.1 GiB free)": for people.
  [[nodiscard]] virtual std::string tier_text() const = 0;
  /// The machine that plans are made for and that the simulator is to predict; as far as it is known without
  /// training.
  [[nodiscard]] virtual advisor::Machine machine(const MemoryChoice& choice) = 0;
  [[nodiscard]] virtual std::unique_ptr<runtime::MemorySpace> make_space(
      std::span<const std::uint64_t> tensor_bytes, const MemoryChoice& choice) = 0;
};

/// The backend that the options name; "auto": the first that can be used here, whatever the mode. Throws
/// DeviceError for one that this build has not, or that cannot be used, or not in this mode, saying why.
[[nodiscard]] std::unique_ptr<Platform> open_platform(const WorkloadOptions& workload,
                                                      const MemoryOptions& memory);

/// For `octrain devices`: what every backend can do here, and why not where it cannot.
[[nodiscard]] std::string describe_platforms(const std::filesystem::path& tier_dir);

}  // namespace octrain::apps
