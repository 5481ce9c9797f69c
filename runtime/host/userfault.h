// userfaultfd: the kernel hands page faults of registered memory to us, and places pages for us.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "host/handles.h"

namespace octrain::runtime::host {

class Userfault {
 public:
  /// Throws DeviceError that names the missing permission.
  Userfault();

  [[nodiscard]] bool can_move() const { return can_move_; }
  /// False: faults inside system calls are not served (they fail with EFAULT), for want of permission.
  [[nodiscard]] bool serves_system_calls() const { return serves_system_calls_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

  /// From now on touches of missing pages in the range wait for us; `write_protection` allows
  /// protect_writes() there.
  void watch(std::byte* start, std::size_t bytes, bool write_protection = false);
  /// Moves the pages, contents and all; whoever waits for the target goes on when `wake`.
  void move(std::byte* target, std::byte* source, std::size_t bytes, bool wake);
  /// Fills missing pages with a copy and wakes whoever waits for them.
  void copy(std::byte* target, const std::byte* source, std::size_t bytes);
  /// Writers of the range wait from now on; readers go on.
  void protect_writes(std::byte* start, std::size_t bytes);
  /// Whoever waits in the range tries again.
  void wake(std::byte* start, std::size_t bytes);
  /// The address of the next fault that waits, if any.
  [[nodiscard]] std::optional<std::uintptr_t> next_fault();

 private:
  UniqueFd fd_;
  bool can_move_ = false;
  bool serves_system_calls_ = true;
};

}  // namespace octrain::runtime::host
