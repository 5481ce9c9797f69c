// The host backend: kernels on the processor's cores, by oneDNN and by our own loops.
#pragma once

#include <memory>

#include "octrain/layers/kernel.h"

namespace octrain::layers {

/// `threads` compute threads for every host kernel of the process; 0: as many as OpenMP offers
/// (OMP_NUM_THREADS, else all cores).
[[nodiscard]] std::unique_ptr<Backend> make_host_backend(int threads = 0);

}  // namespace octrain::layers
