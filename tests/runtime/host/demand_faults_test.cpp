// Many threads touch a managed range four times larger than the device, without a hint.
#include <gtest/gtest.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "host_cases.h"
#include "octrain/runtime/units.h"

namespace octrain::runtime {
namespace {

class DemandFaults : public testing::TestWithParam<MemorySpaceCase> {
 protected:
  static constexpr std::uint64_t kBlocks = 64;
  static constexpr std::uint64_t kPages = kBlocks * kBlockBytes / 4096;

  void SetUp() override {
    if (!GetParam().skip.empty()) GTEST_SKIP() << GetParam().skip;
    space_ = GetParam().make({{kBlocks * kBlockBytes}, kBlocks / 4 * kBlockBytes, 0}).space;
    space_->acquire({{}, both_, 0});
    words_ = reinterpret_cast<std::uint64_t*>(space_->address(0));
  }
  void TearDown() override {
    if (space_ != nullptr) space_->release({{}, both_, 0});
  }
  [[nodiscard]] std::uint64_t& word(std::uint64_t page) { return words_[page * 512 + page % 512]; }

  const std::vector<TensorId> both_{0};
  std::unique_ptr<MemorySpace> space_;
  std::uint64_t* words_ = nullptr;
};

TEST_P(DemandFaults, ThreadsReadWhatTheyWrote) {
  constexpr unsigned kThreads = 6;
  std::atomic<std::uint64_t> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (unsigned id = 0; id < kThreads; ++id) {
      threads.emplace_back([&, id] {  // each thread owns every sixth page; blocks are shared by all
        std::mt19937_64 random(id);
        std::vector<std::uint64_t> model(kPages);
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(3);
        for (int step = 0; step < 3000 && std::chrono::steady_clock::now() < deadline; ++step) {
          const std::uint64_t page = random() % (kPages / kThreads) * kThreads + id;
          if (model[page] != 0 && word(page) != model[page]) ++wrong;
          if (random() % 2 == 0) word(page) = model[page] = random() | 1;
        }
        for (std::uint64_t page = id; page < kPages; page += kThreads) {
          if (model[page] != 0 && word(page) != model[page]) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0U);
  const auto counters = space_->take_counters();
  EXPECT_GT(counters.faults, kBlocks);
  EXPECT_GT(counters.driver_evicted_bytes, 0U);
  EXPECT_LE(counters.peak_resident_bytes, kBlocks / 4 * kBlockBytes);
  EXPECT_EQ(counters.planned_in_bytes + counters.planned_out_bytes, 0U);
}

TEST_P(DemandFaults, HintsBesideFaults) {
  // The executor's thread hints at random while others touch: nothing may be lost.
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> wrong = 0;
  std::vector<std::jthread> threads;
  for (unsigned id = 0; id < 3; ++id) {
    threads.emplace_back([&, id] {
      std::mt19937_64 random(id);
      std::vector<std::uint64_t> model(kPages);
      while (!done) {
        const std::uint64_t page = random() % (kPages / 3) * 3 + id;
        if (model[page] != 0 && word(page) != model[page]) ++wrong;
        word(page) = model[page] = random() | 1;
      }
    });
  }
  for (int round = 0; round < 12; ++round) {
    space_->prefetch(0);
    if (round % 3 != 0) space_->quiesce();
    space_->evict(0);
    if (round % 4 == 0) space_->quiesce();
  }
  space_->quiesce();
  done = true;
  threads.clear();
  EXPECT_EQ(wrong, 0U);
}

TEST_P(DemandFaults, SystemCallsOnManagedMemory) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::uint64_t sent = 0x0123456789abcdef;
  for (std::uint64_t page = 0; page < kPages; page += 512) {
    ASSERT_EQ(::write(ends[1], &sent, sizeof sent), 8);
    ASSERT_EQ(::read(ends[0], &word(page), sizeof sent), 8) << "page " << page;
  }
  for (std::uint64_t page = 0; page < kPages; page += 512) EXPECT_EQ(word(page), sent);
  ::close(ends[0]);
  ::close(ends[1]);
}

INSTANTIATE_TEST_SUITE_P(Host, DemandFaults, testing::ValuesIn(host::naive_cases()), case_name);

}  // namespace
}  // namespace octrain::runtime
