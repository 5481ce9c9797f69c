#include "policies/overload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "support/schedule_builder.h"

namespace octrain::advisor {
namespace {

using testing::ScheduleBuilder;

/// The same, op by op.
struct Plain {
  std::vector<std::uint64_t> excess, ns;
  [[nodiscard]] std::vector<std::size_t> inside(const Gap& gap) const {
    std::vector<std::size_t> ops;
    for (const OpRange& range : inner_ops(gap, excess.size())) {
      for (std::size_t op = range.first; op < range.second; ++op) ops.push_back(op);
    }
    return ops;
  }
  [[nodiscard]] std::uint64_t area(const Gap& gap) const {
    std::uint64_t sum = 0;
    for (const std::size_t op : inside(gap)) sum += excess[op] * ns[op];
    return sum;
  }
  [[nodiscard]] bool any(const Gap& gap) const {
    const auto ops = inside(gap);
    return std::any_of(ops.begin(), ops.end(), [&](std::size_t op) { return excess[op] != 0; });
  }
  void relieve(const Gap& gap, std::uint64_t bytes) {
    for (const std::size_t op : inside(gap)) excess[op] -= std::min(excess[op], bytes);
  }
};

Gap random_gap(std::mt19937& random, std::size_t op_count) {
  Gap gap;
  gap.release = static_cast<OpIndex>(random() % op_count);
  gap.need = static_cast<OpIndex>(random() % op_count);
  gap.kind = gap.release < gap.need ? Gap::Kind::pause : Gap::Kind::wrap;
  return gap;
}

TEST(Overload, AgreesWithAPlainArray) {
  std::mt19937 random(11);
  for (const std::size_t size : {1u, 2u, 5u, 16u, 37u}) {
    Plain plain{std::vector<std::uint64_t>(size), std::vector<std::uint64_t>(size)};
    for (std::uint64_t& bytes : plain.excess) bytes = random() % 3 == 0 ? 0 : random() % 50;
    for (std::uint64_t& ns : plain.ns) ns = random() % 4;
    Overload tree(plain.excess, plain.ns);
    for (int step = 0; step < 60; ++step) {
      const Gap relieved = random_gap(random, size);
      const std::uint64_t bytes = random() % 9;
      tree.relieve(relieved, bytes);
      plain.relieve(relieved, bytes);
      const Gap asked = random_gap(random, size);
      EXPECT_EQ(static_cast<std::uint64_t>(tree.area(asked)), plain.area(asked));
      EXPECT_EQ(tree.any(asked), plain.any(asked));
      const bool any = std::any_of(plain.excess.begin(), plain.excess.end(), [](auto b) { return b != 0; });
      EXPECT_EQ(tree.any(), any);
    }
  }
}

TEST(Overload, AnOpIsNeverAskedForLessThanItNeedsAlone) {
  ScheduleBuilder builder;
  const TensorId a = builder.tensor(Role::activation, 5);
  const TensorId b = builder.tensor(Role::activation, 9);
  builder.op({}, {a}, 10);
  builder.op({}, {b}, 10, 3);  // needs 12, with a 17
  builder.op({}, {}, 10, 4);   // needs 4, with a and b 18
  builder.op({a, b}, {}, 10);  // needs all of its 14
  const Schedule& schedule = builder.schedule();
  const Liveness liveness(schedule);
  const GapTable table = list_gaps(schedule, liveness);
  Overload overload = overload_of(schedule, liveness, table, 10);
  const Gap& a_away = table.gaps[1];
  const Gap& b_away = table.gaps[3];
  EXPECT_EQ(static_cast<std::uint64_t>(overload.area(a_away)), 5u * 10 + 8u * 10);
  EXPECT_EQ(static_cast<std::uint64_t>(overload.area(b_away)), 8u * 10);
  overload.relieve(a_away, 5);
  EXPECT_TRUE(overload.any(b_away));
  overload.relieve(b_away, 9);
  EXPECT_FALSE(overload.any());
}

}  // namespace
}  // namespace octrain::advisor
