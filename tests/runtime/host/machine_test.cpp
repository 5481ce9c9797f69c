// What the backend says of the machine, and that pages are huge where they may be.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <string>

#include "host_cases.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime::host {
namespace {

/// Bytes of huge pages mapped in [start, start + bytes), from /proc/self/smaps.
std::uint64_t huge_bytes(const std::byte* start, std::uint64_t bytes) {
  const auto first = reinterpret_cast<std::uintptr_t>(start);
  std::ifstream maps("/proc/self/smaps");
  std::uint64_t total = 0;
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t low = 0, high = 0, kilobytes = 0;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " ", &low, &high) == 2)
      inside = low < first + bytes && high > first;
    if (inside && std::sscanf(line.c_str(), "AnonHugePages: %" SCNu64, &kilobytes) == 1)
      total += kilobytes * kKiB;
  }
  return total;
}

bool huge_pages_are_off() {
  std::string modes;
  std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"), modes);
  return modes.empty() || modes.find("[never]") != std::string::npos;
}

class HugePages : public testing::TestWithParam<MemorySpaceCase> {};

TEST_P(HugePages, StayHugeOnTheirWay) {
  if (huge_pages_are_off())
    GTEST_SKIP() << "transparent huge pages are off (transparent_hugepage/enabled is never)";
  const std::uint64_t bytes = 16 * kBlockBytes;
  auto space = GetParam().make({{bytes}, bytes, 0}).space;
  const std::vector<TensorId> tensor{0};
  for (int round = 0; round < 5; ++round) {
    space->acquire({{}, tensor, 0});
    for (std::uint64_t i = 0; i < bytes; i += 4096) space->address(0)[i] = std::byte{1};
    space->release({{}, tensor, 0});
    // The kernel may lack a huge page now and then; that none of many is huge means that we split them.
    EXPECT_GE(huge_bytes(space->address(0), bytes), bytes / 2) << "round " << round;
    space->evict(0);
    space->prefetch(0);
    space->quiesce();
  }
}

INSTANTIATE_TEST_SUITE_P(
    Host, HugePages,
    testing::Values(case_of("MoveRam", options_of(Kind::managed, TierKind::ram)),
                    case_of("MoveFile", options_of(Kind::managed, TierKind::file)),
                    case_of("ExplicitRam", options_of(Kind::explicit_copy, TierKind::ram)),
                    case_of("ExplicitFile", options_of(Kind::explicit_copy, TierKind::file)),
                    case_of("Incore", options_of(Kind::incore, TierKind::ram))),
    case_name);

TEST(ChildProcesses, DoNotHoldPagesInPlace) {
  // A page shared with a child could not be moved any more.
  const auto naive = naive_cases().front();
  auto space = naive.make({{8 * kBlockBytes}, 8 * kBlockBytes, 0}).space;
  const std::vector<TensorId> tensor{0};
  space->acquire({{}, tensor, 0});
  space->address(0)[0] = std::byte{5};
  space->release({{}, tensor, 0});
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char byte = 0;
    ::close(ends[1]);
    (void)!::read(ends[0], &byte, 1);  // until the parent is done
    ::_exit(0);
  }
  space->evict(0);
  space->quiesce();
  EXPECT_EQ(space->address(0)[0], std::byte{5});
  ::close(ends[1]);
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
}

TEST(Machine, HasRamAndDisk) {
  EXPECT_GT(available_ram_bytes(), 64 * kMiB);
  const auto dir = default_tier_dir();
  const DiskSpace space = disk_space(dir);
  EXPECT_FALSE(space.in_ram);
  EXPECT_GT(space.free_bytes, 0U);
}

TEST(Machine, CapabilitiesAreNamedAndExplained) {
  const auto capabilities = host_capabilities(default_tier_dir());
  EXPECT_EQ(capabilities.size(), 5U);
  for (const auto& capability : capabilities) {
    EXPECT_FALSE(capability.name.empty());
    EXPECT_FALSE(capability.detail.empty()) << capability.name;
  }
  EXPECT_FALSE(host_capabilities("/nowhere").back().available);
}

TEST(Machine, DiskIsMeasured) {
  const DiskSpeed speed = measure_disk(default_tier_dir());
  EXPECT_GT(speed.read_bytes_per_s, 1e6);
  EXPECT_GT(speed.write_bytes_per_s, 1e6);
}

}  // namespace
}  // namespace octrain::runtime::host
