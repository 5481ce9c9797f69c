#include "platform.h"

#include "host_platform.h"
#include "octrain/runtime/error.h"
#ifdef OCTRAIN_HAS_CUDA
#include "cuda_platform.h"
#endif

namespace octrain::apps {

std::unique_ptr<Platform> open_platform(const WorkloadOptions& workload, const MemoryOptions& memory) {
#ifdef OCTRAIN_HAS_CUDA
  if (workload.backend == "cuda") return open_cuda_platform(workload, memory);
  if (workload.backend == "auto") {
    if (auto platform = try_cuda_platform(workload, memory)) return platform;
  }
#else
  if (workload.backend == "cuda") {
    throw runtime::DeviceError(
        "this build has no CUDA backend; use --backend host (octrain devices tells what there is)");
  }
#endif
  return open_host_platform(workload, memory);
}

std::string describe_platforms(const std::filesystem::path& tier_dir) {
#ifdef OCTRAIN_HAS_CUDA
  return describe_host(tier_dir) + describe_cuda();
#else
  return describe_host(tier_dir) + "cuda backend\n  no: this build has none\n";
#endif
}

}  // namespace octrain::apps
