// Parameters and their optimizer states between the memory they train in and plain arrays in canonical order.
#pragma once

#include <functional>
#include <span>

#include "octrain/runtime/memory_space.h"
#include "octrain/runtime/program.h"

namespace octrain::runtime {

/// Which array of a parameter: 0 its values, k its optimizer state k - 1.
using Section = std::size_t;

[[nodiscard]] std::uint64_t element_count(const Parameter& parameter);
[[nodiscard]] std::size_t section_count(const Parameter& parameter);

void write_section(MemorySpace& memory, const Parameter& parameter, Section section,
                   std::span<const float> values);
/// Hands over the values chunk by chunk, in canonical order.
void read_section(MemorySpace& memory, const Parameter& parameter, Section section,
                  const std::function<void(std::span<const float>)>& consume);
/// All states zero, padding included.
void zero_states(MemorySpace& memory, const Parameter& parameter);

}  // namespace octrain::runtime
