// Named ranges for profilers (NVTX): of no cost unless one is attached.
#pragma once

#include <cstdint>

namespace octrain::runtime::cuda {

/// On the calling thread, nested.
void push_range(const char* name);
void pop_range();

/// Of any thread, in any order; `bytes` are shown with it.
using RangeId = std::uint64_t;
[[nodiscard]] RangeId start_range(const char* name, std::uint64_t bytes);
void end_range(RangeId range);

/// The calling thread's.
void name_thread(const char* name);

}  // namespace octrain::runtime::cuda
