// A link shared out over ops of 10, 20, 30 and 40 ns.
#include "policies/link_buckets.h"

#include <gtest/gtest.h>

#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using Use = LinkBuckets::Use;

struct FourOps : ::testing::Test {
  FourOps() {
    for (const std::uint64_t ns : {10, 20, 30, 40}) builder.op({}, {}, ns);
  }
  testing::ScheduleBuilder builder;
};

void expect(const LinkBuckets::Slot& slot, std::size_t boundary, std::uint64_t missing_ns) {
  EXPECT_EQ(slot.boundary, boundary);
  EXPECT_EQ(slot.missing_ns, missing_ns);
}

TEST_F(FourOps, EndsAfterAsManyOpsAsItTakes) {
  LinkBuckets link(builder.schedule(), 0);
  expect(link.end(0, 4, 0, Use::look), 0, 0);
  expect(link.end(0, 4, 10, Use::look), 1, 0);
  expect(link.end(0, 4, 11, Use::look), 2, 0);
  expect(link.end(1, 4, 51, Use::look), 4, 0);
  expect(link.end(1, 3, 51, Use::look), 3, 1);
  expect(link.end(4, 4, 5, Use::look), 4, 5);
}

TEST_F(FourOps, StartsAsLateAsItMay) {
  LinkBuckets link(builder.schedule(), 0);
  expect(link.start(0, 4, 0, Use::look), 4, 0);
  expect(link.start(0, 4, 40, Use::look), 3, 0);
  expect(link.start(0, 4, 41, Use::look), 2, 0);
  expect(link.start(0, 2, 31, Use::look), 0, 1);
  expect(link.start(1, 2, 30, Use::look), 1, 10);
}

TEST_F(FourOps, WhatIsTakenIsGone) {
  LinkBuckets link(builder.schedule(), 0);
  expect(link.start(0, 4, 50, Use::take), 2, 0);  // all of op 3, 10 of op 2
  expect(link.start(0, 4, 20, Use::take), 2, 0);  // the rest of op 2
  expect(link.start(0, 4, 1, Use::look), 1, 0);
  expect(link.end(1, 4, 21, Use::take), 2, 1);
  expect(link.end(0, 4, 10, Use::look), 1, 0);
}

TEST_F(FourOps, BucketsOfSeveralOpsAreUsedAsAWhole) {
  LinkBuckets link(builder.schedule(), 25);  // ops 0 and 1; op 2; op 3
  expect(link.end(0, 4, 1, Use::look), 2, 0);
  expect(link.end(1, 4, 1, Use::look), 3, 0);  // the first bucket has begun already
  expect(link.start(0, 1, 1, Use::look), 1, 1);
  expect(link.start(0, 3, 31, Use::look), 0, 0);
}

}  // namespace
}  // namespace octrain::advisor
