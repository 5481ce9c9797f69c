// Belady's rule at op grain: who leaves the device when an op needs room.
#pragma once

#include <cstdint>
#include <vector>

#include "../operands.h"
#include "gaps.h"

namespace octrain::advisor {

/// Marks the gaps that are spent off the device. Every op finds room within max(`budget_bytes`, what it needs
/// alone); no other choice of tensors of one size brings in less.
void choose_absences(const Schedule& schedule, const std::vector<std::vector<Operand>>& operands,
                     std::uint64_t budget_bytes, GapTable& table);

}  // namespace octrain::advisor
