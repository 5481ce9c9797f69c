// Another program, run to its end: what it wrote, and how it ended.
#pragma once

#include <string>
#include <vector>

namespace octrain::apps {

struct Ended {
  int exit_code = 0;         ///< 128 + signal for what a signal ended
  std::string out, err;      ///< all that it wrote
  bool interrupted = false;  ///< by us, since we were (runtime/interrupt.h); nothing else counts then
};

/// Runs `program` with these arguments, in a process group of its own, so that an interrupt of the terminal's
/// comes to us alone; then, or when this process dies, it is killed. From a process of one thread. Throws
/// IoError when it cannot be started.
[[nodiscard]] Ended run_to_end(const std::string& program, const std::vector<std::string>& arguments);

}  // namespace octrain::apps
