// A CUPTI that measures what a test tells it, or refuses.
#pragma once

#include <cuda.h>
#include <cupti_activity.h>

#include <string>
#include <vector>

namespace octrain::fake_cupti {

struct Record {
  CUpti_ActivityUnifiedMemoryCounterKind kind{};
  std::uint32_t flags = 0;  ///< its cause, or its access
  std::uint64_t value = 0;
};

/// Forgets everything; the function of that name, if there is one, answers the error from now on.
void reset(const std::string& failing = {}, CUptiResult error = CUPTI_SUCCESS);
/// Of the driver, who has just done this; told with the next flush, if they were asked for.
void happened(const std::vector<Record>& records);
/// There was no room for so many.
void lost(std::size_t records);
/// All functions that were called, in order, but those that read.
[[nodiscard]] std::vector<std::string> calls();
/// Buffers that were lent and not given back.
[[nodiscard]] int buffers_out();

}  // namespace octrain::fake_cupti
