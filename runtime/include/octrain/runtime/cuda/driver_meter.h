// What the driver really does with managed memory, as CUPTI tells it: nothing else can.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "octrain/runtime/memory_space.h"

namespace octrain::runtime::cuda {

/// CUPTI is loaded at run time, so that a program starts where it is missing. Where it is, refuses (no
/// permission, another profiler, a driver or device that cannot) or loses records, there are no figures
/// rather than wrong ones.
class DriverMeter {
 public:
  /// `told`: why nothing is measured; once at most, from the constructor or take().
  using Told = std::function<void(const std::string& why)>;

  /// The first of the libraries that can be loaded is taken. To be made before the process has a context on
  /// any device, and one at a time. Where there is no device, nothing is measured and nothing told.
  DriverMeter(const std::vector<std::string>& libraries, Told told);
  ~DriverMeter();
  DriverMeter(const DriverMeter&) = delete;
  DriverMeter& operator=(const DriverMeter&) = delete;

  /// Since the last take(); of what the device has done, so who wants all of it waits for that before.
  [[nodiscard]] std::optional<DriverCounters> take();

 private:
  struct Library;
  void refuse(const std::string& why);

  Told told_;
  std::unique_ptr<Library> library_;  // null: nothing is measured
};

/// As the loader finds it, and where the toolkit keeps it: that of the toolkit that this was built with, then
/// any.
[[nodiscard]] std::vector<std::string> cupti_libraries();

}  // namespace octrain::runtime::cuda
