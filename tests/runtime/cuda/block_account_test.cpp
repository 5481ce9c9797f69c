// The account ahead of the device, on a few blocks by hand.
#include "cuda/block_account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace octrain::runtime::cuda {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(BlockAccount, FindsTheRunsOfBlocksThatAreSo) {
  BlockAccount account(8);
  account.move({{1, 2}, {5, 1}}, Place::device, true);
  account.move({{6, 1}}, Place::host, false);
  EXPECT_THAT(account.at({0, 8}, Place::device), ElementsAre(BlockRange{1, 2}, BlockRange{5, 1}));
  EXPECT_THAT(account.at({2, 2}, Place::device), ElementsAre(BlockRange{2, 1}));
  EXPECT_THAT(account.at({0, 8}, Place::host), ElementsAre(BlockRange{6, 1}));
  EXPECT_THAT(account.at({0, 0}, Place::nowhere), IsEmpty());
  EXPECT_EQ(account.on_device(), 3U);
  account.move({{5, 1}}, Place::nowhere, false);
  account.move({{1, 1}}, Place::device, false);  // again
  EXPECT_EQ(account.on_device(), 2U);
}

TEST(BlockAccount, WhatCameFirstIsOldest) {
  BlockAccount account(6);
  account.move({{4, 1}}, Place::device, true);
  account.move({{0, 2}}, Place::device, true);
  account.move({{5, 1}}, Place::device, true);
  const auto any = [](BlockId) { return true; };
  EXPECT_THAT(account.oldest(1, any), ElementsAre(BlockRange{4, 1}));
  EXPECT_THAT(account.oldest(3, any), ElementsAre(BlockRange{4, 1}, BlockRange{0, 2}));
  EXPECT_THAT(account.oldest(9, [](BlockId block) { return block != 0; }),
              ElementsAre(BlockRange{4, 1}, BlockRange{1, 1}, BlockRange{5, 1}));
  account.move({{4, 1}}, Place::device, false);
  EXPECT_THAT(account.oldest(1, any), ElementsAre(BlockRange{0, 1}));
}

TEST(BlockAccount, TheDeadKeepTheirPagesUntilItIsTheirTurn) {
  BlockAccount account(10);
  account.move({{0, 9}}, Place::device, true);
  account.bury({{7, 2}}, true);
  account.bury({{3, 1}});
  account.bury({{0, 2}});
  EXPECT_EQ(account.on_device(), 4U);
  EXPECT_EQ(account.mapped(), 9U);
  EXPECT_THAT(account.dead(2), ElementsAre(BlockRange{3, 1}, BlockRange{0, 1}));
  EXPECT_THAT(account.dead(9),
              ElementsAre(BlockRange{3, 1}, BlockRange{0, 2}, BlockRange{8, 1}, BlockRange{7, 1}));
  account.move({{0, 1}}, Place::device, true);
  account.move({{3, 1}}, Place::nowhere, false);
  EXPECT_EQ(account.mapped(), 8U);
  EXPECT_THAT(account.dead(1), ElementsAre(BlockRange{1, 1}));
  account.bury({{0, 1}});
  EXPECT_THAT(account.dead(2), ElementsAre(BlockRange{1, 1}, BlockRange{0, 1})) << "died anew";
}

TEST(BlockAccount, OrdersWaitForWhatCameBefore) {
  BlockAccount account(4);
  account.note(Lane::in, 3, {{0, 2}});
  account.note(Lane::out, 5, {{1, 1}});
  account.note(Lane::reserve, 4, {{2, 1}});
  account.use({0, 2}, 7);
  account.use({1, 1}, 9);
  const Order leaving = account.order(Lane::out, {{0, 3}});
  EXPECT_EQ(leaving.after, 9U);
  EXPECT_THAT(leaving.behind, ElementsAre(3, 0, 4, 0, 0)) << "its own lane keeps its order";
  const Order coming = account.order(Lane::in, {{1, 1}});
  EXPECT_EQ(coming.after, 0U) << "nobody has used what is not there";
  EXPECT_THAT(coming.behind, ElementsAre(0, 5, 0, 0, 0));
  EXPECT_THAT(account.bringing({{0, 4}}), ElementsAre(3, 0, 4, 0, 0));
}

TEST(BlockAccount, RangesAreMerged) {
  EXPECT_THAT(merged({{5, 2}, {1, 1}, {0, 2}, {6, 3}, {3, 0}}),
              ElementsAre(BlockRange{0, 2}, BlockRange{5, 4}));
}

}  // namespace
}  // namespace octrain::runtime::cuda
