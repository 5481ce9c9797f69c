// The backend that the layers' tests run on. Each program of tests links one: the host's
// (host_under_test.cpp), or the CUDA backend (cuda/cuda_under_test.cpp), on a GPU or on the fake device.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "octrain/layers/kernel.h"

namespace octrain::layers::testing {

/// `threads` as in make_host_backend(), if the backend has any.
[[nodiscard]] std::unique_ptr<Backend> make_backend_under_test(int threads = 0);
/// The channel blocks that its kernels take.
[[nodiscard]] std::vector<int> layouts_under_test();
/// The cases whose channel blocks, blocks(case), it takes.
template <class Case, class Blocks>
[[nodiscard]] std::vector<Case> for_layouts_under_test(std::vector<Case> cases, const Blocks& blocks) {
  const std::vector<int> taken = layouts_under_test();
  std::erase_if(cases, [&](const Case& one) {
    return !std::ranges::all_of(std::invoke(blocks, one),
                                [&](int block) { return std::ranges::find(taken, block) != taken.end(); });
  });
  return cases;
}
/// Memory that its kernels and the host can touch, at multiples of 64 bytes; null if there is none left.
[[nodiscard]] void* allocate_operands(std::size_t bytes);
void free_operands(void* memory);
/// Until everything that kernels have begun has ended.
void wait_for_backend_under_test();

}  // namespace octrain::layers::testing
