#include "octrain/advisor/machine.h"

#include <gtest/gtest.h>

#include <set>

namespace octrain::advisor {
namespace {

TEST(Machine, TheNamedOnesAreThere) {
  for (const char* name : {"p100-16g", "v100-16g", "v100-32g", "a100-40g", "a100-80g", "h100-80g",
                           "h200-141g", "gh200-96g", "g10", "host"}) {
    EXPECT_TRUE(find_machine(name)) << name;
  }
  EXPECT_FALSE(find_machine("abacus"));
}

TEST(Machine, EachIsDescribedInFull) {
  std::set<std::string> names;
  for (const Machine& machine : built_in_machines()) {
    EXPECT_TRUE(names.insert(machine.name).second) << machine.name;
    EXPECT_GT(machine.link_in_bytes_per_s, 1e9) << machine.name;
    EXPECT_GT(machine.link_out_bytes_per_s, 1e9) << machine.name;
    EXPECT_GT(machine.flops_per_s, 1e11) << machine.name;
    EXPECT_GT(machine.memory_bytes_per_s, machine.link_in_bytes_per_s) << machine.name;
    EXPECT_EQ(machine.device_bytes % machine.block_bytes, 0u) << machine.name;
  }
  EXPECT_EQ(find_machine("g10")->device_bytes, 40ull << 30);
  EXPECT_EQ(find_machine("host")->device_bytes, 0u) << "the caller's to fill in";
}

}  // namespace
}  // namespace octrain::advisor
