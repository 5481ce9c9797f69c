// vDNN_all (Rhu et al., MICRO 2016): the input feature map of every layer is offloaded.
#include "policies.h"
#include "vdnn.h"

namespace octrain::advisor {

Policy vdnn_all_policy() {
  return {"vdnn-all", "every layer's input is offloaded, and fetched one layer ahead (vDNN, MICRO 2016)",
          [](const PlanRequest& request) { return plan_vdnn(request, Offload::all_inputs, "vdnn-all"); },
          kVdnnOptions};
}

}  // namespace octrain::advisor
