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

/// How the suite's ops touch memory: at once, or behind on a device, in order.
class OpWork {
 public:
  virtual ~OpWork() = default;
  OpWork(const OpWork&) = delete;
  OpWork& operator=(const OpWork&) = delete;

  virtual void fill(std::byte* at, std::byte value, std::uint64_t bytes) = 0;
  virtual void expect_filled(const std::byte* at, std::byte value, std::uint64_t bytes) = 0;
  /// Words that grow from `start` (write_pattern()).
  virtual void write(std::byte* at, std::uint64_t start, std::uint64_t bytes) = 0;
  virtual void expect(const std::byte* at, std::uint64_t start, std::uint64_t bytes, std::string what) = 0;
  /// Waits for all of it.
  virtual void finish() {}

 protected:
  OpWork() = default;
};

/// The space dies before that by which it is touched.
struct SpaceUnderTest {
  std::unique_ptr<OpWork> work;
  std::unique_ptr<MemorySpace> space;
};

struct MemorySpaceCase {
  std::string name;
  std::function<SpaceUnderTest(const MemorySpaceSizes&)> make;
  bool moves = true;         ///< hints have effects (not so in core)
  bool faults = false;       ///< what no hint brought is served on demand
  bool demand_only = false;  ///< acquire() reserves nothing
  std::string skip = {};     ///< why it cannot be tested here, if so
  /// An eviction copies contents even if the host has the same.
  bool copies_clean = false;
  /// The budget is kept from iteration to iteration, not within one.
  bool may_pass_budget = false;
  bool records_faults = true;           ///< when and how long each took, in a transfer log
  std::function<void()> begin = [] {};  ///< before each test
  std::function<void()> end = [] {};    ///< after it, when the space is gone: checks what it left
};

/// Without it GoogleTest shows the bytes of the struct, pointers included.
inline void PrintTo(const MemorySpaceCase& memory, std::ostream* out) { *out << memory.name; }

inline std::string case_name(const testing::TestParamInfo<MemorySpaceCase>& info) { return info.param.name; }

}  // namespace octrain::runtime
