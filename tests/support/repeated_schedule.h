// One iteration several times over in a single schedule, as passes with weights in common.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "octrain/advisor/schedule.h"

namespace octrain::testing {

[[nodiscard]] inline advisor::Schedule repeated_schedule(const advisor::Schedule& iteration,
                                                         std::size_t times) {
  advisor::Schedule all = iteration;
  for (std::size_t pass = 1; pass < times; ++pass) {
    std::vector<advisor::TensorId> ids;
    for (advisor::TensorId id = 0; id < iteration.tensors.size(); ++id) {
      const advisor::TensorInfo& tensor = iteration.tensors[id];
      const bool common = advisor::outlives_iteration(tensor.role);
      ids.push_back(common ? id : static_cast<advisor::TensorId>(all.tensors.size()));
      if (common) continue;
      all.tensors.push_back(tensor);
      all.tensors.back().name += "." + std::to_string(pass);
    }
    for (advisor::Op op : iteration.ops) {
      for (advisor::TensorId& id : op.reads) id = ids[id];
      for (advisor::TensorId& id : op.writes) id = ids[id];
      for (advisor::Overwrite& pair : op.overwrites) pair = {ids[pair.read], ids[pair.written]};
      all.ops.push_back(std::move(op));
    }
  }
  return all;
}

}  // namespace octrain::testing
