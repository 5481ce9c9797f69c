#include "policies/occupancy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace octrain::advisor {
namespace {

TEST(Occupancy, AgreesWithAPlainArray) {
  std::mt19937 random(7);
  for (const std::size_t size : {1u, 2u, 5u, 16u, 37u}) {
    std::vector<std::uint64_t> plain(size);
    for (std::uint64_t& value : plain) value = random() % 50;
    Occupancy tree(plain);
    for (int step = 0; step < 500; ++step) {
      const std::size_t from = random() % (size + 1);
      const std::size_t to = random() % (size + 1);
      if (step % 2 == 0) {
        const std::uint64_t bytes = random() % 9;
        tree.add(from, to, bytes);
        for (std::size_t i = from; i < to; ++i) plain[i] += bytes;
        continue;
      }
      std::uint64_t most = 0;
      for (std::size_t i = from; i < to; ++i) most = std::max(most, plain[i]);
      EXPECT_EQ(tree.most(from, to), most);
      const std::uint64_t least = from < to ? *std::min_element(plain.begin() + from, plain.begin() + to) : 0;
      tree.remove(from, to, least);
      for (std::size_t i = from; i < to; ++i) plain[i] -= least;
      const std::uint64_t limit = random() % 100;
      std::optional<std::size_t> expected;
      for (std::size_t i = from; i < to; ++i) {
        if (plain[i] > limit) expected = i;
      }
      EXPECT_EQ(tree.last_above(from, to, limit), expected);
    }
  }
}

}  // namespace
}  // namespace octrain::advisor
