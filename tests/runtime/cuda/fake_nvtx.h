// A profiler that notes the ranges that it is told of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace octrain::fake_nvtx {

struct Range {
  std::string name;
  std::uint64_t bytes = 0;  ///< the payload
  bool nested = false;      ///< pushed and popped by one thread
  bool ended = false;
};

/// All that there have been, in the order in which they began; those of domain "octrain" alone.
[[nodiscard]] std::vector<Range> ranges();
[[nodiscard]] std::vector<std::string> thread_names();

}  // namespace octrain::fake_nvtx
