#include "staged_primitive.h"

#include <utility>

#include "elementwise.h"
#include "octrain/runtime/units.h"
#include "parallel.h"

namespace octrain::layers::host {

namespace {

constexpr std::uint64_t kAlignment = 64;

std::uint64_t aligned_bytes(const dnnl::memory::desc& desc) {
  return runtime::round_up(desc.get_size(), kAlignment);
}

float* floats_at(std::byte* workspace, std::uint64_t offset) {
  return reinterpret_cast<float*>(workspace + offset);
}

/// oneDNN does not write through the handle of an input.
dnnl::memory memory_at(const dnnl::memory::desc& desc, const void* bytes) {
  return dnnl::memory(desc, engine(), const_cast<void*>(bytes));
}

}  // namespace

StagedPrimitive::StagedPrimitive(std::string layer, const dnnl::primitive_desc_base& primitive)
    : layer_(std::move(layer)), description_(primitive) {
  staged_bytes_ = aligned_bytes(description_.query_md(dnnl::query::scratchpad_md));
}

void StagedPrimitive::add_input(int argument, const dnnl::memory::desc& stored,
                                const dnnl::memory::desc& wanted) {
  inputs_.push_back({argument, stored, wanted, staged_bytes_});
  if (inputs_.back().staged()) staged_bytes_ += aligned_bytes(wanted);
}

void StagedPrimitive::add_output(int argument, const dnnl::memory::desc& stored,
                                 const dnnl::memory::desc& produced) {
  outputs_.push_back({argument, stored, produced, staged_bytes_});
  if (outputs_.back().staged()) staged_bytes_ += aligned_bytes(produced);
}

std::uint64_t StagedPrimitive::workspace_bytes(bool accumulate) const {
  std::uint64_t bytes = staged_bytes_;
  if (accumulate) {
    for (const Operand& output : outputs_) bytes += aligned_bytes(output.stored);
  }
  return bytes;
}

void StagedPrimitive::run(std::span<const void* const> in, std::span<void* const> out, bool accumulate,
                          std::byte* workspace) {
  translate_errors(layer_, [&] { execute(in, out, accumulate, workspace); });
}

void StagedPrimitive::execute(std::span<const void* const> in, std::span<void* const> out, bool accumulate,
                              std::byte* workspace) {
  omp_set_num_threads(
      thread_count());  // of the calling thread, which need not be the one that made the backend
  if (!primitive_) primitive_ = dnnl::primitive(description_.get());
  Arguments arguments;
  arguments.emplace(DNNL_ARG_SCRATCHPAD,
                    memory_at(description_.query_md(dnnl::query::scratchpad_md), workspace));
  bind_inputs(in, workspace, arguments);
  std::vector<float*> results;
  for (void* result : out) results.push_back(static_cast<float*>(result));
  std::uint64_t sum_offset = staged_bytes_;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const Operand& output = outputs_[i];
    if (accumulate) results[i] = floats_at(workspace, sum_offset);
    sum_offset += aligned_bytes(output.stored);
    float* produced = output.staged() ? floats_at(workspace, output.staged_offset) : results[i];
    arguments.emplace(output.argument, memory_at(output.used, produced));
  }
  primitive_.execute(stream(), arguments);
  stream().wait();
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const Operand& output = outputs_[i];
    if (output.staged()) {
      reorder(output.used, floats_at(workspace, output.staged_offset), output.stored, results[i]);
    }
    if (accumulate) {
      add(static_cast<float*>(out[i]), results[i],
          static_cast<std::int64_t>(output.stored.get_size() / sizeof(float)));
    }
  }
}

void StagedPrimitive::bind_inputs(std::span<const void* const> in, std::byte* workspace,
                                  Arguments& arguments) const {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Operand& input = inputs_[i];
    const auto* bytes = static_cast<const float*>(in[i]);
    if (input.staged()) {
      float* staged = floats_at(workspace, input.staged_offset);
      reorder(input.stored, bytes, input.used, staged);
      bytes = staged;
    }
    arguments.emplace(input.argument, memory_at(input.used, bytes));
  }
}

}  // namespace octrain::layers::host
