// A chain of n forward ops and n + 1 backward ops, as Checkmate (Jain et al. 2020) lays it out: every op
// takes one nanosecond and makes one tensor of one byte. Forward op i reads what op i-1 made; the loss reads
// the last one; each backward op reads the gradient before it and the forward tensor whose turn it is, the
// last forward tensor first.
#pragma once

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

}  // namespace octrain::testing
