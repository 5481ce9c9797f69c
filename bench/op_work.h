// What each op of a net's training has to do at least: operations and bytes of operands.
#pragma once

#include <string>
#include <vector>

#include "octrain/layers/net.h"

namespace octrain::bench {

struct OpWork {
  std::string kind;  ///< layer type and step: "Convolution", "Convolution backward data", "Update"
  /// By the direct algorithm, multiply-adds count two; 0 for all but convolutions and inner products.
  double flops = 0;
  /// Of its operands, each read or written once; no workspace, and no second reading where it accumulates.
  double bytes = 0;
};

/// Of the training pass of the net, op by op as lower() orders them.
[[nodiscard]] std::vector<OpWork> count_work(const layers::NetSpec& net, layers::Backend& backend,
                                             const layers::LoweringOptions& options);

/// What a machine reaches at best, in operations and in bytes of its memory.
struct Peaks {
  double flops_per_s = 0;
  double bytes_per_s = 0;
};

/// The least time for some work: operations and bytes beside each other, whichever takes longer.
struct LeastTime {
  double seconds = 0;
  bool by_memory = false;
};
[[nodiscard]] LeastTime least_time(const OpWork& work, const Peaks& peaks);

}  // namespace octrain::bench
