#include "memory_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"
#include "platform.h"

namespace octrain::apps {

namespace {

using runtime::format_bytes;

std::uint64_t largest_workspace(const runtime::Program& program) {
  std::uint64_t largest = 0;
  for (const auto* pass : {&program.train, &program.test}) {
    for (const advisor::Op& op : pass->schedule.ops) largest = std::max(largest, op.workspace_bytes);
  }
  return largest;
}

std::uint64_t footprint_of(const runtime::Program& program) {
  std::uint64_t bytes = largest_workspace(program);
  for (const advisor::TensorInfo& tensor : program.train.schedule.tensors) bytes += tensor.bytes;
  return runtime::round_up(bytes, runtime::kBlockBytes);
}

[[noreturn]] void does_not_fit(const std::string& what, std::uint64_t needed, std::uint64_t there) {
  throw runtime::OutOfDeviceMemory(
      fmt::format("{}: {} needed, {} there, {} short", what, format_bytes(needed), format_bytes(there),
                  format_bytes(needed - there)),
      needed - there);
}

void choose_budget(MemoryChoice& choice, const MemoryOptions& options, std::uint64_t usable_bytes) {
  const bool fits = choice.arena_bytes <= usable_bytes;
  choice.budget_bytes = options.device_bytes.value_or(fits ? choice.arena_bytes : usable_bytes);
  if (options.device_share) {
    choice.budget_bytes =
        static_cast<std::uint64_t>(static_cast<double>(choice.footprint_bytes) * *options.device_share);
  }
  choice.everything_resident = choice.budget_bytes >= choice.arena_bytes;
  const std::uint64_t resident = std::min(choice.budget_bytes, choice.arena_bytes);
  if (options.mode == Mode::incore) {
    if (!choice.everything_resident || !fits) {
      does_not_fit("the model does not fit in core (--mode um or explicit trains it out of core)",
                   choice.arena_bytes, std::min(choice.budget_bytes, usable_bytes));
    }
  } else if (resident > usable_bytes) {
    does_not_fit("--device-memory is more than this machine can hold resident", resident, usable_bytes);
  }
  choice.space.device_bytes = resident;
}

}  // namespace

std::uint64_t MemoryChoice::with_workspace(std::uint64_t tensor_bytes) const {
  return runtime::round_up(tensor_bytes, runtime::kBlockBytes) +
         runtime::round_up(space.workspace_bytes, runtime::kBlockBytes);
}

double MemoryChoice::oversubscription() const {
  return static_cast<double>(footprint_bytes) / static_cast<double>(budget_bytes);
}

void require_ops_fit(const advisor::Schedule& schedule, std::uint64_t budget_bytes) {
  advisor::OpIndex largest = 0;
  for (advisor::OpIndex op = 0; op < schedule.ops.size(); ++op) {
    if (advisor::op_bytes(schedule, op) > advisor::op_bytes(schedule, largest)) largest = op;
  }
  if (schedule.ops.empty()) return;
  const std::uint64_t needed = advisor::op_bytes(schedule, largest);
  if (needed > budget_bytes) {
    does_not_fit(fmt::format("device memory is smaller than the operands of op {} ({})", largest,
                             schedule.ops[largest].name),
                 needed, budget_bytes);
  }
}

MemoryChoice choose_memory(Platform& platform, const runtime::Program& program, const MemoryOptions& options,
                           std::uint64_t other_bytes, std::optional<std::uint64_t> resident_arena_bytes) {
  if (!options.plan.by_default() && (options.mode == Mode::incore || options.mode == Mode::um_naive)) {
    throw runtime::UsageError(
        fmt::format("--mode {} makes no plan; leave --policy, --policy-option and --recompute out",
                    to_string(options.mode)));
  }
  MemoryChoice choice;
  choice.space.workspace_bytes = largest_workspace(program);
  choice.footprint_bytes = choice.arena_bytes = footprint_of(program);
  if (resident_arena_bytes) choice.arena_bytes = choice.with_workspace(*resident_arena_bytes);
  choose_budget(choice, options, platform.usable_bytes(other_bytes));
  if (options.mode != Mode::incore) {  // in core the arena holds every op
    require_ops_fit(program.train.schedule, choice.budget_bytes);
    require_ops_fit(program.test.schedule, choice.budget_bytes);
  }
  platform.settle(choice, other_bytes);
  return choice;
}

void place_tensors(MemoryChoice& choice, const runtime::Program& program, const advisor::Advice& first,
                   std::uint64_t arena_bytes, bool others_follow) {
  choice.space.arena_offsets = advisor::arena_offsets(first.plan, program.train.schedule.tensors.size());
  if (choice.space.arena_offsets.empty()) return;
  choice.arena_bytes = choice.with_workspace(arena_bytes);
  choice.space.arena_bytes =
      (others_follow ? choice.footprint_bytes : choice.arena_bytes) - choice.with_workspace(0);
}

std::unique_ptr<runtime::MemorySpace> make_space(Platform& platform, const runtime::Program& program,
                                                 const MemoryChoice& choice) {
  std::vector<std::uint64_t> bytes;
  bytes.reserve(program.train.schedule.tensors.size());
  for (const advisor::TensorInfo& tensor : program.train.schedule.tensors) bytes.push_back(tensor.bytes);
  return platform.make_space(bytes, choice);
}

}  // namespace octrain::apps
