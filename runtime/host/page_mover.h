// Three ways to put a page at its place among the tensors and to take it away again.
//
// Pages are conserved: a slot (memory_slots.h) holds one page or is empty, a block of a tensor likewise, and
// a mover carries the page from one to the other.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "host/userfault.h"

namespace octrain::runtime::host {

class PageMover {
 public:
  virtual ~PageMover() = default;
  PageMover(const PageMover&) = delete;
  PageMover& operator=(const PageMover&) = delete;

  /// From the slot, which is empty afterwards, to the empty block. Whoever waits for the block goes on.
  virtual void install(std::byte* block, std::byte* slot) = 0;
  /// From the block to the empty slot. Touches of the block wait from now on (where userfaultfd watches it).
  virtual void remove(std::byte* block, std::byte* slot) = 0;
  /// As remove(), but the contents are dead: the slot's are arbitrary.
  virtual void remove_dead(std::byte* block, std::byte* slot) { remove(block, slot); }
  /// Whoever waits for the block tries again.
  virtual void wake(std::byte* block) = 0;
  /// A slot whose page was touched for the first time just now.
  virtual void adopt(std::byte* slot) = 0;
  /// remove() write-protects the block, so its memory must be watched for that too.
  [[nodiscard]] virtual bool protects_writes() const { return false; }
  [[nodiscard]] virtual std::string_view name() const = 0;

 protected:
  PageMover() = default;
};

/// UFFDIO_MOVE: about 2 us a huge page, and it stays huge. Needs Linux 6.8.
class MovingMover final : public PageMover {
 public:
  explicit MovingMover(Userfault& userfault) : userfault_(userfault) {}
  void install(std::byte* block, std::byte* slot) override;
  void remove(std::byte* block, std::byte* slot) override;
  void wake(std::byte* block) override;
  void adopt(std::byte* slot) override;
  [[nodiscard]] std::string_view name() const override { return "UFFDIO_MOVE"; }

 private:
  Userfault& userfault_;
};

/// UFFDIO_COPY, for older kernels: about 1 ms a block, in 4 KiB pages.
class CopyingMover final : public PageMover {
 public:
  explicit CopyingMover(Userfault& userfault) : userfault_(userfault) {}
  void install(std::byte* block, std::byte* slot) override;
  void remove(std::byte* block, std::byte* slot) override;
  void remove_dead(std::byte* block, std::byte* slot) override;
  void wake(std::byte* block) override;
  void adopt(std::byte*) override {}
  [[nodiscard]] bool protects_writes() const override { return true; }
  [[nodiscard]] std::string_view name() const override { return "UFFDIO_COPY"; }

 private:
  Userfault& userfault_;
};

/// mremap, for explicit copies: no userfaultfd. Nobody may touch a block that is away (nothing would stop
/// it).
class RemappingMover final : public PageMover {
 public:
  void install(std::byte* block, std::byte* slot) override;
  void remove(std::byte* block, std::byte* slot) override;
  void wake(std::byte*) override {}
  void adopt(std::byte*) override {}
  [[nodiscard]] std::string_view name() const override { return "mremap"; }
};

}  // namespace octrain::runtime::host
