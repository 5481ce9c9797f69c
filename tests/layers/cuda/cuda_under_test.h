// The CUDA backend under test, with elements of any type.
#pragma once

#include <driver_types.h>

#include "layers/backend_under_test.h"

namespace octrain::layers::testing {

[[nodiscard]] std::unique_ptr<Backend> make_backend_of(ElementType element);
/// On which its kernels run.
[[nodiscard]] cudaStream_t stream_under_test();

}  // namespace octrain::layers::testing
