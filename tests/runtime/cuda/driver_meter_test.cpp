// What the driver did is told as CUPTI tells it, or not at all.
#include "octrain/runtime/cuda/driver_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuda_cases.h"
#include "fake_cupti.h"

namespace octrain::runtime::cuda {
namespace {

using fake_cupti::Record;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto kIn = CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_KIND_BYTES_TRANSFER_HTOD;
constexpr auto kOut = CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_KIND_BYTES_TRANSFER_DTOH;
constexpr auto kFault = CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_KIND_GPU_PAGE_FAULT;
constexpr auto kThrashing = CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_KIND_THRASHING;

class DriverMeterTest : public testing::Test {
 protected:
  void SetUp() override {
    fake_cuda::reset();
    fake_cupti::reset();
  }
  DriverMeter meter(const std::vector<std::string>& libraries = {FAKE_CUPTI}) {
    return DriverMeter(libraries, [this](const std::string& why) { told_.push_back(why); });
  }
  static std::size_t calls_before_a_context() {
    return fake_cuda::calls() - fake_cuda::calls("cudaGetDeviceCount");
  }

  std::vector<std::string> told_;
};

TEST_F(DriverMeterTest, CountsByCause) {
  DriverMeter counted = meter();
  EXPECT_EQ(calls_before_a_context(), 0U);
  fake_cupti::happened({{kIn, CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_USER, 1},
                        {kIn, CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_COHERENCE, 10},
                        {kIn, CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_PREFETCH, 100},
                        {kIn, CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_ACCESS_COUNTERS, 1000},
                        {kOut, CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_USER, 2},
                        {kOut, CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_EVICTION, 20},
                        {kOut, CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_COHERENCE, 200},
                        {kFault, CUPTI_ACTIVITY_UNIFIED_MEMORY_ACCESS_TYPE_READ, 3},
                        {kFault, CUPTI_ACTIVITY_UNIFIED_MEMORY_ACCESS_TYPE_WRITE, 4},
                        {kFault, CUPTI_ACTIVITY_UNIFIED_MEMORY_ACCESS_TYPE_PREFETCH, 50},
                        {kThrashing, 0, kBlockBytes}});
  const std::optional<DriverCounters> driver = counted.take();
  ASSERT_TRUE(driver.has_value());
  EXPECT_EQ(driver->prefetch_in_bytes, 1U);
  EXPECT_EQ(driver->demand_in_bytes, 10U);
  EXPECT_EQ(driver->speculative_in_bytes, 100U);
  EXPECT_EQ(driver->other_in_bytes, 1000U);
  EXPECT_EQ(driver->prefetch_out_bytes, 2U);
  EXPECT_EQ(driver->evicted_bytes, 20U);
  EXPECT_EQ(driver->other_out_bytes, 200U);
  EXPECT_EQ(driver->fault_groups, 7U) << "those of prefetches are no stalls of an op";
  EXPECT_EQ(driver->thrashings, 1U);
  const std::optional<DriverCounters> nothing = counted.take();
  ASSERT_TRUE(nothing.has_value());
  EXPECT_EQ(nothing->fault_groups, 0U) << "zero is a figure as well";
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(DriverMeterTest, CountsMoreThanABufferHolds) {
  constexpr std::size_t kMany = 100'000;
  DriverMeter counted = meter();
  fake_cupti::happened(
      std::vector<Record>(kMany, {kFault, CUPTI_ACTIVITY_UNIFIED_MEMORY_ACCESS_TYPE_READ, 1}));
  EXPECT_EQ(counted.take()->fault_groups, kMany);
  EXPECT_EQ(fake_cupti::buffers_out(), 0);
}

TEST_F(DriverMeterTest, TakesTheFirstLibraryThatThereIs) {
  DriverMeter counted = meter({"libno-such-cupti.so.1", FAKE_CUPTI});
  EXPECT_TRUE(counted.take().has_value());
}

TEST_F(DriverMeterTest, SaysOnceThatThereIsNoLibrary) {
  DriverMeter counted = meter({"libno-such-cupti.so.1"});
  EXPECT_FALSE(counted.take().has_value());
  EXPECT_FALSE(counted.take().has_value());
  EXPECT_THAT(told_, ElementsAre(HasSubstr("libno-such-cupti")));
}

TEST_F(DriverMeterTest, SaysOnceWhyItIsRefused) {
  for (const char* call : {"cuptiActivityConfigureUnifiedMemoryCounter", "cuptiActivityEnable"}) {
    told_.clear();
    fake_cupti::reset(call, CUPTI_ERROR_UM_PROFILING_NOT_SUPPORTED);
    DriverMeter counted = meter();
    EXPECT_FALSE(counted.take().has_value());
    EXPECT_THAT(told_, ElementsAre(std::string(call) + ": unified memory profiling is not supported"));
  }
}

TEST_F(DriverMeterTest, GivesNoFiguresOnceRecordsAreLost) {
  DriverMeter counted = meter();
  EXPECT_TRUE(counted.take().has_value());
  fake_cupti::lost(5);
  EXPECT_FALSE(counted.take().has_value());
  EXPECT_FALSE(counted.take().has_value());
  EXPECT_THAT(told_, ElementsAre("CUPTI lost 5 records"));
  EXPECT_THAT(fake_cupti::calls(), Contains("cuptiActivityDisable"));
}

TEST_F(DriverMeterTest, SaysNothingWhereThereIsNoDevice) {
  fake_cuda::Options none;
  none.device_error = cudaErrorNoDevice;
  fake_cuda::reset(none);
  DriverMeter counted = meter();
  EXPECT_FALSE(counted.take().has_value());
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_THAT(fake_cupti::calls(), IsEmpty());
}

/// A space's counters: the driver's where they are measured, its own where no driver has a say.
class CountersOfASpace : public DriverMeterTest {
 protected:
  MemoryCounters counters(Kind kind, DriverMeter* driver) {
    CudaSpaceOptions options;
    options.kind = kind;
    options.device_bytes = 4 * kBlockBytes;
    const Stream compute = make_stream();
    options.compute = compute.get();
    options.driver = driver;
    const std::vector<std::uint64_t> bytes{kBlockBytes};
    const auto space = make_cuda_space(bytes, options);
    space->acquire({{}, both_, 0});
    fake_cupti::happened({{kFault, CUPTI_ACTIVITY_UNIFIED_MEMORY_ACCESS_TYPE_READ, 6},
                          {kIn, CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_COHERENCE, 60},
                          {kIn, CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_PREFETCH, 600},
                          {kOut, CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_EVICTION, 8}});
    space->release({{}, both_, 0});
    return space->take_counters();
  }
  const std::vector<TensorId> both_{0};
};

TEST_F(CountersOfASpace, AreTheDriversInManagedMemory) {
  DriverMeter driver = meter();
  const MemoryCounters measured = counters(Kind::managed, &driver);
  EXPECT_EQ(measured.measured_faults(), 6U);
  EXPECT_EQ(measured.measured_fault_in_bytes(), 660U);
  EXPECT_EQ(measured.measured_evicted_bytes(), 8U);
  EXPECT_EQ(measured.driver_evicted_bytes, 0U) << "the space sent nothing away";
}

TEST_F(CountersOfASpace, AreNotThereWhereNobodyMeasuresTheDriver) {
  fake_cupti::reset("cuptiActivityEnable", CUPTI_ERROR_UM_PROFILING_NOT_SUPPORTED);
  DriverMeter driver = meter();
  for (DriverMeter* who : {&driver, static_cast<DriverMeter*>(nullptr)}) {
    const MemoryCounters none = counters(Kind::managed, who);
    EXPECT_EQ(none.measured_faults(), std::nullopt);
    EXPECT_EQ(none.measured_fault_in_bytes(), std::nullopt);
    EXPECT_EQ(none.measured_evicted_bytes(), std::nullopt);
  }
}

TEST_F(CountersOfASpace, AreZeroWhereNoDriverMovesAnything) {
  DriverMeter driver = meter();
  for (const Kind kind : {Kind::explicit_copy, Kind::incore}) {
    const MemoryCounters exact = counters(kind, &driver);
    EXPECT_EQ(exact.measured_faults(), 0U);
    EXPECT_EQ(exact.measured_fault_in_bytes(), 0U);
    EXPECT_EQ(exact.measured_evicted_bytes(), 0U);
  }
}

}  // namespace
}  // namespace octrain::runtime::cuda
