#include <liburing.h>

#include <fstream>
#include <string>

#include "host/file_tier.h"
#include "host/userfault.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/host/host_space.h"

namespace octrain::runtime::host {
namespace {

void add_userfaultfd(std::vector<HostCapability>& found) {
  try {
    const Userfault userfault;
    found.push_back({"userfaultfd", true,
                     userfault.serves_system_calls()
                         ? "faults of programs and of system calls are served"
                         : "faults of programs only; for system calls set vm.unprivileged_userfaultfd=1"});
    found.push_back({"UFFDIO_MOVE", userfault.can_move(),
                     userfault.can_move()
                         ? "pages are moved, not copied"
                         : "needs Linux 6.8; UFFDIO_COPY is used, at about 2 GB/s of one core"});
  } catch (const DeviceError& error) {
    found.push_back({"userfaultfd", false, error.what()});
    found.push_back({"UFFDIO_MOVE", false, "needs userfaultfd"});
  }
}

HostCapability huge_pages() {
  std::string modes;
  std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"), modes);
  const bool available =
      modes.find("[always]") != std::string::npos || modes.find("[madvise]") != std::string::npos;
  return {
      "huge pages", available,
      available
          ? modes
          : "off; moving blocks is slower. Write `madvise` to /sys/kernel/mm/transparent_hugepage/enabled"};
}

HostCapability io_uring_capability() {
  io_uring ring{};
  const int outcome = ::io_uring_queue_init(1, &ring, 0);
  if (outcome < 0) {
    return {
        "io_uring", false,
        std::string(IoError("refused", -outcome).what()) +
            "; plain reads and writes are used, one at a time (see kernel.io_uring_disabled and seccomp)"};
  }
  ::io_uring_queue_exit(&ring);
  return {"io_uring", true, "several transfers at a time"};
}

HostCapability direct_io(const std::filesystem::path& dir) {
  const std::string name = "direct I/O in " + dir.string();
  try {
    const FileTier tier(dir, 1);
    return {name, true, tier.description()};
  } catch (const Error& error) {
    return {name, false, error.what()};
  }
}

}  // namespace

std::vector<HostCapability> host_capabilities(const std::filesystem::path& tier_dir) {
  std::vector<HostCapability> found;
  add_userfaultfd(found);
  found.push_back(huge_pages());
  found.push_back(io_uring_capability());
  found.push_back(direct_io(tier_dir));
  return found;
}

}  // namespace octrain::runtime::host
