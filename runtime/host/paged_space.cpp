#include "host/paged_space.h"

#include <algorithm>

#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {
namespace {

std::unique_ptr<PageMover> make_mover(std::optional<Userfault>& userfault, bool force_copy) {
  if (!userfault) return std::make_unique<RemappingMover>();
  if (userfault->can_move() && !force_copy) return std::make_unique<MovingMover>(*userfault);
  return std::make_unique<CopyingMover>(*userfault);
}

BlockId budget_blocks(const Layout& layout, const HostSpaceOptions& options) {
  // A single instruction may touch two blocks for each of its operands, and several threads run.
  const BlockId least = options.kind == Kind::managed ? 4 : 1;
  const std::uint64_t blocks = options.device_bytes / kBlockBytes;
  if (blocks < least) {
    throw OutOfDeviceMemory("the host backend needs at least " + format_bytes(least * kBlockBytes) +
                                " of device memory, not " + format_bytes(options.device_bytes),
                            least * kBlockBytes - options.device_bytes);
  }
  return static_cast<BlockId>(std::min<std::uint64_t>(blocks, std::max(layout.block_count(), least)));
}

}  // namespace

PagedSpace::PagedSpace(Layout layout, const HostSpaceOptions& options, std::unique_ptr<Tier> tier)
    : layout_(std::move(layout)),
      demand_only_(options.demand_only),
      tier_(std::move(tier)),
      memory_(layout_.bytes()) {
  const bool is_managed = options.kind == Kind::managed;
  if (is_managed) userfault_.emplace();
  mover_ = make_mover(userfault_, options.force_copy);
  if (is_managed && layout_.bytes() > 0)
    userfault_->watch(memory_.data(), layout_.bytes(), mover_->protects_writes());
  pager_ = std::make_unique<Pager>(
      Pager::Parts{layout_, memory_.data(), *mover_, *tier_, budget_blocks(layout_, options), is_managed});
  channel_ = tier_->open_channel();
  if (is_managed) faults_.emplace(*userfault_, *pager_, *tier_);
  in_.emplace(*pager_, *tier_, Direction::in);
  out_.emplace(*pager_, *tier_, Direction::out);
}

void PagedSpace::place(std::span<const std::uint64_t> arena_offsets) {
  const Lock lock = pager_->lock();
  layout_.place(arena_offsets);
}

std::byte* PagedSpace::address(TensorId tensor) { return pager_->address(layout_.blocks(tensor).first); }
std::byte* PagedSpace::workspace() { return address(layout_.workspace()); }

void PagedSpace::issue(Direction direction, TensorId tensor) {
  const Lock lock = pager_->lock();
  pager_->rethrow_failure();
  if (direction == Direction::out) pager_->cancel_bring_in(tensor);
  pager_->orders().issue(direction, tensor, layout_.blocks(tensor));
  pager_->announce_orders();
}

void PagedSpace::prefetch(TensorId tensor) { issue(Direction::in, tensor); }
void PagedSpace::evict(TensorId tensor) { issue(Direction::out, tensor); }

void PagedSpace::discard(TensorId tensor) {
  Lock lock = pager_->lock();
  pager_->cancel_bring_in(tensor);
  wait_until_settled(lock, tensor);
  pager_->counters().discarded_bytes += pager_->drop(lock, layout_.blocks(tensor)) * kBlockBytes;
}

bool PagedSpace::settled(TensorId tensor) {
  if (pager_->orders().pending(tensor)) return false;
  const BlockRange range = layout_.blocks(tensor);
  for (BlockId block = range.first; block < range.end(); ++block) {
    if (pager_->moving(block)) return false;
  }
  return true;
}

void PagedSpace::wait_until_settled(Lock& lock, TensorId tensor) {
  pager_->rethrow_failure();
  while (!settled(tensor)) {
    pager_->wait(lock);
    pager_->rethrow_failure();
  }
}

void PagedSpace::require_resident(TensorId tensor) {
  const BlockRange range = layout_.blocks(tensor);
  for (BlockId block = range.first; block < range.end(); ++block) {
    if (pager_->state(block) == BlockState::resident) continue;
    throw InvalidPlan("tensor " + std::to_string(tensor) +
                      " is an operand but not on the device: the plan must prefetch it before");
  }
}

void PagedSpace::acquire(const OpAccess& access) {
  Lock lock = pager_->lock();
  for (const TensorId tensor : access.reads) wait_until_settled(lock, tensor);
  for (const TensorId tensor : access.writes) wait_until_settled(lock, tensor);
  for (const TensorId tensor : access.writes) pager_->mark_written(layout_.blocks(tensor));
  pager_->mark_written(layout_.blocks(layout_.workspace()));
  if (!managed()) {
    for (const TensorId tensor : access.reads) require_resident(tensor);
  }
  if (!demand_only_) {
    for (const TensorId tensor : access.writes) {
      if (!layout_.lies_on_read(tensor, access)) pager_->reserve(lock, layout_.blocks(tensor), *channel_);
    }
    const BlockRange workspace = layout_.workspace_blocks(access.workspace_bytes),
                     all = layout_.blocks(layout_.workspace());
    pager_->set_spare({workspace.end(), all.count - workspace.count});
    pager_->reserve(lock, workspace, *channel_);
  }
}

void PagedSpace::release(const OpAccess& access) {
  Lock lock = pager_->lock();
  pager_->rethrow_failure();
  for (const TensorId tensor : access.writes) pager_->end_writes(layout_.blocks(tensor));
  pager_->end_writes(layout_.blocks(layout_.workspace()));
  if (!demand_only_) pager_->set_spare(layout_.blocks(layout_.workspace()));
}

void PagedSpace::quiesce() {
  Lock lock = pager_->lock();
  for (TensorId tensor = 0; tensor <= layout_.workspace(); ++tensor) wait_until_settled(lock, tensor);
}

void PagedSpace::write_contents(TensorId tensor, std::uint64_t offset, std::span<const std::byte> from) {
  Lock lock = pager_->lock();
  wait_until_settled(lock, tensor);
  for_each_piece(layout_.blocks(tensor), offset, from.size(), [&](const BlockPiece& piece) {
    wait_until_settled(lock, tensor);
    pager_->write_block(lock, piece.block, piece.offset, from.subspan(piece.start, piece.bytes), *channel_);
  });
}

void PagedSpace::read_contents(TensorId tensor, std::uint64_t offset, std::span<std::byte> to) {
  Lock lock = pager_->lock();
  wait_until_settled(lock, tensor);
  for_each_piece(layout_.blocks(tensor), offset, to.size(), [&](const BlockPiece& piece) {
    wait_until_settled(lock, tensor);
    pager_->read_block(lock, piece.block, piece.offset, to.subspan(piece.start, piece.bytes), *channel_);
  });
}

MemoryCounters PagedSpace::take_counters() {
  const Lock lock = pager_->lock();
  return pager_->take_counters();
}

void PagedSpace::record_transfers(TransferLog* log) {
  const Lock lock = pager_->lock();
  pager_->record(log);
}

std::uint64_t PagedSpace::resident_bytes() const {
  const Lock lock = pager_->lock();
  return pager_->resident_bytes();
}

std::string PagedSpace::description() const {
  const std::string mode = !managed() ? "explicit" : demand_only_ ? "um-naive" : "um";
  return "host " + mode + ", " + tier_->description() + ", " + std::string(mover_->name());
}

}  // namespace octrain::runtime::host
