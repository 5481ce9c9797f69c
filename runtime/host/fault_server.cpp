#include "host/fault_server.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {

FaultServer::FaultServer(Userfault& userfault, Pager& pager, Tier& tier)
    : userfault_(userfault),
      pager_(pager),
      channel_(tier.open_channel()),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!stop_) throw IoError("eventfd", errno);
  thread_ = std::jthread([this] { run(); });
}

FaultServer::~FaultServer() { ::eventfd_write(stop_.get(), 1); }

void FaultServer::run() {
  try {
    serve();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "octrain: a page fault cannot be served: %s\n", error.what());
    std::fflush(stderr);
    ::_exit(kExitDevice);
  }
}

void FaultServer::serve() {
  std::array<pollfd, 2> waiting{{{userfault_.fd(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
  while (true) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) throw IoError("poll", errno);
    if (waiting[1].revents != 0) return;
    while (const auto fault = userfault_.next_fault()) {
      const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(pager_.address(0));
      pager_.serve_fault(static_cast<BlockId>((*fault - start) / kBlockBytes), *channel_);
    }
  }
}

}  // namespace octrain::runtime::host
