// Hints on managed memory, as the calls of every CUDA version hand them over.
#pragma once

#include <vector>

#include "fake_cuda/runtime.h"

namespace octrain::fake_cuda {

struct Hint {
  Range range;
  Touch to = Touch::kNone;  ///< kToDevice or kToHost; kNone: no prefetch
  bool discard = false;     ///< before the prefetch
};

/// Carries the hints out as one piece of the stream's work.
cudaError_t give_hints(const Frame& frame, Stream& stream, const std::vector<Hint>& hints);

#if CUDART_VERSION >= 13000
using Location = cudaMemLocation;
#else
using Location = int;
#endif

/// kNone: there is no such place.
[[nodiscard]] Touch towards(const World& world, const Location& location);

}  // namespace octrain::fake_cuda
