#include "cuda/incore_space.h"

#include "cuda/arena.h"
#include "cuda/event_timer.h"
#include "cuda/graph_recorder.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::cuda {

IncoreSpace::IncoreSpace(Layout layout, cudaStream_t compute)
    : layout_(std::move(layout)),
      compute_(compute),
      memory_(make_device_buffer(with_boundary(layout_.bytes()))),
      arena_(first_block(memory_.data())) {}

IncoreSpace::~IncoreSpace() {
  if (cudaStreamSynchronize(compute_) != cudaSuccess) static_cast<void>(cudaGetLastError());
}

std::unique_ptr<OpTimer> IncoreSpace::make_timer() { return std::make_unique<EventTimer>(compute_); }

std::unique_ptr<OpRecorder> IncoreSpace::make_recorder() { return std::make_unique<GraphRecorder>(compute_); }

void IncoreSpace::write_contents(TensorId tensor, std::uint64_t offset, std::span<const std::byte> from) {
  if (from.empty()) return;
  check(cudaMemcpyAsync(address(tensor) + offset, from.data(), from.size(), cudaMemcpyHostToDevice, compute_),
        "cudaMemcpyAsync (contents)");
  check(cudaStreamSynchronize(compute_), "cudaStreamSynchronize (contents)");
}

void IncoreSpace::read_contents(TensorId tensor, std::uint64_t offset, std::span<std::byte> to) {
  if (to.empty()) return;
  check(cudaMemcpyAsync(to.data(), address(tensor) + offset, to.size(), cudaMemcpyDeviceToHost, compute_),
        "cudaMemcpyAsync (contents)");
  check(cudaStreamSynchronize(compute_), "cudaStreamSynchronize (contents)");
}

MemoryCounters IncoreSpace::take_counters() {
  MemoryCounters counters;
  counters.peak_resident_bytes = resident_bytes();
  return counters;
}

}  // namespace octrain::runtime::cuda
