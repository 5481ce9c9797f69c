#include "host/userfault.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "octrain/runtime/error.h"

namespace octrain::runtime::host {
namespace {

// UFFDIO_MOVE came with Linux 6.8; the headers that we build with may be older than the kernel that we run
// on.
struct MoveRequest {
  __u64 dst;
  __u64 src;
  __u64 len;
  __u64 mode;
  __s64 move;
};
constexpr unsigned long kMoveIoctl = _IOWR(0xAA, 0x05, MoveRequest);
constexpr __u64 kMoveFeature = 1ULL << 16;
constexpr __u64 kMoveWithoutWake = 1;
constexpr int kUserModeOnly = 1;  // Linux 5.11: faults in user mode only, which needs no permission

constexpr auto kPatience = std::chrono::seconds(10);

int open_descriptor(int flags) { return static_cast<int>(::syscall(SYS_userfaultfd, flags)); }

[[noreturn]] void refuse(int error_number) {
  const std::string reason = IoError("userfaultfd", error_number).what();
  throw DeviceError(
      reason +
      "; managed memory needs it. Set vm.unprivileged_userfaultfd=1, or grant CAP_SYS_PTRACE, or"
      " allow userfaultfd in the container's seccomp profile; `--mode explicit` and `--mode incore` work "
      "without it");
}

__u64 negotiate(int fd, __u64 features) {
  uffdio_api api{};
  api.api = UFFD_API;
  api.features = features;
  if (::ioctl(fd, UFFDIO_API, &api) != 0) refuse(errno);
  return api.features;
}

__u64 address_of(const std::byte* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

/// Retries what the kernel says will pass: EAGAIN while the address space changes, EBUSY while a page is
/// still referenced (as just after I/O).
class Patience {
 public:
  void pause_or_throw(const char* what, int error_number) {
    const bool passing = error_number == EAGAIN || error_number == EBUSY;
    if (!passing || std::chrono::steady_clock::now() - start_ > kPatience) throw IoError(what, error_number);
    if (++rounds_ < 100) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  int rounds_ = 0;
};

}  // namespace

Userfault::Userfault() {
  constexpr int kFlags = O_CLOEXEC | O_NONBLOCK;
  int mode = 0;
  UniqueFd probe(open_descriptor(kFlags));
  if (!probe && errno == EPERM) {
    mode = kUserModeOnly;
    serves_system_calls_ = false;
    probe = UniqueFd(open_descriptor(kFlags | mode));
    if (!probe && errno == EINVAL) errno = EPERM;  // an older kernel: the permission is what is missing
  }
  if (!probe) refuse(errno);
  // Asking for no feature tells all; a descriptor can be asked once only, hence the second one.
  can_move_ = (negotiate(probe.get(), 0) & kMoveFeature) != 0;
  fd_ = UniqueFd(open_descriptor(kFlags | mode));
  if (!fd_) refuse(errno);
  negotiate(fd_.get(), can_move_ ? kMoveFeature : 0);
}

void Userfault::watch(std::byte* start, std::size_t bytes, bool write_protection) {
  uffdio_register request{};
  request.range = {address_of(start), bytes};
  request.mode = UFFDIO_REGISTER_MODE_MISSING | (write_protection ? UFFDIO_REGISTER_MODE_WP : 0);
  if (::ioctl(fd_.get(), UFFDIO_REGISTER, &request) != 0) throw IoError("UFFDIO_REGISTER", errno);
}

void Userfault::move(std::byte* target, std::byte* source, std::size_t bytes, bool wake) {
  MoveRequest request{address_of(target), address_of(source), bytes, wake ? 0 : kMoveWithoutWake, 0};
  Patience patience;
  while (::ioctl(fd_.get(), kMoveIoctl, &request) != 0) {
    if (request.move > 0) {  // a part was moved before it stopped
      const auto moved = static_cast<__u64>(request.move);
      request.dst += moved;
      request.src += moved;
      request.len -= moved;
    } else {
      patience.pause_or_throw("UFFDIO_MOVE", errno);
    }
    request.move = 0;
  }
}

void Userfault::copy(std::byte* target, const std::byte* source, std::size_t bytes) {
  uffdio_copy request{};
  request.dst = address_of(target);
  request.src = address_of(source);
  request.len = bytes;
  Patience patience;
  while (::ioctl(fd_.get(), UFFDIO_COPY, &request) != 0) {
    if (request.copy > 0) {
      const auto copied = static_cast<__u64>(request.copy);
      request.dst += copied;
      request.src += copied;
      request.len -= copied;
    } else {
      patience.pause_or_throw("UFFDIO_COPY", errno);
    }
    request.copy = 0;
  }
}

void Userfault::protect_writes(std::byte* start, std::size_t bytes) {
  uffdio_writeprotect request{};
  request.range = {address_of(start), bytes};
  request.mode = UFFDIO_WRITEPROTECT_MODE_WP;
  Patience patience;
  while (::ioctl(fd_.get(), UFFDIO_WRITEPROTECT, &request) != 0) {
    patience.pause_or_throw("UFFDIO_WRITEPROTECT", errno);
  }
}

void Userfault::wake(std::byte* start, std::size_t bytes) {
  uffdio_range range{address_of(start), bytes};
  if (::ioctl(fd_.get(), UFFDIO_WAKE, &range) != 0) throw IoError("UFFDIO_WAKE", errno);
}

std::optional<std::uintptr_t> Userfault::next_fault() {
  uffd_msg message{};
  while (true) {
    const ssize_t got = ::read(fd_.get(), &message, sizeof message);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno != EAGAIN) throw IoError("reading from userfaultfd", errno);
    if (got != sizeof message) return std::nullopt;
    if (message.event == UFFD_EVENT_PAGEFAULT)
      return static_cast<std::uintptr_t>(message.arg.pagefault.address);
  }
}

}  // namespace octrain::runtime::host
