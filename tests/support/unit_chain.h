// A chain of n forward ops and n + 1 backward ops, as Checkmate (Jain et al. 2020) lays it out: every op
// takes one nanosecond and makes one tensor of one byte. Forward op i reads what op i-1 made; the loss reads
// the last one; each backward op reads the gradient before it and the forward tensor whose turn it is, the
// last forward tensor first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/schedule_builder.h"

namespace octrain::testing {

[[nodiscard]] inline advisor::Schedule unit_chain(int n) {
  using advisor::Phase;
  using advisor::Role;
  using advisor::TensorId;
  ScheduleBuilder builder;
  std::vector<TensorId> made;
  for (int i = 0; i < n; ++i) {
    const TensorId tensor = builder.tensor(Role::activation, 1);
    builder.op(made.empty() ? std::vector<TensorId>{} : std::vector{made.back()}, {tensor}, 1);
    made.push_back(tensor);
  }
  TensorId gradient = builder.tensor(Role::gradient, 1);
  builder.op({made.back()}, {gradient}, 1, 0, Phase::backward);
  for (int i = n; i-- > 0;) {
    const TensorId next = builder.tensor(Role::gradient, 1);
    builder.op({gradient, made[static_cast<std::size_t>(i)]}, {next}, 1, 0, Phase::backward);
    gradient = next;
  }
  return builder.schedule();
}

/// Budget in tensors → the fewest op runs in which the chain of n can be done.
struct UnitChainOptimum {
  int n;
  std::uint64_t budget;
  std::size_t runs;
};
inline constexpr std::array kUnitChainOptima = {
    UnitChainOptimum{4, 3, 15}, UnitChainOptimum{4, 4, 11}, UnitChainOptimum{4, 5, 10},
    UnitChainOptimum{4, 6, 9},  UnitChainOptimum{6, 3, 28}, UnitChainOptimum{6, 4, 18},
    UnitChainOptimum{6, 5, 16}, UnitChainOptimum{6, 6, 15}, UnitChainOptimum{6, 7, 14},
    UnitChainOptimum{6, 8, 13}, UnitChainOptimum{8, 3, 45}, UnitChainOptimum{8, 4, 26},
    UnitChainOptimum{8, 5, 22}, UnitChainOptimum{8, 6, 21}, UnitChainOptimum{8, 7, 20},
    UnitChainOptimum{8, 8, 19}, UnitChainOptimum{8, 10, 17}};

}  // namespace octrain::testing
