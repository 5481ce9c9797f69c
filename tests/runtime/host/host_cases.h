// The kinds of host memory that the tests go through.
#pragma once

#include <string>
#include <vector>

#include "contract/memory_space_case.h"
#include "contract/op_work.h"
#include "octrain/runtime/host/host_space.h"

namespace octrain::runtime::host {

inline HostSpaceOptions options_of(Kind kind, TierKind tier, bool force_copy = false,
                                   bool demand_only = false) {
  HostSpaceOptions options;
  options.kind = kind;
  options.tier = tier;
  if (tier == TierKind::file) options.tier_dir = default_tier_dir();
  options.force_copy = force_copy;
  options.demand_only = demand_only;
  return options;
}

inline MemorySpaceCase case_of(std::string name, const HostSpaceOptions& options) {
  const bool managed = options.kind == Kind::managed;
  // By name and with the reason: everything else runs under the sanitizers.
  const char* skip =
      kThreadSanitizer && options.force_copy
          ? "ThreadSanitizer does not see that the kernel holds writers back while a block is copied out"
          : "";
  return {std::move(name),
          [options](const MemorySpaceSizes& sizes) {
            HostSpaceOptions sized = options;
            sized.device_bytes = sizes.device_bytes;
            sized.workspace_bytes = sizes.workspace_bytes;
            sized.arena_offsets = sizes.arena_offsets;
            return SpaceUnderTest{std::make_unique<HostOpWork>(), make_host_space(sizes.tensor_bytes, sized)};
          },
          options.kind != Kind::incore,
          managed,
          options.demand_only,
          skip};
}

inline std::vector<MemorySpaceCase> naive_cases() {
  return {case_of("NaiveMoveRam", options_of(Kind::managed, TierKind::ram, false, true)),
          case_of("NaiveMoveFile", options_of(Kind::managed, TierKind::file, false, true)),
          case_of("NaiveCopyRam", options_of(Kind::managed, TierKind::ram, true, true)),
          case_of("NaiveCopyFile", options_of(Kind::managed, TierKind::file, true, true))};
}

inline std::vector<MemorySpaceCase> host_cases() {
  auto cases = naive_cases();
  cases.push_back(case_of("MoveRam", options_of(Kind::managed, TierKind::ram)));
  cases.push_back(case_of("MoveFile", options_of(Kind::managed, TierKind::file)));
  cases.push_back(case_of("CopyRam", options_of(Kind::managed, TierKind::ram, true)));
  cases.push_back(case_of("CopyFile", options_of(Kind::managed, TierKind::file, true)));
  cases.push_back(case_of("ExplicitRam", options_of(Kind::explicit_copy, TierKind::ram)));
  cases.push_back(case_of("ExplicitFile", options_of(Kind::explicit_copy, TierKind::file)));
  HostSpaceOptions paced = options_of(Kind::managed, TierKind::ram);
  paced.link = LinkPace{20e9, 10'000};
  cases.push_back(case_of("PacedRam", paced));
  paced.kind = Kind::explicit_copy;
  cases.push_back(case_of("ExplicitPacedRam", paced));
  cases.push_back(case_of("Incore", options_of(Kind::incore, TierKind::ram)));
  return cases;
}

}  // namespace octrain::runtime::host
