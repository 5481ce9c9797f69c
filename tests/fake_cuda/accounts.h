// What the calls mean: where the blocks of managed memory lie, and whether the uses of bytes are ordered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fake_cuda/fake_cuda.h"
#include "fake_cuda/history.h"
#include "fake_cuda/journal.h"
#include "fake_cuda/memory.h"

namespace octrain::fake_cuda {

/// Who touches bytes. A kernel moves what it touches to the device, the host to the host; a copy leaves it
/// where it lies, and what lies nowhere comes to the side that the copy names.
enum class Toucher { kKernel, kHost, kCopyToDevice, kCopyToHost };

class Accounts {
 public:
  Accounts(Journal& journal, AddressSpace& space) : journal_(journal), space_(space) {}

  /// Accounts for one use of a range, and reports what is wrong with it. False if the range is not accessible
  /// (reported too). `toucher` matters for reads and writes only.
  bool touch(Range range, const Use& use, Toucher toucher);
  /// After the prefetches of a call: is there more on the device than may be?
  void check_budget(const Use& use);
  /// The memory behind the region is about to go.
  void forget(const Region& region);

  void set_budget(std::uint64_t bytes) { budget_bytes_ = bytes; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] Place where(const void* address);

 private:
  void check_order(const Piece& piece, const Use& use);
  void move_blocks(const Piece& piece, const Use& use, Toucher toucher);
  void move_block(Block& block, std::uint64_t bytes, const Use& use, Toucher toucher);
  void arrive(Block& block, std::uint64_t bytes, bool by_prefetch);
  void leave(Block& block, std::uint64_t bytes, Place to, const Use& use);
  void use_block(Block& block, std::uint64_t bytes, const Use& use, Toucher toucher);

  Journal& journal_;
  AddressSpace& space_;
  Counters counters_;
  std::uint64_t budget_bytes_ = kNoBudget;
};

}  // namespace octrain::fake_cuda
