// vDNN_conv (Rhu et al., MICRO 2016): only what convolutions read is offloaded; they run long enough to hide
// it.
#include "policies.h"
#include "vdnn.h"

namespace octrain::advisor {

Policy vdnn_conv_policy() {
  return {
      "vdnn-conv", "only the inputs of convolutions are offloaded (vDNN, MICRO 2016)",
      [](const PlanRequest& request) { return plan_vdnn(request, Offload::convolution_inputs, "vdnn-conv"); },
      kVdnnOptions};
}

}  // namespace octrain::advisor
