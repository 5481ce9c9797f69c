// What an op needs before it may be enqueued, and contents between ops.
#include <algorithm>
#include <cstring>

#include "cuda/block_space.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::cuda {

Ranges BlockSpace::operand_blocks(const OpAccess& access) const {
  Ranges blocks{layout_.workspace_blocks(access.workspace_bytes)};
  for (const auto operands : {access.reads, access.writes}) {
    for (const TensorId tensor : operands) blocks.push_back(layout_.blocks(tensor));
  }
  return blocks;
}

BlockSpace::Missing BlockSpace::missing(const OpAccess& access) const {
  Missing missing;
  const auto add = [&](Ranges& to, BlockRange range, const Condition& condition) {
    const Ranges parts = account_.those(range, condition);
    to.insert(to.end(), parts.begin(), parts.end());
  };
  const auto absent = [&](BlockId block) { return account_[block].place != Place::device; };
  const auto dead = [&](BlockId block) { return account_[block].place == Place::dead; };
  for (const TensorId tensor : access.reads) {
    const std::size_t before = missing.needed.size();
    add(missing.needed, layout_.blocks(tensor), absent);
    if (missing.needed.size() == before || memory_->serves_faults()) continue;
    throw InvalidPlan("tensor " + std::to_string(tensor) +
                      " is an operand but not on the device: the plan must prefetch it before");
  }
  const auto add_overwritten = [&](BlockRange range) {
    add(missing.dead, range, dead);
    add(demand_only_ ? missing.needed : missing.unmapped, range,
        [&](BlockId block) { return absent(block) && !dead(block); });
  };
  for (const TensorId tensor : access.writes) {
    if (!layout_.lies_on_read(tensor, access)) add_overwritten(layout_.blocks(tensor));
  }
  add_overwritten(layout_.workspace_blocks(access.workspace_bytes));
  return {merged(std::move(missing.unmapped)), merged(std::move(missing.dead)),
          merged(std::move(missing.needed))};
}

void BlockSpace::acquire(const OpAccess& access) {
  Lock lock = begin_call();
  const Ranges operands = operand_blocks(access);
  const Missing absent = missing(access);
  // What was discarded is not there, even if its pages are: these go, behind those who used them before.
  for (const BlockRange& range : absent.needed) give_up(account_.at(range, Place::dead));
  revive(absent.dead);
  const OpSerial op = ++last_op_;
  op_is_open_ = true;
  for (const BlockRange& range : operands) account_.use(range, op);
  if (!demand_only_) {
    make_room(lock, count(absent.unmapped) + count(absent.needed),
              [&](BlockId block) { return account_[block].last_use != op; });
  }
  issue(Lane::outputs, absent.unmapped);
  serve_faults(lock, absent.needed);
  for (const TensorId tensor : access.writes) account_.write(layout_.blocks(tensor));
  const Orders bringing = account_.bringing(operands);
  dispatch_.wait_until_begun(lock, bringing);
  const std::vector<EventRef> events = dispatch_.events(bringing);
  lock.unlock();
  for (const EventRef& event : events)
    check(cudaStreamWaitEvent(compute_, event->get(), 0), "cudaStreamWaitEvent");
}

/// The op's kernels will fault them in; what others have to do with them comes before.
void BlockSpace::serve_faults(Lock& lock, const Ranges& ranges) {
  if (ranges.empty()) return;
  dispatch_.wait_until_done(lock, account_.orders(ranges));
  const BlockId blocks = count(ranges);
  if (demand_only_) {
    dispatch_.wait_until_all_begun(lock);
  } else {
    dispatch_.wait_for_room(lock, blocks);
  }
  dispatch_.take_room(blocks);
  counters().faults += blocks;
  for (const BlockRange& range : ranges)
    counters().fault_in_bytes += count(account_.at(range, Place::host)) * kBlockBytes;
  account_.move(ranges, Place::device, true);
}

void BlockSpace::release(const OpAccess&) {
  end_op();
  const Lock lock = dispatch_.lock();
  dispatch_.rethrow_failure();
}

/// Nobody has to do with the blocks any more.
void BlockSpace::settle(BlockRange range) {
  wait_for_device();
  Lock lock = begin_call();
  dispatch_.wait_until_done(lock, account_.orders(range));
}

/// The CPU is to write there.
void BlockSpace::give_up_dead(BlockRange range) {
  const Lock lock = begin_call();
  give_up(account_.at(range, Place::dead));
}

void BlockSpace::copy(void* to, const void* from, std::uint64_t bytes, cudaMemcpyKind kind) {
  check(cudaMemcpyAsync(to, from, bytes, kind, copies_.get()), "cudaMemcpyAsync (contents)");
  check(cudaStreamSynchronize(copies_.get()), "cudaStreamSynchronize (contents)");
}

void BlockSpace::write_contents(TensorId tensor, std::uint64_t offset, std::span<const std::byte> from) {
  const BlockRange range = layout_.blocks(tensor);
  give_up_dead(range);
  settle(range);
  for_each_piece(range, offset, from.size(), [&](const BlockPiece& piece) {
    const std::byte* const source = from.data() + piece.start;
    const BlockId block = piece.block;
    if (account_[block].place == Place::device) {
      copy(memory_->device_address(block) + piece.offset, source, piece.bytes, cudaMemcpyHostToDevice);
      account_.write({block, 1});
    } else {
      std::memcpy(memory_->host_address(block) + piece.offset, source, piece.bytes);
      account_.move({{block, 1}}, Place::host, false);
    }
  });
}

void BlockSpace::read_contents(TensorId tensor, std::uint64_t offset, std::span<std::byte> to) {
  const BlockRange range = layout_.blocks(tensor);
  settle(range);
  for_each_piece(range, offset, to.size(), [&](const BlockPiece& piece) {
    std::byte* const target = to.data() + piece.start;
    const BlockId block = piece.block;
    if (account_[block].place == Place::nowhere || account_[block].place == Place::dead) {
      std::memset(target, 0, piece.bytes);
    } else if (account_[block].place == Place::host) {
      std::memcpy(target, memory_->host_address(block) + piece.offset, piece.bytes);
    } else {
      copy(target, memory_->device_address(block) + piece.offset, piece.bytes, cudaMemcpyDeviceToHost);
    }
  });
}

}  // namespace octrain::runtime::cuda
