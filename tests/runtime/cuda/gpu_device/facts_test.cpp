// What the backend says of a real device: its facts, its link, and the time of its ops.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "cuda_cases.h"
#include "octrain/runtime/cuda/device.h"
#include "octrain/runtime/cuda/link_speed.h"

namespace octrain::runtime::cuda {
namespace {

void sleep_of(void* milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(*static_cast<int*>(milliseconds)));
}

TEST(Gpu, ItsFactsAreTheRuntimes) {
  const DeviceProbe probe = probe_device();
  ASSERT_TRUE(probe.facts.has_value()) << probe.why_not;
  std::size_t free_bytes = 0, total_bytes = 0;
  ASSERT_EQ(cudaMemGetInfo(&free_bytes, &total_bytes), cudaSuccess);
  int managed = 0;
  ASSERT_EQ(cudaDeviceGetAttribute(&managed, cudaDevAttrConcurrentManagedAccess, 0), cudaSuccess);
  EXPECT_FALSE(probe.facts->name.empty());
  EXPECT_EQ(probe.facts->total_bytes, total_bytes);
  EXPECT_GT(probe.facts->free_bytes, 0U);
  EXPECT_EQ(probe.facts->concurrent_managed_access, managed != 0);
  EXPECT_EQ(probe.facts->runtime_version, CUDART_VERSION);
}

TEST(Gpu, BothWaysOfItsLinkAreMeasured) {
  const LinkSpeed link = measure_link();
  EXPECT_GT(link.in_bytes_per_s, 1e9);
  EXPECT_GT(link.out_bytes_per_s, 1e9);
}

TEST(Gpu, OpsAreTimedWhereTheyRun) {
  const Stream compute = make_stream();
  const auto space = CudaCase{"Incore", Kind::incore}.make({{kBlockBytes}, 0}, compute.get());
  const auto timer = space->make_timer();
  int stall = 30, run = 60;
  timer->waits("op");
  expect_launched(cudaLaunchHostFunc(compute.get(), sleep_of, &stall));
  timer->runs();
  expect_launched(cudaLaunchHostFunc(compute.get(), sleep_of, &run));
  timer->done();
  const std::vector<OpTime> times = timer->take();
  ASSERT_EQ(times.size(), 1U);
  EXPECT_GE(times[0].stall_ns, 29'000'000U);
  EXPECT_GE(times[0].run_ns, 59'000'000U);
}

TEST(Gpu, WhatIsRecordedIsDoneAsOftenAsItIsReplayed) {
  DeviceOpWork work;
  const auto space = CudaCase{"Incore", Kind::incore}.make({{kBlockBytes}, 0}, work.stream());
  const auto recorder = space->make_recorder();
  ASSERT_NE(recorder, nullptr);
  const auto recording = recorder->record([&] { work.write(space->address(0), 7, kBlockBytes); });
  ASSERT_NE(recording, nullptr);
  for (int replay = 0; replay < 2; ++replay) {
    work.fill(space->address(0), std::byte{0}, kBlockBytes);
    recording->replay();
    work.expect(space->address(0), 7, kBlockBytes, "written by a graph");
  }
  work.finish();
}

}  // namespace
}  // namespace octrain::runtime::cuda
