// Memory that moves block by block, managed and explicit alike.
//
// The executor's thread decides everything, in the order of issue and ahead of the device: where each block
// will lie, what must leave so that others fit, what an op has to wait for. The lanes' threads (LaneWorker)
// carry it out, and count what is really there (Dispatch).
//
// Dead pages stay where they are until somebody wants their room. An output that comes to lie on them takes
// them as they are: no call, and nothing to wait for, since the ops that used them before are before it on
// the compute stream. They are room, so they do not count as resident; but they are there, and together with
// what is resident never more than the budget. Managed pages are discarded when their room is taken, not when
// their contents die: nobody but us wants room on the device, and a discarded page would have to be asked for
// again (docs/decisions/0015-dead-pages-stay-until-room-is-wanted.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cuda/block_account.h"
#include "cuda/block_memory.h"
#include "cuda/dispatch.h"
#include "cuda/lane_worker.h"
#include "octrain/runtime/cuda/cuda_space.h"

namespace octrain::runtime::cuda {

class BlockSpace final : public MemorySpace {
 public:
  struct Parts {
    Layout layout;
    std::unique_ptr<BlockMemory> memory;
    BlockId limit = 0;  ///< blocks that may be on the device
    bool demand_only = false;
    int device = 0;
    cudaStream_t compute = nullptr;
    DriverMeter* driver = nullptr;
  };
  explicit BlockSpace(Parts parts);
  ~BlockSpace() override;

  void place(std::span<const std::uint64_t> arena_offsets) override;
  [[nodiscard]] std::byte* address(TensorId tensor) override;
  [[nodiscard]] std::byte* workspace() override;
  void prefetch(TensorId tensor) override;
  void evict(TensorId tensor) override;
  void discard(TensorId tensor) override;
  void acquire(const OpAccess& access) override;
  void release(const OpAccess& access) override;
  void begin_iteration() override;
  [[nodiscard]] std::unique_ptr<OpTimer> make_timer() override;
  void quiesce() override;
  void write_contents(TensorId tensor, std::uint64_t offset, std::span<const std::byte> from) override;
  void read_contents(TensorId tensor, std::uint64_t offset, std::span<std::byte> to) override;
  [[nodiscard]] MemoryCounters take_counters() override;
  void record_transfers(TransferLog* log) override;
  [[nodiscard]] std::uint64_t resident_bytes() const override;
  [[nodiscard]] std::string description() const override;

 private:
  /// Of an op, not on the device.
  struct Missing {
    Ranges unmapped;  ///< will be overwritten (workspace among them): pages are enough
    Ranges dead;      ///< the same, and dead pages lie there
    Ranges needed;    ///< the op wants to see what they hold
  };
  using Condition = BlockAccount::Condition;
  using Owner = std::optional<TensorId>;  // whose hint; none: for an op, or for want of room

  [[nodiscard]] Lock begin_call();
  void end_op();
  void wait_for_device();
  void settle(BlockRange range);
  void give_up_dead(BlockRange range);
  void copy(void* to, const void* from, std::uint64_t bytes, cudaMemcpyKind kind);
  void issue(Lane lane, const Ranges& ranges, Owner tensor = {});
  void bury(const Ranges& ranges, bool wanted_again = false);
  void revive(const Ranges& ranges);
  void give_up(const Ranges& dead);
  void let_go(const Ranges& clean, Owner tensor = {});
  void make_room(Lock& lock, BlockId blocks, const Condition& may_leave);
  void send_away(Lock& lock, BlockId most, const Condition& may_leave);

  [[nodiscard]] Ranges operand_blocks(const OpAccess& access) const;
  [[nodiscard]] Missing missing(const OpAccess& access) const;
  void serve_faults(Lock& lock, const Ranges& ranges);
  [[nodiscard]] MemoryCounters& counters() { return dispatch_.counters(); }

  Layout layout_;
  const BlockId limit_;
  const bool demand_only_;
  const cudaStream_t compute_;
  DriverMeter* const driver_;  // null: nobody measures
  std::unique_ptr<BlockMemory> memory_;
  EventPool events_;
  Marks marks_;
  mutable Dispatch dispatch_;
  BlockAccount account_;
  OpSerial last_op_ = 0;     // the run of an op that was acquired last
  bool op_is_open_ = false;  // and not released
  Stream copies_;            // of write_contents() and read_contents()
  std::vector<std::unique_ptr<LaneWorker>> workers_;
};

}  // namespace octrain::runtime::cuda
