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
[[nodiscard]] Policy vdnn_all_policy();
[[nodiscard]] Policy vdnn_conv_policy();
[[nodiscard]] Policy vdnn_dyn_policy();
[[nodiscard]] Policy superneurons_policy();
[[nodiscard]] Policy tflms_policy();
[[nodiscard]] Policy autoswap_policy();
[[nodiscard]] Policy capuchin_policy();
[[nodiscard]] Policy flashneuron_policy();

}  // namespace octrain::advisor
