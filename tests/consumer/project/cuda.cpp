#include "cuda.h"

#include "octrain/layers/cuda/backend.h"
#include "octrain/runtime/cuda/cuda_space.h"
#include "octrain/runtime/cuda/device.h"
#include "octrain/runtime/cuda/handles.h"

bool cuda_works_or_tells() {
  namespace cuda = octrain::runtime::cuda;
  const cuda::DeviceProbe probe = cuda::probe_device();
  if (!probe.facts) return !probe.why_not.empty();
  const cuda::Stream stream = cuda::make_stream();
  octrain::layers::cuda::CudaBackendOptions backend;
  backend.stream = stream.get();
  const std::uint64_t bytes = 2u << 20;
  cuda::CudaSpaceOptions options;
  options.kind = cuda::Kind::incore;
  options.compute = stream.get();
  const auto space = cuda::make_cuda_space({&bytes, 1}, options);
  return octrain::layers::cuda::make_cuda_backend(backend)->name() == "cuda" && space->address(0) != nullptr;
}
