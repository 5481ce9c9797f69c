// The kinds of CUDA memory that the tests go through, on the device of fake_device/ or gpu_device/.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "device_setting.h"
#include "device_work.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::cuda {

struct CudaCase : DeviceSetting {
  [[nodiscard]] std::unique_ptr<MemorySpace> make(const MemorySpaceSizes& sizes, cudaStream_t compute) const {
    hold_budget(sizes.device_bytes);
    CudaSpaceOptions options;
    options.kind = kind;
    options.device_bytes = sizes.device_bytes;
    options.workspace_bytes = sizes.workspace_bytes;
    options.arena_offsets = sizes.arena_offsets;
    options.demand_only = demand_only;
    options.compute = compute;
    return make_cuda_space(sizes.tensor_bytes, options);
  }
};

inline void PrintTo(const CudaCase& memory, std::ostream* out) { *out << memory.name; }

inline std::string cuda_case_name(const ::testing::TestParamInfo<CudaCase>& info) { return info.param.name; }

inline std::vector<CudaCase> cuda_cases() {
  std::vector<CudaCase> cases;
  for (const DeviceSetting& setting : device_settings()) cases.push_back({setting});
  return cases;
}

inline MemorySpaceCase contract_case(const CudaCase& memory) {
  const bool managed = memory.kind == Kind::managed;
  return {.name = memory.name,
          .make =
              [memory](const MemorySpaceSizes& sizes) {
                auto work = std::make_unique<DeviceOpWork>();
                auto space = memory.make(sizes, work->stream());
                return SpaceUnderTest{std::move(work), std::move(space)};
              },
          .moves = memory.kind != Kind::incore,
          .faults = managed,
          .demand_only = memory.demand_only,
          .copies_clean = managed,
          .may_pass_budget = memory.demand_only,
          .records_faults = false,
          .begin = [memory] { memory.begin(); },
          .end = expect_clean_device};
}

}  // namespace octrain::runtime::cuda
