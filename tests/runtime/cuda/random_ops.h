// A schedule whose ops can be checked: each writes what depends on everything that it reads. Here in plain
// memory, one after the other; on the device as kernels (device_ops.h).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "contract/op_work.h"
#include "octrain/runtime/executor.h"
#include "octrain/runtime/units.h"
#include "page_words.h"
#include "support/random_training.h"

namespace octrain::runtime::cuda {

class Pages {
 public:
  Pages(std::byte* data, std::uint64_t bytes) : data_(data), count_(bytes / kWordPageBytes) {}
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t& operator[](std::uint64_t page) const {
    return *reinterpret_cast<std::uint64_t*>(data_ + page * kWordPageBytes);
  }

 private:
  std::byte* data_;
  std::uint64_t count_;
};

struct Operands {
  std::vector<Pages> reads, writes;
};

/// Answers what it read, in one number.
OCTRAIN_UNWATCHED inline std::uint64_t run_op(std::uint64_t seed, const Operands& operands) {
  std::uint64_t seen = seed;
  for (const Pages& read : operands.reads) {
    for (std::uint64_t page = 0; page < read.count(); ++page) seen = mix(seen, read[page]);
  }
  for (std::size_t i = 0; i < operands.writes.size(); ++i) {
    const Pages& written = operands.writes[i];
    for (std::uint64_t page = 0; page < written.count(); ++page) written[page] = mix(seen + i, page);
  }
  return seen;
}

/// Our ops read everything before they write anything, so every output may lie on an input.
inline void offer_places(const advisor::Schedule& schedule, advisor::Op& op) {
  const auto in = [](const std::vector<TensorId>& ids, TensorId id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  for (const TensorId read : op.reads) {
    for (const TensorId written : op.writes) {
      const bool equal = schedule.tensors[read].bytes == schedule.tensors[written].bytes;
      if (equal && !in(op.writes, read) && !in(op.reads, written)) op.overwrites.push_back({read, written});
    }
  }
}

/// The shape of a random training, in blocks.
[[nodiscard]] inline advisor::Schedule random_blocks(std::uint32_t seed) {
  constexpr std::uint64_t kUnit = 256 * kKiB;
  advisor::Schedule schedule = octrain::testing::RandomTraining(seed).make(6, 2);
  for (advisor::TensorInfo& tensor : schedule.tensors)
    tensor.bytes = round_up(tensor.bytes * kUnit, kBlockBytes);
  for (advisor::Op& op : schedule.ops) {
    op.workspace_bytes = round_up(op.workspace_bytes * kUnit, kBlockBytes);
    offer_places(schedule, op);
  }
  return schedule;
}

[[nodiscard]] inline std::vector<std::byte> initial_contents(TensorId tensor, std::uint64_t bytes) {
  std::vector<std::byte> contents(bytes);
  const Pages pages(contents.data(), bytes);
  for (std::uint64_t page = 0; page < pages.count(); ++page) pages[page] = mix(tensor, page);
  return contents;
}

/// Those that are there before the first op: they outlive the iteration, or are read before they are written.
[[nodiscard]] inline std::vector<TensorId> tensors_given(const advisor::Schedule& schedule, bool outliving) {
  std::vector<TensorId> given;
  std::vector<bool> written(schedule.tensors.size()), seen(schedule.tensors.size());
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    if (outliving && advisor::outlives_iteration(schedule.tensors[tensor].role)) given.push_back(tensor);
  }
  for (const advisor::Op& op : schedule.ops) {
    for (const TensorId tensor : op.reads) {
      const bool input = !written[tensor] && !seen[tensor];
      seen[tensor] = true;
      if (!outliving && input && !advisor::outlives_iteration(schedule.tensors[tensor].role))
        given.push_back(tensor);
    }
    for (const TensorId tensor : op.writes) written[tensor] = true;
  }
  return given;
}

/// What all ops read, in order, and what the weights hold at the end.
struct Outcome {
  std::vector<std::uint64_t> seen;
  std::vector<std::vector<std::uint64_t>> weights;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

[[nodiscard]] inline std::vector<std::uint64_t> words_of(std::byte* data, std::uint64_t bytes) {
  const Pages pages(data, bytes);
  std::vector<std::uint64_t> words;
  for (std::uint64_t page = 0; page < pages.count(); ++page) words.push_back(pages[page]);
  return words;
}

[[nodiscard]] inline Outcome run_in_plain_memory(const advisor::Schedule& schedule,
                                                 std::uint64_t iterations) {
  std::vector<std::vector<std::byte>> memory;
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor)
    memory.push_back(initial_contents(tensor, schedule.tensors[tensor].bytes));
  const auto pages = [&](TensorId tensor) { return Pages(memory[tensor].data(), memory[tensor].size()); };
  Outcome outcome;
  for (std::uint64_t iteration = 0; iteration < iterations; ++iteration) {
    for (const TensorId input : tensors_given(schedule, false))
      memory[input] = initial_contents(input, schedule.tensors[input].bytes);
    for (std::size_t op = 0; op < schedule.ops.size(); ++op) {
      Operands operands;
      for (const TensorId tensor : schedule.ops[op].reads) operands.reads.push_back(pages(tensor));
      for (const TensorId tensor : schedule.ops[op].writes) operands.writes.push_back(pages(tensor));
      outcome.seen.push_back(run_op(mix(iteration, op), operands));
    }
  }
  for (const TensorId weight : tensors_given(schedule, true))
    outcome.weights.push_back(words_of(memory[weight].data(), memory[weight].size()));
  return outcome;
}

}  // namespace octrain::runtime::cuda
