// What the backend says of the device, or why there is none.
#include "octrain/runtime/cuda/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_cuda/fake_cuda.h"

namespace octrain::runtime::cuda {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

DeviceProbe probe_of(const fake_cuda::Options& options, int ordinal = 0) {
  fake_cuda::reset(options);
  DeviceProbe probe = probe_device(ordinal);
  EXPECT_EQ(probe.facts.has_value(), probe.why_not.empty());
  EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "left for others to find";
  return probe;
}

TEST(ProbeDevice, Facts) {
  fake_cuda::Options options;
  options.total_bytes = std::uint64_t{3} << 30;
  const DeviceProbe probe = probe_of(options);
  ASSERT_TRUE(probe.facts.has_value()) << probe.why_not;
  EXPECT_FALSE(probe.facts->name.empty());
  EXPECT_GE(probe.facts->compute_major, 1);
  EXPECT_EQ(probe.facts->total_bytes, options.total_bytes);
  EXPECT_LE(probe.facts->free_bytes, options.total_bytes);
  EXPECT_EQ(probe.facts->driver_version, CUDART_VERSION);
  EXPECT_EQ(probe.facts->runtime_version, CUDART_VERSION);
  EXPECT_TRUE(probe.facts->concurrent_managed_access);
  EXPECT_EQ(probe.facts->discard, CUDART_VERSION >= 13000);
}

TEST(ProbeDevice, WithoutConcurrentAccess) {
  fake_cuda::Options options;
  options.concurrent_managed_access = false;
  const DeviceProbe probe = probe_of(options);
  ASSERT_TRUE(probe.facts.has_value()) << probe.why_not;
  EXPECT_FALSE(probe.facts->concurrent_managed_access);
  EXPECT_FALSE(probe.facts->discard);
}

TEST(ProbeDevice, NoDriver) {
  fake_cuda::Options options;
  options.driver_version = 0;
  options.runtime_version = 13000;
  options.device_error = cudaErrorInsufficientDriver;
  EXPECT_EQ(probe_of(options).why_not,
            "no NVIDIA driver: this program was built with CUDA 13.0 and needs a driver for it");
}

TEST(ProbeDevice, OldDriver) {
  fake_cuda::Options options;
  options.driver_version = 12020;
  options.runtime_version = 13000;
  options.device_error = cudaErrorInsufficientDriver;
  EXPECT_EQ(probe_of(options).why_not,
            "driver 12.2 is older than the toolkit 13.0: update the NVIDIA driver");
}

TEST(ProbeDevice, NoDevice) {
  fake_cuda::Options options;
  options.device_error = cudaErrorNoDevice;
  EXPECT_EQ(probe_of(options).why_not, "no CUDA device");
  options.device_error = cudaSuccess;
  options.device_count = 0;
  EXPECT_EQ(probe_of(options).why_not, "no CUDA device");
}

TEST(ProbeDevice, NotThatDevice) {
  EXPECT_THAT(probe_of({}, 3).why_not, StartsWith("no CUDA device 3: there are 1"));
  EXPECT_FALSE(probe_of({}, -1).facts.has_value());
}

TEST(ProbeDevice, EveryCallFailsOnce) {
  fake_cuda::reset();
  ASSERT_TRUE(probe_device().facts.has_value());
  const std::size_t calls = fake_cuda::calls();
  for (std::size_t call = 1; call <= calls; ++call) {
    fake_cuda::reset();
    fake_cuda::fail_call(call, cudaErrorInitializationError);
    const DeviceProbe probe = probe_device();
    EXPECT_FALSE(probe.facts.has_value()) << "call " << call;
    EXPECT_THAT(probe.why_not, HasSubstr("cudaErrorInitializationError")) << "call " << call;
  }
}

}  // namespace
}  // namespace octrain::runtime::cuda
