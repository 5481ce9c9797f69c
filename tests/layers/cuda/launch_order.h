// The order in which launches on the host go through their indices and blocks. Kernels must not depend on it.
#pragma once

namespace octrain::layers::cuda {

inline bool launches_run_backwards = false;

/// For as long as it lives they do. A GPU's launches do not heed it (can_run_backwards()).
class BackwardLaunches {
 public:
  BackwardLaunches() { launches_run_backwards = true; }
  ~BackwardLaunches() { launches_run_backwards = false; }
  BackwardLaunches(const BackwardLaunches&) = delete;
  BackwardLaunches& operator=(const BackwardLaunches&) = delete;
};

}  // namespace octrain::layers::cuda
