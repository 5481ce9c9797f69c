// The device that make_backend_under_test() of the CUDA backend is on: a GPU or the fake one. Each program of
// tests links one: with_libraries.cpp or without_libraries.cpp.
#pragma once

#include <driver_types.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace octrain::layers::testing {

/// The stream of make_backend_under_test(), until the process ends.
[[nodiscard]] cudaStream_t stream_under_test();

/// Whether cuDNN and cuBLAS are there.
[[nodiscard]] bool has_libraries();

/// Whether its launches heed launch_order.h.
[[nodiscard]] bool can_run_backwards();

inline constexpr std::uint64_t kNoBudget = std::numeric_limits<std::uint64_t>::max();
/// From now on the device itself watches that no prefetch passes this; a GPU does not.
void watch_budget(std::uint64_t bytes);
/// Graphs that it was given so far; nothing of a GPU, which does not tell.
[[nodiscard]] std::optional<std::size_t> launched_graphs();
/// What the device found wrong with our calls so far, a line each; a GPU finds nothing.
[[nodiscard]] std::string violations_of_device();

}  // namespace octrain::layers::testing
