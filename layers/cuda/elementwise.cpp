#include "elementwise.h"

#include "device_kernel.h"
#include "functors/elementwise.h"

namespace octrain::layers::cuda {

void add(float* to, const float* from, std::int64_t count, cudaStream_t stream) {
  Launcher(stream).launch(Copy{from, to, true}, count);
}

void mask_gradient(const float* top, float* gradient, std::int64_t count, cudaStream_t stream) {
  Launcher(stream).launch(RectifyGradient{top, gradient, gradient, false}, count);
}

}  // namespace octrain::layers::cuda
