// Plain memory: everything stays where it is.
#pragma once

#include "host/handles.h"
#include "octrain/runtime/host/host_space.h"
#include "src/layout.h"

namespace octrain::runtime::host {

class IncoreSpace final : public MemorySpace {
 public:
  explicit IncoreSpace(Layout layout) : layout_(std::move(layout)), memory_(layout_.bytes()) {}

  void place(std::span<const std::uint64_t> arena_offsets) override { layout_.place(arena_offsets); }
  [[nodiscard]] std::byte* address(TensorId tensor) override {
    return memory_.data() + layout_.blocks(tensor).first * kBlockBytes;
  }
  [[nodiscard]] std::byte* workspace() override { return address(layout_.workspace()); }
  void prefetch(TensorId) override {}
  void evict(TensorId) override {}
  void discard(TensorId) override {}
  void acquire(const OpAccess&) override {}
  void release(const OpAccess&) override {}
  void quiesce() override {}
  void write_contents(TensorId tensor, std::uint64_t offset, std::span<const std::byte> from) override;
  void read_contents(TensorId tensor, std::uint64_t offset, std::span<std::byte> to) override;
  [[nodiscard]] MemoryCounters take_counters() override;
  [[nodiscard]] std::uint64_t resident_bytes() const override { return layout_.bytes(); }
  [[nodiscard]] std::string description() const override { return "host incore"; }

 private:
  Layout layout_;
  Mapping memory_;
};

}  // namespace octrain::runtime::host
