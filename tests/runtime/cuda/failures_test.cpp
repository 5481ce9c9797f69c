// What is refused before training, and what becomes of failures in the middle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "octrain/runtime/cuda/error.h"
#include "small_training.h"

namespace octrain::runtime::cuda {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Refusals : public testing::Test {
 protected:
  void SetUp() override {
    fake_cuda::reset();
    options_.device_bytes = 4 * kBlockBytes;
  }
  void TearDown() override {
    ::unsetenv("OCTRAIN_MANAGED_LIMIT");
    options_.compute = nullptr;
    compute_ = {};
    expect_clean_device();
  }
  std::unique_ptr<MemorySpace> make(std::uint64_t bytes) {
    if (!compute_) compute_ = make_stream();
    options_.compute = compute_.get();
    return make_cuda_space(std::vector<std::uint64_t>{bytes}, options_);
  }
  void expect_shortfall(std::uint64_t bytes, std::uint64_t shortfall, const std::string& word) {
    try {
      (void)make(bytes);
      ADD_FAILURE() << "a space was made that does not fit";
    } catch (const OutOfDeviceMemory& error) {
      EXPECT_EQ(error.shortfall_bytes(), shortfall) << error.what();
      EXPECT_THAT(error.what(), HasSubstr(word));
    }
  }

  Stream compute_;
  CudaSpaceOptions options_;
};

TEST_F(Refusals, IncoreThatExceedsTheBudget) {
  options_.kind = Kind::incore;
  expect_shortfall(6 * kBlockBytes, 2 * kBlockBytes, "--mode um");
}

TEST_F(Refusals, IncoreThatExceedsWhatIsFree) {
  fake_cuda::Options device;
  device.total_bytes = 8 * kBlockBytes;
  fake_cuda::reset(device);
  options_.kind = Kind::incore;
  options_.device_bytes = 0;
  expect_shortfall(9 * kBlockBytes, 2 * kBlockBytes, "--mode um");  // a block more, to start at a boundary
  EXPECT_NE(make(7 * kBlockBytes), nullptr);
}

TEST_F(Refusals, ExplicitPoolThatExceedsWhatIsFree) {
  fake_cuda::Options device;
  device.total_bytes = 8 * kBlockBytes;
  fake_cuda::reset(device);
  options_.kind = Kind::explicit_copy;
  options_.device_bytes = 10 * kBlockBytes;
  expect_shortfall(20 * kBlockBytes, 2 * kBlockBytes, "--device-memory");
}

TEST_F(Refusals, ExplicitCopyThatExceedsTheRam) {
  options_.kind = Kind::explicit_copy;
  options_.arena_bytes = std::uint64_t{1} << 50;
  EXPECT_THAT([&] { (void)make(kBlockBytes); }, ThrowsMessage<OutOfDeviceMemory>(HasSubstr("RAM")));
}

TEST_F(Refusals, AllocationsThatFailTellWhatTheyAskedFor) {
  fake_cuda::fail_call(1, cudaErrorMemoryAllocation, "cudaMallocManaged");
  expect_shortfall(4 * kBlockBytes, 5 * kBlockBytes,
                   "cudaMallocManaged of 10.0 MiB");  // a block for alignment
  options_.kind = Kind::explicit_copy;
  const auto space = make(4 * kBlockBytes);
  fake_cuda::fail_call(1, cudaErrorMemoryAllocation, "cudaHostAlloc");
  try {
    space->write_contents(0, 0, std::vector<std::byte>(8));
    ADD_FAILURE() << "nothing was pinned";
  } catch (const OutOfDeviceMemory& error) {
    EXPECT_EQ(error.shortfall_bytes(), 4 * kBlockBytes) << error.what();
  }
}

TEST_F(Refusals, BudgetOfNothing) {
  options_.device_bytes = kBlockBytes - 1;
  for (const Kind kind : {Kind::managed, Kind::explicit_copy}) {
    options_.kind = kind;
    expect_shortfall(kBlockBytes, 1, "CUDA backend");
  }
}

TEST_F(Refusals, ManagedMemoryThatCannotBeOversubscribed) {
  fake_cuda::Options device;
  device.concurrent_managed_access = false;
  fake_cuda::reset(device);
  EXPECT_THAT([&] { (void)make(kBlockBytes); }, ThrowsMessage<DeviceError>(HasSubstr("--mode explicit")));
  for (const Kind kind : {Kind::explicit_copy, Kind::incore}) {
    options_.kind = kind;
    EXPECT_NE(make(kBlockBytes), nullptr);
  }
}

TEST_F(Refusals, ManagedLimitIsCheckedBeforeTheAllocation) {
  ::setenv("OCTRAIN_MANAGED_LIMIT", std::to_string(7 * kBlockBytes).c_str(), 1);
  expect_shortfall(8 * kBlockBytes, 2 * kBlockBytes, "OCTRAIN_MANAGED_LIMIT");
  EXPECT_EQ(fake_cuda::calls("cudaMallocManaged"), 0U);
  const auto first = make(3 * kBlockBytes);
  expect_shortfall(4 * kBlockBytes, 2 * kBlockBytes, "OCTRAIN_MANAGED_LIMIT");  // both together
  const auto second = make(2 * kBlockBytes);
  EXPECT_EQ(fake_cuda::calls("cudaMallocManaged"), 2U);
}

TEST_F(Refusals, ManagedLimitIsFreedWithTheSpace) {
  ::setenv("OCTRAIN_MANAGED_LIMIT", std::to_string(5 * kBlockBytes).c_str(), 1);
  for (int round = 0; round < 3; ++round) EXPECT_NE(make(4 * kBlockBytes), nullptr);
  fake_cuda::fail_call(1, cudaErrorMemoryAllocation, "cudaMallocManaged");
  EXPECT_THROW((void)make(4 * kBlockBytes), OutOfDeviceMemory);
  EXPECT_NE(make(4 * kBlockBytes), nullptr);
}

TEST_F(Refusals, ManagedLimitThatIsNoNumber) {
  for (const char* text : {"", "8GiB", "-1", "1e9"}) {
    ::setenv("OCTRAIN_MANAGED_LIMIT", text, 1);
    EXPECT_THAT([&] { (void)make(kBlockBytes); },
                ThrowsMessage<UsageError>(AllOf(HasSubstr("OCTRAIN_MANAGED_LIMIT"), HasSubstr("bytes"))));
  }
}

TEST_F(Refusals, OpsThatWantMoreWorkspaceThanThereIs) {
  for (const Kind kind : {Kind::managed, Kind::explicit_copy}) {
    options_.kind = kind;
    const auto space = make(kBlockBytes);
    EXPECT_THROW(space->acquire({{}, {}, 1}), InvalidPlan);
    space->quiesce();
  }
}

TEST_F(Refusals, OpsThatAreLargerThanTheBudget) {
  for (const Kind kind : {Kind::managed, Kind::explicit_copy}) {
    options_.kind = kind;
    const auto space = make(5 * kBlockBytes);
    const std::vector<TensorId> tensor{0};
    EXPECT_THAT([&] { space->acquire({{}, tensor, 0}); }, ThrowsMessage<InvalidPlan>(HasSubstr("2.0 MiB")));
  }
}

TEST(WithoutDiscard, NoSuchCallIsMadeTwice) {
  fake_cuda::Options device;
  device.discard = false;
  CudaCase memory{"Managed", Kind::managed, false, device};
  fake_cuda::reset(device);
  SmallTraining::run(memory);
  EXPECT_LE(
      fake_cuda::calls("cudaMemDiscardBatchAsync") + fake_cuda::calls("cudaMemDiscardAndPrefetchBatchAsync"),
      2U);  // one a thread may be on its way when the other learns it
  expect_clean_device();
}

/// Calls that give something back, or look whether all has ended before that: they come from destructors too,
/// which have nobody to tell.
bool may_go_unnoticed(const std::string& call) {
  static const std::set<std::string> kCalls{
      "cudaFree",     "cudaFreeHost",     "cudaStreamDestroy",     "cudaEventDestroy",    "cuMemUnmap",
      "cuMemRelease", "cuMemAddressFree", "cudaStreamSynchronize", "cudaEventSynchronize"};
  return kCalls.contains(call);
}

std::string failed_call(cudaError_t code) {
  for (const fake_cuda::Call& call : fake_cuda::log()) {
    if (call.result == code) return call.name;
  }
  return "";
}

class EveryCallFailsOnce : public testing::TestWithParam<CudaCase> {
 protected:
  [[nodiscard]] static fake_cuda::Options quick(fake_cuda::Options device) {
    device.longest_delay = std::chrono::microseconds(20);
    return device;
  }
  /// Lets the n-th call fail.
  static void try_call(std::size_t n, cudaError_t code) {
    fake_cuda::reset(quick(GetParam().device));
    fake_cuda::fail_call(n, code);
    bool told = false;
    try {
      SmallTraining::run(GetParam());
    } catch (const OutOfDeviceMemory& error) {
      EXPECT_EQ(code, cudaErrorMemoryAllocation) << error.what();
      told = true;
    } catch (const CudaError& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_NE(code, cudaErrorMemoryAllocation) << error.what();
      EXPECT_EQ(error.exit_code(), kExitDevice);
      told = true;
    }
    const std::string call = failed_call(code);
    EXPECT_TRUE(told || call.empty() || may_go_unnoticed(call)) << call << " failed, and nobody was told";
    expect_clean_device();
  }
};

TEST_P(EveryCallFailsOnce, AndNothingIsLeft) {
  fake_cuda::reset(quick(GetParam().device));
  SmallTraining::run(GetParam());
  expect_clean_device();
  const std::size_t calls = fake_cuda::calls();
  for (std::size_t call = 1; call <= calls; ++call) {
    // Once; or from then on, since the context is lost.
    const auto code = call % 4 == 0   ? cudaErrorMemoryAllocation
                      : call % 4 == 2 ? cudaErrorUnknown
                                      : cudaErrorIllegalAddress;
    try_call(call, code);
    if (HasFailure()) FAIL() << "call " << call << " of " << calls;
  }
}

INSTANTIATE_TEST_SUITE_P(Cuda, EveryCallFailsOnce, testing::ValuesIn(cuda_cases()), cuda_case_name);

}  // namespace
}  // namespace octrain::runtime::cuda
