// The CUDA backend under test, with elements of any type.
#pragma once

#include <memory>

#include "layers/backend_under_test.h"

namespace octrain::layers::testing {

[[nodiscard]] std::unique_ptr<Backend> make_backend_of(ElementType element);

}  // namespace octrain::layers::testing
