#include "parameter_store.h"

#include <vector>

namespace octrain::runtime {
namespace {

TensorId tensor_of(const ParameterChunk& chunk, Section section) {
  return section == 0 ? chunk.tensor : chunk.states[section - 1];
}

std::size_t stored_floats(const ParameterChunk& chunk) { return chunk.bytes / sizeof(float); }

}  // namespace

std::uint64_t element_count(const Parameter& parameter) {
  std::uint64_t count = 0;
  for (const ParameterChunk& chunk : parameter.chunks) count += chunk.count;
  return count;
}

std::size_t section_count(const Parameter& parameter) {
  return 1 + (parameter.chunks.empty() ? 0 : parameter.chunks.front().states.size());
}

void write_section(MemorySpace& memory, const Parameter& parameter, Section section,
                   std::span<const float> values) {
  std::vector<float> stored;
  for (const ParameterChunk& chunk : parameter.chunks) {
    stored.assign(stored_floats(chunk), 0.0f);
    chunk.from_canonical(values.subspan(chunk.first, chunk.count).data(), stored.data());
    memory.write_contents(tensor_of(chunk, section), chunk.offset_bytes, std::as_bytes(std::span(stored)));
  }
}

void read_section(MemorySpace& memory, const Parameter& parameter, Section section,
                  const std::function<void(std::span<const float>)>& consume) {
  std::vector<float> stored, canonical;
  for (const ParameterChunk& chunk : parameter.chunks) {
    stored.resize(stored_floats(chunk));
    canonical.resize(chunk.count);
    memory.read_contents(tensor_of(chunk, section), chunk.offset_bytes,
                         std::as_writable_bytes(std::span(stored)));
    chunk.to_canonical(stored.data(), canonical.data());
    consume(canonical);
  }
}

void zero_states(MemorySpace& memory, const Parameter& parameter) {
  std::vector<float> zeros;
  for (const ParameterChunk& chunk : parameter.chunks)
    for (const TensorId state : chunk.states) {
      zeros.assign(stored_floats(chunk), 0.0f);
      memory.write_contents(state, chunk.offset_bytes, std::as_bytes(std::span(zeros)));
    }
}

}  // namespace octrain::runtime
