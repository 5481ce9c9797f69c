// The policies, one source file each.
#pragma once

#include "octrain/advisor/policy.h"

namespace octrain::advisor {

[[nodiscard]] Policy lookahead_policy();
[[nodiscard]] Policy g10_policy();
[[nodiscard]] Policy deepum_policy();
[[nodiscard]] Policy oc_caffe_policy();
[[nodiscard]] Policy lru_policy();
[[nodiscard]] Policy naive_policy();

}  // namespace octrain::advisor
