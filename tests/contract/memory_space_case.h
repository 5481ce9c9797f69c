// One kind of memory for a suite that goes through several.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "octrain/runtime/memory_space.h"

namespace octrain::runtime {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kRandomSteps = 400;  // sanitizers are slow with this much memory
#else
inline constexpr int kRandomSteps = 3000;
#endif

struct MemorySpaceSizes {
  std::vector<std::uint64_t> tensor_bytes;
  std::uint64_t device_bytes = 0;
  std::uint64_t workspace_bytes = 0;
  std::vector<std::uint64_t> arena_offsets = {};  ///< empty: every tensor has bytes of its own
};

struct MemorySpaceCase {
  std::string name;
  std::function<std::unique_ptr<MemorySpace>(const MemorySpaceSizes&)> make;
  bool moves = true;         ///< hints have effects (not so in core)
  bool faults = false;       ///< what no hint brought is served on demand
  bool demand_only = false;  ///< acquire() reserves nothing
  std::string skip = {};     ///< why it cannot be tested here, if so
};

/// Without it GoogleTest shows the bytes of the struct, pointers included.
inline void PrintTo(const MemorySpaceCase& memory, std::ostream* out) { *out << memory.name; }

inline std::string case_name(const testing::TestParamInfo<MemorySpaceCase>& info) { return info.param.name; }

}  // namespace octrain::runtime
