// Which tensors TFLMS swaps, and when they come back (Le et al., "Automatic GPU Memory Management for Large
// Neural Models in TensorFlow", ISMM 2019).
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "dataflow.h"
#include "octrain/advisor/liveness.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

struct TensorSwap {
  TensorId tensor = 0;
  OpIndex out = 0;      ///< it leaves after this op
  OpIndex trigger = 0;  ///< it comes back as soon as this op is done
  OpIndex writer = 0;   ///< whose result it is
  friend bool operator==(const TensorSwap&, const TensorSwap&) = default;
};

/// Version 1: whatever forward ops leave to backward ops.
struct TflmsByOrder {
  static constexpr std::uint64_t kAllTensors = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t tensor_count = kAllTensors;  ///< the first so many, by the op that makes them
  std::uint64_t lower_bound = 1;             ///< ops between trigger and reader, at least
  std::uint64_t upper_bound = 10000;         ///< the trigger is looked for within so many ops
  bool fuses_readers = false;                ///< later readers find it where the first left it
};

/// Version 2: whatever is read long after it was made.
struct TflmsByLevel {
  std::uint64_t threshold = 0;  ///< levels between writer and reader; more than these: swapped
  std::uint64_t ahead = 1;      ///< levels before the reader at which it comes back
  std::uint64_t group_by = 0;   ///< readers within so many levels share one swap-in
};

/// Both in order of tensor, then of time.
[[nodiscard]] std::vector<TensorSwap> list_swaps(const Schedule& schedule, const Liveness& liveness,
                                                 Dataflow& flow, const TflmsByOrder& rule);
[[nodiscard]] std::vector<TensorSwap> list_swaps(const Schedule& schedule, const Liveness& liveness,
                                                 const Dataflow& flow, const TflmsByLevel& rule);

}  // namespace octrain::advisor
