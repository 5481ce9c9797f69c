// A profiler sees a range around each op and each piece of a hint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>

#include "cuda_cases.h"
#include "fake_nvtx.h"

namespace octrain::runtime::cuda {
namespace {

using fake_nvtx::Range;
using ::testing::UnorderedElementsAre;

/// Before anything makes a range: from then on NVTX knows who listens.
const int attached = ::setenv("NVTX_INJECTION64_PATH", FAKE_NVTX, 1);

std::vector<Range> ranges_of(const std::string& name) {
  std::vector<Range> found = fake_nvtx::ranges();
  std::erase_if(found, [&](const Range& range) { return range.name != name; });
  return found;
}

TEST(Ranges, AreAroundOpsAndHints) {
  ASSERT_EQ(attached, 0);
  fake_cuda::reset();
  {
    const Stream compute = make_stream();
    const CudaCase memory{"Explicit", Kind::explicit_copy};
    const auto space = memory.make({{3 * kBlockBytes}, 4 * kBlockBytes, 0}, compute.get());
    space->write_contents(0, 0, std::vector<std::byte>(3 * kBlockBytes));
    const auto timer = space->make_timer();
    const std::vector<TensorId> both{0};
    space->prefetch(0);
    for (const char* op : {"conv1/forward", "conv1/backward"}) {
      timer->waits(op);
      space->acquire({both, both, 0});
      timer->runs();
      EXPECT_FALSE(ranges_of(op).at(0).ended);
      timer->done();
      space->release({both, both, 0});
      EXPECT_TRUE(ranges_of(op).at(0).ended);
      EXPECT_TRUE(ranges_of(op).at(0).nested);
    }
    timer->waits("thrown away");
    space->evict(0);
    space->quiesce();
  }
  for (const char* hint : {"prefetch", "evict"}) {
    std::uint64_t bytes = 0;
    for (const Range& piece : ranges_of(hint)) {
      bytes += piece.bytes;
      EXPECT_TRUE(piece.ended);
      EXPECT_FALSE(piece.nested) << "pieces may overlap";
    }
    EXPECT_EQ(bytes, 3 * kBlockBytes) << hint;
  }
  EXPECT_TRUE(ranges_of("thrown away").at(0).ended) << "with its timer";
  EXPECT_THAT(fake_nvtx::thread_names(),
              UnorderedElementsAre("prefetch", "evict", "reserve", "outputs", "drop"));
  expect_clean_device();
}

}  // namespace
}  // namespace octrain::runtime::cuda
