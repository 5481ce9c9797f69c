// Which ops are dear to run again.
#pragma once

#include <vector>

#include "lineage.h"

namespace octrain::advisor {

/// [op]: for each byte it writes, it takes more than `ratio` times as long as ops bound by memory take for a
/// byte that they move (convolutions and inner products; not pooling, normalisation or activations).
[[nodiscard]] std::vector<bool> dear_ops(const Lineage& lineage, double ratio);

}  // namespace octrain::advisor
