// How much is kept resident: decided before a byte is allocated, and said.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "octrain/advisor/advise.h"
#include "octrain/runtime/memory_space.h"
#include "octrain/runtime/program.h"
#include "options.h"

namespace octrain::apps {

class Platform;  // platform.h

/// What every backend's memory must know.
struct SpaceSizes {
  std::uint64_t device_bytes = 0;     ///< resident at most; with everything resident, all that there is
  std::uint64_t workspace_bytes = 0;  ///< the largest of any op
  std::vector<std::uint64_t> arena_offsets;  ///< by tensor; empty: each has bytes of its own
  std::uint64_t arena_bytes = 0;             ///< for the tensors; more than the offsets need if others follow
};

struct MemoryChoice {
  SpaceSizes space;
  std::uint64_t footprint_bytes = 0;
  std::uint64_t arena_bytes = 0;   ///< what of it is used: less where tensors share bytes
  std::uint64_t budget_bytes = 0;  ///< what a plan may use; for incore the arena or what the user allows
  bool everything_resident = false;
  /// In whole blocks: what the tensors take, and the largest workspace.
  [[nodiscard]] std::uint64_t with_workspace(std::uint64_t tensor_bytes) const;
  [[nodiscard]] double oversubscription() const;
};

/// `other_bytes`: what the process needs of RAM beside the tensors. `resident_arena_bytes`: what the tensors
/// take together, where that is known beforehand because no plan depends on the budget. Settles the platform.
/// Throws OutOfDeviceMemory naming the largest op when no plan could work, or when incore does not fit;
/// UsageError for options that exclude each other.
[[nodiscard]] MemoryChoice choose_memory(Platform& platform, const runtime::Program& program,
                                         const MemoryOptions& options, std::uint64_t other_bytes,
                                         std::optional<std::uint64_t> resident_arena_bytes);

/// The tensors lie as `first` places them, in an arena of so many bytes; or, if other plans follow, in as
/// much as any plan can need.
void place_tensors(MemoryChoice& choice, const runtime::Program& program, const advisor::Advice& first,
                   std::uint64_t arena_bytes, bool others_follow);

/// Does the pass fit in the budget op by op? Throws OutOfDeviceMemory with the shortfall and the op's name.
void require_ops_fit(const advisor::Schedule& schedule, std::uint64_t budget_bytes);

[[nodiscard]] std::unique_ptr<runtime::MemorySpace> make_space(Platform& platform,
                                                               const runtime::Program& program,
                                                               const MemoryChoice& choice);

}  // namespace octrain::apps
