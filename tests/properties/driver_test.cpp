// The driver's demand paging by counts of blocks is that of a walk block by block.
#include <gtest/gtest.h>

#include <deque>
#include <set>
#include <vector>

#include "octrain/advisor/bounds.h"
#include "octrain/advisor/simulate.h"
#include "support/effort.h"
#include "support/random_schedule.h"

namespace octrain::testing {
namespace {

using namespace octrain::advisor;

constexpr std::uint64_t kBlock = 10;

/// Tensors of whole blocks, no workspace.
Schedule blocky_schedule(std::uint32_t seed) {
  Schedule schedule = random_schedule(seed);
  for (TensorInfo& tensor : schedule.tensors) tensor.bytes *= kBlock;
  for (Op& op : schedule.ops) op.workspace_bytes = 0;
  return schedule;
}

/// One page table entry a block.
class BlockWalk {
 public:
  BlockWalk(const Schedule& schedule, bool tracks_writes, std::uint64_t budget_bytes)
      : schedule_(schedule), tracks_writes_(tracks_writes), budget_blocks_(budget_bytes / kBlock) {
    for (const TensorInfo& tensor : schedule.tensors) {
      blocks_.emplace_back(tensor.bytes / kBlock);
      for (Block& block : blocks_.back()) block.on_host = outlives_iteration(tensor.role);
    }
  }

  void iterate() {
    in = out = evicted = faults = 0;
    std::vector<bool> seen(blocks_.size(), false);
    for (const Op& op : schedule_.ops) {
      for (const TensorId tensor : op.reads) {
        if (!seen[tensor] && !outlives_iteration(schedule_.tensors[tensor].role)) supply(tensor);
        seen[tensor] = true;
      }
      for (const TensorId tensor : op.writes) seen[tensor] = true;
    }
    for (const Op& op : schedule_.ops) run(op);
  }

  std::uint64_t in = 0, out = 0, evicted = 0, faults = 0;

 private:
  struct Block {
    bool resident = false, dirty = false, on_host = false;
  };

  void supply(TensorId tensor) {
    std::erase_if(order_, [&](const auto& entry) { return entry.first == tensor; });
    for (Block& block : blocks_[tensor]) block = {false, false, true};
  }

  void run(const Op& op) {
    std::set<TensorId> operands(op.reads.begin(), op.reads.end());
    operands.insert(op.writes.begin(), op.writes.end());
    for (bool complete = false; !complete;) {
      complete = true;
      for (const TensorId tensor : operands) {
        std::vector<std::size_t> missing;
        for (std::size_t i = 0; i < blocks_[tensor].size(); ++i) {
          if (!blocks_[tensor][i].resident) missing.push_back(i);
        }
        for (const std::size_t i : missing) bring(tensor, i);
        complete = complete && missing.empty();
      }
    }
    for (const TensorId tensor : op.writes) {
      for (Block& block : blocks_[tensor]) block.dirty = true;
    }
  }

  void bring(TensorId tensor, std::size_t i) {
    if (order_.size() == budget_blocks_) {
      Block& victim = blocks_[order_.front().first][order_.front().second];
      order_.pop_front();
      evicted += kBlock;
      if (!tracks_writes_ || victim.dirty) out += kBlock;
      victim = {false, false, true};
    }
    Block& block = blocks_[tensor][i];
    if (block.on_host) in += kBlock;
    block = {true, !block.on_host, block.on_host};  // fresh contents exist nowhere else
    order_.emplace_back(tensor, i);
    ++faults;
  }

  const Schedule& schedule_;
  bool tracks_writes_;
  std::size_t budget_blocks_;
  std::vector<std::vector<Block>> blocks_;
  std::deque<std::pair<TensorId, std::size_t>> order_;  // resident, in the order in which they came
};

TEST(Driver, CountingBlocksIsWalkingThem) {
  int under_pressure = 0;
  for (std::uint32_t seed = 0; seed < cases(500); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Schedule schedule = blocky_schedule(seed);
    const std::uint64_t least = largest_op_bytes(schedule);
    const std::uint64_t all = footprint_bytes(schedule);
    Machine machine = unit_machine();
    machine.block_bytes = machine.fault_bytes = kBlock;
    machine.fault_ns = 3;
    machine.tracks_writes = seed % 2 == 0;
    machine.link_duplex = seed % 3 != 0;
    for (const std::uint64_t budget : {least, (least + (all - least) / 3) / kBlock * kBlock, all}) {
      BlockWalk walk(schedule, machine.tracks_writes, budget);
      walk.iterate();
      walk.iterate();
      const Simulation run = simulate_on_demand(schedule, {}, machine, budget);
      EXPECT_EQ(run.in_bytes, walk.in);
      EXPECT_EQ(run.fault_in_bytes, walk.in);
      EXPECT_EQ(run.out_bytes, walk.out);
      EXPECT_EQ(run.driver_evicted_bytes, walk.evicted);
      EXPECT_EQ(run.faults, walk.faults);
      ASSERT_EQ(run.op_start_ns.size(), schedule.ops.size());
      EXPECT_LE(run.peak_bytes, budget);
      EXPECT_EQ(run.compute_ns, bounds(schedule, budget).ideal_ns);
      EXPECT_EQ(run.total_ns, run.compute_ns + run.stall_ns);
      const std::uint64_t most_ns = walk.in + walk.out + machine.fault_ns * walk.faults;
      const std::uint64_t least_ns = machine.link_duplex ? std::max(walk.in, walk.out) : most_ns;
      EXPECT_GE(run.stall_ns, least_ns);
      EXPECT_LE(run.stall_ns, most_ns);
      if (walk.evicted > 0) ++under_pressure;
    }
  }
  EXPECT_GT(under_pressure, static_cast<int>(cases(300)));
}

}  // namespace
}  // namespace octrain::testing
