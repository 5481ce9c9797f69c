#include "memory_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::apps {

namespace {

namespace host = runtime::host;
using runtime::format_bytes;

/// RAM left to the system, the page cache and the libraries, unless that were more than half of what there
/// is.
constexpr std::uint64_t kReserveBytes = 3 * runtime::kGiB;
constexpr double kReserveShare = 0.15;

host::Kind kind_of(Mode mode) {
  switch (mode) {
    case Mode::incore:
      return host::Kind::incore;
    case Mode::um_naive:
    case Mode::um:
      return host::Kind::managed;
    case Mode::explicit_copy:
      return host::Kind::explicit_copy;
  }
  return host::Kind::managed;
}

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

void choose_budget(MemoryChoice& choice, const MemoryOptions& options, std::uint64_t ram_bytes) {
  const bool fits = choice.arena_bytes <= ram_bytes;
  choice.budget_bytes = options.device_bytes.value_or(fits ? choice.arena_bytes : ram_bytes);
  choice.everything_resident = choice.budget_bytes >= choice.arena_bytes;
  const std::uint64_t frames = std::min(choice.budget_bytes, choice.arena_bytes);
  if (options.mode == Mode::incore) {
    if (!choice.everything_resident || !fits) {
      does_not_fit("the model does not fit in core (--mode um or explicit trains it out of core)",
                   choice.arena_bytes, std::min(choice.budget_bytes, ram_bytes));
    }
  } else if (frames > ram_bytes) {
    does_not_fit("--device-memory is more than this machine can hold resident", frames, ram_bytes);
  }
  choice.space.device_bytes = frames;
}

void choose_tier(MemoryChoice& choice, const MemoryOptions& options, std::uint64_t ram_bytes) {
  if (options.link && options.tier == TierChoice::file) {
    throw runtime::UsageError("--link paces the RAM tier; leave it out with --tier file");
  }
  // The RAM tier of a space that copies holds a second copy of what is resident.
  const bool ram_holds_all = choice.footprint_bytes + choice.space.device_bytes <= ram_bytes;
  const bool ram = options.tier == TierChoice::ram || options.link ||
                   (options.tier == TierChoice::automatic && (choice.everything_resident || ram_holds_all));
  choice.space.tier = ram ? host::TierKind::ram : host::TierKind::file;
  choice.space.link = options.link;
  if (!ram) choice.space.tier_dir = options.tier_dir.empty() ? host::default_tier_dir() : options.tier_dir;
}

void choose_page_mover(MemoryChoice& choice, PageMover mover) {
  choice.space.force_copy = mover == PageMover::copy;
  if (mover != PageMover::move) return;
  for (const host::HostCapability& capability : host::host_capabilities(choice.space.tier_dir)) {
    if (capability.name == "UFFDIO_MOVE" && !capability.available) {
      throw runtime::DeviceError("--page-mover move: " + capability.detail);
    }
  }
}

}  // namespace

std::uint64_t MemoryChoice::with_workspace(std::uint64_t tensor_bytes) const {
  return runtime::round_up(tensor_bytes, runtime::kBlockBytes) +
         runtime::round_up(space.workspace_bytes, runtime::kBlockBytes);
}

double MemoryChoice::oversubscription() const {
  return static_cast<double>(footprint_bytes) / static_cast<double>(budget_bytes);
}

std::string MemoryChoice::tier_text() const {
  if (space.kind == host::Kind::incore) return "none";
  if (space.tier == host::TierKind::ram) {
    return space.link ? fmt::format("RAM, paced at {}/s",
                                    format_bytes(static_cast<std::uint64_t>(space.link->bytes_per_s)))
                      : "RAM";
  }
  const host::DiskSpace disk = host::disk_space(space.tier_dir);
  return fmt::format("file in {} ({} free{})", space.tier_dir.string(), format_bytes(disk.free_bytes),
                     disk.in_ram ? "; it lies in RAM" : "");
}

std::uint64_t usable_ram_bytes() {
  const std::uint64_t available = host::available_ram_bytes();
  const auto share = static_cast<std::uint64_t>(kReserveShare * static_cast<double>(available));
  return available - std::min(std::max(kReserveBytes, share), available / 2);
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

MemoryChoice choose_memory(const runtime::Program& program, const MemoryOptions& options,
                           std::uint64_t other_bytes, std::optional<std::uint64_t> resident_arena_bytes) {
  if (!options.plan.by_default() && (options.mode == Mode::incore || options.mode == Mode::um_naive)) {
    throw runtime::UsageError(
        fmt::format("--mode {} makes no plan; leave --policy, --policy-option and --recompute out",
                    to_string(options.mode)));
  }
  MemoryChoice choice;
  choice.space.kind = kind_of(options.mode);
  choice.space.workspace_bytes = largest_workspace(program);
  choice.footprint_bytes = choice.arena_bytes = footprint_of(program);
  if (resident_arena_bytes) choice.arena_bytes = choice.with_workspace(*resident_arena_bytes);
  const std::uint64_t usable = usable_ram_bytes();
  const std::uint64_t ram_bytes = usable - std::min(usable, other_bytes);
  choose_budget(choice, options, ram_bytes);
  if (options.mode != Mode::incore) {  // in core the arena holds every op
    require_ops_fit(program.train.schedule, choice.budget_bytes);
    require_ops_fit(program.test.schedule, choice.budget_bytes);
    choose_tier(choice, options, ram_bytes);
    choose_page_mover(choice, options.page_mover);
  }
  return choice;
}

advisor::Machine machine_of(const MemoryChoice& choice, const layers::Backend& backend) {
  advisor::Machine machine = advisor::find_machine("host").value();
  machine.device_bytes = choice.budget_bytes;
  machine.flops_per_s = backend.flops_per_s();
  machine.memory_bytes_per_s = backend.memory_bytes_per_s();
  if (choice.space.tier == host::TierKind::ram) {
    machine.link_duplex = true;
    machine.link_in_bytes_per_s =
        choice.space.link ? choice.space.link->bytes_per_s : 0;  // frames change hands: free
    machine.link_out_bytes_per_s = machine.link_in_bytes_per_s;
    machine.transfer_latency_ns = choice.space.link ? choice.space.link->latency_ns : 0;
    if (choice.space.kind == host::Kind::explicit_copy && !choice.space.link) {
      machine.link_in_bytes_per_s = machine.link_out_bytes_per_s =
          machine.memory_bytes_per_s / 2;  // read and written
    }
  }
  return machine;
}

void place_tensors(MemoryChoice& choice, const runtime::Program& program, const advisor::Advice& first,
                   std::uint64_t arena_bytes, bool others_follow) {
  choice.space.arena_offsets = advisor::arena_offsets(first.plan, program.train.schedule.tensors.size());
  if (choice.space.arena_offsets.empty()) return;
  choice.arena_bytes = choice.with_workspace(arena_bytes);
  choice.space.arena_bytes =
      (others_follow ? choice.footprint_bytes : choice.arena_bytes) - choice.with_workspace(0);
}

std::unique_ptr<runtime::MemorySpace> make_space(const runtime::Program& program,
                                                 const MemoryChoice& choice) {
  std::vector<std::uint64_t> bytes;
  bytes.reserve(program.train.schedule.tensors.size());
  for (const advisor::TensorInfo& tensor : program.train.schedule.tensors) bytes.push_back(tensor.bytes);
  return host::make_host_space(bytes, choice.space);
}

}  // namespace octrain::apps
