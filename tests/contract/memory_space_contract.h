// What every MemorySpace must do, whatever lies behind it. Instantiate with a list of MemorySpaceCase:
//   INSTANTIATE_TEST_SUITE_P(Host, MemorySpaceContract, testing::ValuesIn(cases()), case_name);
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "contract/memory_space_case.h"
#include "contract/op_work.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/memory_space.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime {

class MemorySpaceContract : public testing::TestWithParam<MemorySpaceCase> {
 protected:
  void SetUp() override {
    if (!GetParam().skip.empty()) GTEST_SKIP() << GetParam().skip;
    GetParam().begin();
  }
  void TearDown() override {
    if (IsSkipped()) return;
    if (work_ != nullptr) work_->finish();
    close();
    GetParam().end();
  }
  void open(MemorySpaceSizes sizes) {
    close();
    sizes_ = std::move(sizes);
    SpaceUnderTest made = GetParam().make(sizes_);
    work_ = std::move(made.work);
    space_ = std::move(made.space);
    versions_.assign(sizes_.tensor_bytes.size(), 0);
    next_version_ = 1;
  }
  void close() {
    space_.reset();
    work_.reset();
  }
  [[nodiscard]] std::uint64_t bytes(TensorId tensor) const { return sizes_.tensor_bytes[tensor]; }
  [[nodiscard]] std::uint64_t blocks_bytes(TensorId tensor) const {
    return round_up(bytes(tensor), kBlockBytes);
  }

  /// New contents by the means of write_contents().
  void store(TensorId tensor) {
    versions_[tensor] = next_version_++;
    std::vector<std::byte> contents(bytes(tensor));
    write_pattern(contents.data(), pattern_start(tensor, versions_[tensor]), bytes(tensor));
    space_->write_contents(tensor, 0, contents);
  }
  void expect_stored(TensorId tensor) {
    std::vector<std::byte> found(bytes(tensor));
    space_->read_contents(tensor, 0, found);
    EXPECT_TRUE(holds_pattern(found.data(), pattern_start(tensor, versions_[tensor]), bytes(tensor)))
        << "contents of tensor " << tensor;
  }
  /// An op: checks its reads where they lie, then writes new contents; uses its workspace too. Where a device
  /// does it, what it finds wrong is told when it gets there.
  void run_op(const std::vector<TensorId>& reads, const std::vector<TensorId>& writes,
              std::uint64_t workspace_bytes = 0) {
    const OpAccess access{reads, writes, workspace_bytes};
    space_->acquire(access);
    constexpr std::byte kFilling{0x77};
    work_->fill(space_->workspace(), kFilling, workspace_bytes);
    for (const TensorId tensor : reads) {
      work_->expect(space_->address(tensor), pattern_start(tensor, versions_[tensor]), bytes(tensor),
                    "read of tensor " + std::to_string(tensor));
    }
    for (const TensorId tensor : writes) {
      versions_[tensor] = next_version_++;
      work_->write(space_->address(tensor), pattern_start(tensor, versions_[tensor]), bytes(tensor));
    }
    work_->expect_filled(space_->workspace(), kFilling, workspace_bytes);
    space_->release(access);
  }

  MemorySpaceSizes sizes_;
  std::unique_ptr<OpWork> work_;
  std::unique_ptr<MemorySpace> space_;
  std::vector<std::uint64_t> versions_;
  std::uint64_t next_version_ = 1;
};

TEST_P(MemorySpaceContract, AddressesAreAlignedApartAndStable) {
  open({{kBlockBytes, 8, 3 * kBlockBytes + 8, kBlockBytes - 8}, 16 * kBlockBytes, 8});
  std::vector<std::byte*> addresses;
  for (TensorId tensor = 0; tensor < 4; ++tensor) {
    addresses.push_back(space_->address(tensor));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(addresses.back()) % kBlockBytes, 0U);
    store(tensor);
  }
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(space_->workspace()) % kBlockBytes, 0U);
  for (TensorId tensor = 0; tensor < 4; ++tensor) {
    space_->prefetch(tensor);
    run_op({tensor}, {tensor}, 8);
    EXPECT_EQ(space_->address(tensor), addresses[tensor]);
  }
  for (TensorId tensor = 0; tensor < 4; ++tensor) expect_stored(tensor);
}

TEST_P(MemorySpaceContract, ContentsLargerThanTheBudgetAreKept) {
  open({{5 * kBlockBytes + 24, 7 * kBlockBytes, 3 * kBlockBytes}, GetParam().moves ? 4 * kBlockBytes : 0});
  for (TensorId tensor = 0; tensor < 3; ++tensor) store(tensor);
  for (TensorId tensor = 0; tensor < 3; ++tensor) expect_stored(tensor);
  if (GetParam().moves) {
    EXPECT_LE(space_->take_counters().peak_resident_bytes, 4 * kBlockBytes);
  }
}

TEST_P(MemorySpaceContract, PiecesOfContentsAreCopiedWhereverTheyLie) {
  open({{4 * kBlockBytes}, 4 * kBlockBytes});
  store(0);
  std::vector<std::uint64_t> expected(bytes(0) / 8);
  write_pattern(std::as_writable_bytes(std::span(expected)).data(), pattern_start(0, versions_[0]), bytes(0));
  const std::uint64_t word = kBlockBytes / 8 - 3;
  const std::vector<std::uint64_t> piece(kBlockBytes / 8 + 9, 42);
  for (const bool resident : {false, true}) {
    if (resident) space_->prefetch(0);
    std::copy(piece.begin(), piece.end(), expected.begin() + static_cast<std::ptrdiff_t>(word));
    space_->write_contents(0, word * 8, std::as_bytes(std::span(piece)));
    std::vector<std::uint64_t> found(piece.size() + 2);
    space_->read_contents(0, (word - 1) * 8, std::as_writable_bytes(std::span(found)));
    EXPECT_EQ(std::memcmp(found.data(), &expected[word - 1], found.size() * 8), 0);
    expected[word + 1] = 43;
    space_->write_contents(0, (word + 1) * 8, std::as_bytes(std::span(&expected[word + 1], 1)));
  }
  space_->evict(0);
  std::vector<std::uint64_t> all(expected.size());
  space_->read_contents(0, 0, std::as_writable_bytes(std::span(all)));
  EXPECT_TRUE(all == expected);
}

TEST_P(MemorySpaceContract, PrefetchAndEvictMoveAndAreCounted) {
  if (!GetParam().moves) GTEST_SKIP() << "nothing moves";
  open({{3 * kBlockBytes, 2 * kBlockBytes}, 4 * kBlockBytes});
  store(0);
  (void)space_->take_counters();
  space_->prefetch(0);
  run_op({0}, {});
  EXPECT_EQ(space_->resident_bytes(), blocks_bytes(0));
  space_->evict(0);  // clean: freed without a copy, where that can be
  space_->quiesce();
  auto counters = space_->take_counters();
  EXPECT_EQ(counters.planned_in_bytes, blocks_bytes(0));
  EXPECT_EQ(counters.planned_out_bytes, GetParam().copies_clean ? blocks_bytes(0) : 0U);
  EXPECT_GT(counters.in_busy_ns, 0U);
  EXPECT_EQ(counters.out_busy_ns > 0, GetParam().copies_clean);
  EXPECT_EQ(counters.peak_resident_bytes, blocks_bytes(0));
  EXPECT_EQ(counters.faults, 0U);
  EXPECT_EQ(space_->resident_bytes(), 0U);
  space_->prefetch(0);
  run_op({0}, {0});
  space_->evict(0);  // dirty now
  space_->quiesce();
  counters = space_->take_counters();
  EXPECT_EQ(counters.planned_in_bytes, blocks_bytes(0));
  EXPECT_EQ(counters.planned_out_bytes, blocks_bytes(0));
  EXPECT_GT(counters.in_busy_ns, 0U);
  EXPECT_GT(counters.out_busy_ns, 0U);
  EXPECT_EQ(counters.driver_evicted_bytes, 0U);
  expect_stored(0);
}

TEST_P(MemorySpaceContract, DeadContentsAreNotMoved) {
  if (!GetParam().moves) GTEST_SKIP() << "nothing moves";
  open({{2 * kBlockBytes, 2 * kBlockBytes}, 4 * kBlockBytes});
  store(0);
  (void)space_->take_counters();
  space_->discard(0);
  space_->prefetch(0);  // reserves only
  space_->quiesce();
  EXPECT_EQ(space_->resident_bytes(), blocks_bytes(0));
  run_op({}, {0});
  space_->discard(0);
  space_->quiesce();
  const auto counters = space_->take_counters();
  EXPECT_EQ(counters.planned_in_bytes, 0U);
  EXPECT_EQ(counters.planned_out_bytes, 0U);
  EXPECT_EQ(counters.discarded_bytes, blocks_bytes(0));
  EXPECT_EQ(space_->resident_bytes(), 0U);
}

TEST_P(MemorySpaceContract, OverwrittenTensorsAndWorkspaceNeedNoHint) {
  if (!GetParam().moves || GetParam().demand_only) GTEST_SKIP() << "acquire() reserves nothing";
  open({{2 * kBlockBytes, 2 * kBlockBytes, kBlockBytes}, 5 * kBlockBytes, kBlockBytes});
  store(0);
  run_op({}, {0, 1}, kBlockBytes);
  EXPECT_GE(space_->resident_bytes(), 4 * kBlockBytes);
  // Workspace may stay where it is, but not in the way of others.
  space_->prefetch(2);
  space_->quiesce();
  EXPECT_EQ(space_->resident_bytes(), 5 * kBlockBytes);
  const auto counters = space_->take_counters();
  EXPECT_EQ(counters.planned_in_bytes + counters.fault_in_bytes + counters.faults + counters.discarded_bytes,
            0U);
  EXPECT_EQ(counters.driver_evicted_bytes, 0U);
  EXPECT_EQ(counters.peak_resident_bytes, 5 * kBlockBytes);
  expect_stored(0);
  expect_stored(1);
}

TEST_P(MemorySpaceContract, HintsOfOneTensorAreCarriedOutInOrder) {
  open({{3 * kBlockBytes, 3 * kBlockBytes, 3 * kBlockBytes}, 9 * kBlockBytes});
  for (TensorId tensor = 0; tensor < 3; ++tensor) store(tensor);
  for (int round = 0; round < 50; ++round) {
    for (TensorId tensor = 0; tensor < 3; ++tensor) {
      space_->prefetch(tensor);
      space_->evict(tensor);
      space_->prefetch(tensor);
    }
    for (TensorId tensor = 0; tensor < 3; ++tensor) run_op({tensor}, {tensor});
    space_->evict(1);
    space_->evict(0);
    space_->prefetch(0);
  }
  space_->quiesce();
  for (TensorId tensor = 0; tensor < 3; ++tensor) expect_stored(tensor);
}

TEST_P(MemorySpaceContract, PrefetchWaitsForEvictionsToMakeRoom) {
  if (!GetParam().moves) GTEST_SKIP() << "nothing moves";
  open({std::vector<std::uint64_t>(6, 4 * kBlockBytes), 8 * kBlockBytes});
  for (TensorId tensor = 0; tensor < 6; ++tensor) store(tensor);
  (void)space_->take_counters();
  space_->prefetch(0);
  for (int step = 0; step < 60; ++step) {
    const auto now = static_cast<TensorId>(step % 6);
    space_->prefetch((now + 1) % 6);
    run_op({now}, {now});
    space_->evict(now);
  }
  space_->quiesce();
  const auto counters = space_->take_counters();
  EXPECT_EQ(counters.faults, 0U);
  EXPECT_EQ(counters.driver_evicted_bytes, 0U);
  EXPECT_LE(counters.peak_resident_bytes, 8 * kBlockBytes);
  EXPECT_EQ(counters.planned_out_bytes, 60 * 4 * kBlockBytes);
  for (TensorId tensor = 0; tensor < 6; ++tensor) expect_stored(tensor);
}

TEST_P(MemorySpaceContract, DiscardOfTensorsUnderWay) {
  open({std::vector<std::uint64_t>(4, 4 * kBlockBytes), 16 * kBlockBytes});
  for (int round = 0; round < 30; ++round) {
    for (TensorId tensor = 0; tensor < 4; ++tensor) store(tensor);
    for (TensorId tensor = 0; tensor < 4; ++tensor) space_->prefetch(tensor);
    space_->discard(2);
    space_->evict(1);
    space_->discard(1);
    run_op({0, 3}, {1, 2});
    expect_stored(1);
    space_->evict(2);
    space_->evict(0);
    space_->discard(3);
    expect_stored(2);
    space_->discard(2);
    space_->discard(1);
    space_->discard(0);
    if (GetParam().moves) {
      space_->quiesce();
      EXPECT_EQ(space_->resident_bytes(), 0U);
    }
  }
}

TEST_P(MemorySpaceContract, OperandsThatNoHintBrought) {
  if (!GetParam().moves) GTEST_SKIP() << "nothing moves";
  open({{3 * kBlockBytes, kBlockBytes}, 4 * kBlockBytes});
  store(0);
  (void)space_->take_counters();
  if (!GetParam().faults) {
    const std::vector<TensorId> reads{0};
    EXPECT_THROW(space_->acquire({reads, {}, 0}), InvalidPlan);
    return;
  }
  run_op({0}, {0});
  const auto counters = space_->take_counters();
  EXPECT_EQ(counters.faults, 3U);
  EXPECT_EQ(counters.fault_in_bytes, blocks_bytes(0));
  EXPECT_EQ(counters.planned_in_bytes, 0U);
  expect_stored(0);
}

TEST_P(MemorySpaceContract, MoreThanTheBudget) {
  if (!GetParam().moves) GTEST_SKIP() << "nothing moves";
  open({std::vector<std::uint64_t>(3, 4 * kBlockBytes), 8 * kBlockBytes});
  for (TensorId tensor = 0; tensor < 3; ++tensor) store(tensor);
  const auto bring_all = [&] {
    for (TensorId tensor = 0; tensor < 3; ++tensor) space_->prefetch(tensor);
    space_->quiesce();
  };
  if (!GetParam().faults) {
    EXPECT_THROW(bring_all(), InvalidPlan);
    return;
  }
  bring_all();
  const auto counters = space_->take_counters();
  EXPECT_GE(counters.driver_evicted_bytes, 4 * kBlockBytes);
  EXPECT_LE(counters.peak_resident_bytes, 8 * kBlockBytes);
  for (TensorId tensor = 0; tensor < 3; ++tensor) expect_stored(tensor);
}

TEST_P(MemorySpaceContract, DestructionWithTransfersUnderWay) {
  for (int round = 0; round < 10; ++round) {
    open({std::vector<std::uint64_t>(4, 6 * kBlockBytes), 24 * kBlockBytes});
    for (TensorId tensor = 0; tensor < 4; ++tensor) store(tensor);
    for (TensorId tensor = 0; tensor < 4; ++tensor) {
      space_->prefetch(tensor);
      space_->evict(3 - tensor);
    }
    close();
  }
}

/// Thousands of random steps against a model of the contents, never more on the device than the budget.
TEST_P(MemorySpaceContract, RandomSteps) {
  constexpr std::uint64_t kBudget = 14;
  constexpr TensorId kTensors = 10;
  std::mt19937 random(20240607);
  const auto up_to = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  MemorySpaceSizes sizes{{}, GetParam().moves ? kBudget * kBlockBytes : 0, 2 * kBlockBytes};
  for (TensorId tensor = 0; tensor < kTensors; ++tensor) {
    sizes.tensor_bytes.push_back((1 + up_to(4)) * kBlockBytes - 8 * up_to(1000));
  }
  open(sizes);
  std::set<TensorId> live, brought;
  const auto used = [&] {
    std::uint64_t blocks = 0;
    for (const TensorId tensor : brought) blocks += blocks_bytes(tensor) / kBlockBytes;
    return blocks;
  };
  const auto bring = [&](TensorId tensor) {  // as a plan does: evict first, then prefetch
    while (!brought.contains(tensor) && used() + blocks_bytes(tensor) / kBlockBytes + 2 > kBudget) {
      const TensorId victim = *std::next(brought.begin(), up_to(static_cast<unsigned>(brought.size())));
      space_->evict(victim);
      brought.erase(victim);
    }
    brought.insert(tensor);
  };
  for (int step = 0; step < kRandomSteps; ++step) {
    const TensorId tensor = up_to(kTensors);
    switch (up_to(6)) {
      case 0:
        bring(tensor);
        space_->prefetch(tensor);
        break;
      case 1:
        space_->evict(tensor);
        brought.erase(tensor);
        break;
      case 2:
        space_->discard(tensor);
        brought.erase(tensor);
        live.erase(tensor);
        break;
      case 3:
        if (step % 5 == 0) {
          store(tensor);
          live.insert(tensor);
        }
        if (live.contains(tensor) && step % 7 == 0) expect_stored(tensor);
        break;
      default: {
        const bool reads = live.contains(tensor);
        const bool writes = !reads || up_to(2) == 0;
        bring(tensor);
        if (reads) space_->prefetch(tensor);
        const std::uint64_t workspace = up_to(2) == 0 ? 0 : 1 + up_to(2 * kBlockBytes - 1);
        run_op(reads ? std::vector{tensor} : std::vector<TensorId>{},
               writes ? std::vector{tensor} : std::vector<TensorId>{}, workspace);
        live.insert(tensor);
      }
    }
    if (testing::Test::HasFailure()) FAIL() << "at step " << step;
  }
  space_->quiesce();
  for (const TensorId tensor : live) expect_stored(tensor);
  const auto counters = space_->take_counters();
  if (!GetParam().moves) return;
  if (!GetParam().may_pass_budget) {
    EXPECT_LE(counters.peak_resident_bytes, kBudget * kBlockBytes);
  }
  if (!GetParam().demand_only) {
    EXPECT_EQ(counters.faults + counters.driver_evicted_bytes, 0U);
  }
}

}  // namespace octrain::runtime
