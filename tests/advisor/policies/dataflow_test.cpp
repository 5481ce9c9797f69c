#include "policies/dataflow.h"

#include <gtest/gtest.h>

#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::ScheduleBuilder;

/// Ops 1 and 2 read what op 0 makes, op 3 what both make; op 4 stands alone; op 5 adds to what op 3 makes.
Dataflow diamond() {
  ScheduleBuilder builder;
  TensorId t[4];
  for (TensorId& tensor : t) tensor = builder.tensor(Role::activation, 1);
  builder.op({}, {t[0]});
  builder.op({t[0]}, {t[1]});
  builder.op({t[0]}, {t[2]});
  builder.op({t[1], t[2]}, {t[3]});
  builder.op({}, {});
  builder.op({t[3]}, {t[3]});
  return Dataflow(builder.schedule());
}

TEST(Dataflow, ALevelIsTheLongestWay) {
  const Dataflow flow = diamond();
  const std::uint64_t expected[] = {0, 1, 1, 2, 0, 3};
  for (OpIndex op = 0; op < 6; ++op) EXPECT_EQ(flow.level(op), expected[op]) << op;
  EXPECT_EQ(flow.highest_level(), 3u);
}

TEST(Dataflow, FindsTheLatestOpOfALowLevel) {
  const Dataflow flow = diamond();
  EXPECT_EQ(flow.last_at_or_below(3, 1), 2u);
  EXPECT_EQ(flow.last_at_or_below(3, 0), 0u);
  EXPECT_EQ(flow.last_at_or_below(5, 1), 4u);
  EXPECT_EQ(flow.last_at_or_below(5, 7), 4u);
  EXPECT_EQ(flow.last_at_or_below(0, 3), std::nullopt);
}

TEST(Dataflow, FindsTheLatestAncestor) {
  Dataflow flow = diamond();
  EXPECT_EQ(flow.last_ancestor(5, 4), 3u) << "op 4 is none";
  EXPECT_EQ(flow.last_ancestor(5, 1), 1u);
  EXPECT_EQ(flow.last_ancestor(5, 0), 0u);
  EXPECT_EQ(flow.last_ancestor(2, 1), 0u) << "op 1 is none";
  EXPECT_EQ(flow.last_ancestor(4, 3), std::nullopt);
}

}  // namespace
}  // namespace octrain::advisor
