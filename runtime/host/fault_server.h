// The thread that serves page faults. It never touches managed memory and takes no lock that a faulting
// thread can hold.
//
// A fault that cannot be served (the tier fails to read) ends the process with a message: the thread that
// waits for the page may be inside any library and could be told by a signal only, and its contents are lost
// anyway.
#pragma once

#include <memory>
#include <thread>

#include "host/handles.h"
#include "host/pager.h"
#include "host/userfault.h"

namespace octrain::runtime::host {

class FaultServer {
 public:
  FaultServer(Userfault& userfault, Pager& pager, Tier& tier);
  ~FaultServer();

 private:
  void run();
  void serve();

  Userfault& userfault_;
  Pager& pager_;
  std::unique_ptr<TierChannel> channel_;
  UniqueFd stop_;
  std::jthread thread_;  // last: it uses all above
};

}  // namespace octrain::runtime::host
