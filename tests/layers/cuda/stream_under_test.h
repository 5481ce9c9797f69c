#pragma once

#include <driver_types.h>

namespace octrain::layers::testing {

/// The stream of make_backend_under_test(), until the process ends.
[[nodiscard]] cudaStream_t stream_under_test();

}  // namespace octrain::layers::testing
