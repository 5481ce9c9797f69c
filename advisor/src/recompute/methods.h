// The methods, one source each; the table is methods.cpp.
#pragma once

#include "octrain/advisor/recompute.h"

namespace octrain::advisor {

[[nodiscard]] RecomputeMethod speed_method();
[[nodiscard]] RecomputeMethod memory_method();
[[nodiscard]] RecomputeMethod cost_method();
[[nodiscard]] RecomputeMethod sqrt_method();
[[nodiscard]] RecomputeMethod optimal_method();

}  // namespace octrain::advisor
