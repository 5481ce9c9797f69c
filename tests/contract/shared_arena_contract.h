// Tensors that share bytes of one arena, never holding them at the same time: what every MemorySpace must
// keep apart nevertheless.
#pragma once

#include "contract/memory_space_contract.h"

namespace octrain::runtime {

namespace shared_arena {
inline constexpr TensorId kA = 0, kB = 1, kWeight = 2, kInPlace = 3;

/// B lies over the second half of A; kInPlace exactly over B.
inline MemorySpaceSizes sizes(std::uint64_t budget_blocks) {
  return {.tensor_bytes = {4 * kBlockBytes, 3 * kBlockBytes, 2 * kBlockBytes, 3 * kBlockBytes},
          .device_bytes = budget_blocks * kBlockBytes,
          .workspace_bytes = kBlockBytes,
          .arena_offsets = {0, 2 * kBlockBytes, 5 * kBlockBytes, 2 * kBlockBytes}};
}
}  // namespace shared_arena

TEST_P(MemorySpaceContract, SharedBytesBelongToWhomeverIsAlive) {
  using namespace shared_arena;
  open(sizes(GetParam().moves ? 8 : 0));
  EXPECT_EQ(space_->address(kB) - space_->address(kA), std::ptrdiff_t{2 * kBlockBytes});
  store(kWeight);
  for (int round = 0; round < 3; ++round) {
    run_op({}, {kA}, kBlockBytes);
    space_->evict(kA);
    space_->prefetch(kWeight);
    space_->prefetch(kA);
    run_op({kA, kWeight}, {});
    space_->discard(kA);
    run_op({}, {kB});
    space_->evict(kB);
    space_->evict(kWeight);
    space_->prefetch(kB);
    run_op({kB}, {}, kBlockBytes);
    space_->discard(kB);
  }
  expect_stored(kWeight);
}

TEST_P(MemorySpaceContract, SharedBytesAreReservedForTheNextWhileTheOldStillLive) {
  using namespace shared_arena;
  open(sizes(GetParam().moves ? 9 : 0));
  for (int round = 0; round < 3; ++round) {
    run_op({}, {kA});
    space_->evict(kA);
    space_->prefetch(kB);  // dead contents, but the bytes are A's on the tier
    space_->prefetch(kA);
    run_op({kA}, {});
    space_->discard(kA);
    run_op({}, {kB});
    space_->evict(kB);
    space_->prefetch(kB);
    run_op({kB}, {});
    space_->discard(kB);
  }
}

TEST_P(MemorySpaceContract, TensorsAreLaidOutAnewBetweenIterations) {
  using namespace shared_arena;
  open(sizes(GetParam().moves ? 8 : 0));
  store(kWeight);
  const std::vector<std::uint64_t> places[] = {
      {0, 2 * kBlockBytes, 5 * kBlockBytes, 2 * kBlockBytes},
      {kBlockBytes, 0, 5 * kBlockBytes, 0},
  };
  std::byte* const weight = space_->address(kWeight);
  for (int round = 0; round < 4; ++round) {
    space_->place(places[round % 2]);
    EXPECT_EQ(space_->address(kA) - weight,
              static_cast<std::ptrdiff_t>(places[round % 2][kA]) - std::ptrdiff_t{5 * kBlockBytes});
    run_op({}, {kA}, kBlockBytes);
    space_->evict(kA);
    space_->prefetch(kWeight);
    space_->prefetch(kA);
    run_op({kA, kWeight}, {}, kBlockBytes);
    space_->discard(kA);
    run_op({}, {kB});
    space_->evict(kB);
    space_->prefetch(kB);
    run_op({kB}, {kInPlace});
    space_->discard(kInPlace);
    if (round == 2) space_->evict(kWeight);
    space_->quiesce();
  }
  expect_stored(kWeight);
}

TEST_P(MemorySpaceContract, PlacesPastTheArenaAreRefused) {
  using namespace shared_arena;
  open(sizes(GetParam().moves ? 8 : 0));
  store(kWeight);
  EXPECT_THROW(space_->place(std::vector<std::uint64_t>{4 * kBlockBytes, 0, 5 * kBlockBytes, 0}),
               InvalidPlan);
  EXPECT_THROW(space_->place(std::vector<std::uint64_t>{0, 0, 5 * kBlockBytes}), InvalidPlan);
  expect_stored(kWeight);
  MemorySpaceSizes some = sizes_, within = sizes_;
  some.arena_offsets.pop_back();
  within.arena_offsets[kB] += 8;
  EXPECT_THROW(open(some), InvalidPlan);
  EXPECT_THROW(open(within), InvalidPlan);
}

TEST_P(MemorySpaceContract, AnOutputTakesThePlaceOfItsInput) {
  using namespace shared_arena;
  open(sizes(GetParam().moves ? 4 : 0));
  for (int round = 0; round < 3; ++round) {
    run_op({}, {kB});
    space_->evict(kB);
    space_->prefetch(kB);
    run_op({kB}, {kInPlace});
    space_->evict(kInPlace);
    space_->prefetch(kInPlace);
    run_op({kInPlace}, {});
    space_->discard(kInPlace);
  }
  if (!GetParam().faults) return;
  run_op({}, {kB});
  space_->evict(kB);
  run_op({kB}, {kInPlace});  // nobody brought the input: faults do
  run_op({kInPlace}, {});
}

}  // namespace octrain::runtime
