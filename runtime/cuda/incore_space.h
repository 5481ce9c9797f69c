// Plain device memory: everything stays where it is.
#pragma once

#include "octrain/runtime/cuda/cuda_space.h"
#include "octrain/runtime/cuda/handles.h"
#include "src/layout.h"

namespace octrain::runtime::cuda {

class IncoreSpace final : public MemorySpace {
 public:
  IncoreSpace(Layout layout, cudaStream_t compute);
  ~IncoreSpace() override;

  void place(std::span<const std::uint64_t> arena_offsets) override { layout_.place(arena_offsets); }
  [[nodiscard]] std::byte* address(TensorId tensor) override {
    return arena_ + layout_.blocks(tensor).first * kBlockBytes;
  }
  [[nodiscard]] std::byte* workspace() override { return address(layout_.workspace()); }
  void prefetch(TensorId) override {}
  void evict(TensorId) override {}
  void discard(TensorId) override {}
  void acquire(const OpAccess&) override {}
  void release(const OpAccess&) override {}
  [[nodiscard]] std::unique_ptr<OpTimer> make_timer() override;
  [[nodiscard]] std::unique_ptr<OpRecorder> make_recorder() override;
  void quiesce() override {}
  void write_contents(TensorId tensor, std::uint64_t offset, std::span<const std::byte> from) override;
  void read_contents(TensorId tensor, std::uint64_t offset, std::span<std::byte> to) override;
  [[nodiscard]] MemoryCounters take_counters() override;
  [[nodiscard]] std::uint64_t resident_bytes() const override { return layout_.bytes(); }
  [[nodiscard]] std::string description() const override { return "cuda incore"; }

 private:
  Layout layout_;
  cudaStream_t compute_;
  DeviceBuffer memory_;
  std::byte* arena_;  // the first whole block in it
};

}  // namespace octrain::runtime::cuda
