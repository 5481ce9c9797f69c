// The order in which launches on the host go through their indices and blocks. Kernels must not depend on it.
#pragma once

namespace octrain::layers::cuda {

inline bool launches_run_backwards = false;

}  // namespace octrain::layers::cuda
