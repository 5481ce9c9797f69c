#include <functional>
#include <ostream>
#include <string>
#include <tuple>

#include "fake_cuda/fixture.h"

namespace octrain::fake_cuda {
namespace {

using FakeOrder = FakeCuda;

/// Work of a stream on a block of managed memory; `buffer` is pinned.
struct Work {
  std::string name;
  std::function<cudaError_t(std::byte* block, std::byte* buffer, cudaStream_t)> run;
  bool reads_only = false;

  friend std::ostream& operator<<(std::ostream& stream, const Work& work) { return stream << work.name; }
};

cudaError_t copy_bytes(std::byte* to, const std::byte* from, cudaStream_t stream) {
  return cudaMemcpyAsync(to, from, 64, cudaMemcpyDefault, stream);
}

#if CUDART_VERSION >= 13000
cudaError_t prefetch(std::byte* block, cudaMemLocationType to, cudaStream_t stream) {
  return cudaMemPrefetchAsync(block, kBlockBytes, {to, 0}, 0, stream);
}
constexpr auto kDevice = cudaMemLocationTypeDevice;
constexpr auto kHost = cudaMemLocationTypeHost;
#else
cudaError_t prefetch(std::byte* block, int to, cudaStream_t stream) {
  return cudaMemPrefetchAsync(block, kBlockBytes, to, stream);
}
constexpr int kDevice = 0;
constexpr int kHost = cudaCpuDeviceId;
#endif

std::vector<Work> kinds_of_work() {
  using Byte = std::byte;
  return {
    {"kernel_reads",
     [](Byte* block, Byte*, auto on) {
       return launch(on, {{block, 64}}, {}, [] {});
     },
     true},
        {"kernel_writes",
         [](Byte* block, Byte*, auto on) {
           return launch(on, {}, {{block, 64}}, [] {});
         }},
        {"copy_from", [](Byte* block, Byte* buffer, auto on) { return copy_bytes(buffer, block, on); }, true},
        {"copy_to", [](Byte* block, Byte* buffer, auto on) { return copy_bytes(block, buffer + 64, on); }},
        {"fill", [](Byte* block, Byte*, auto on) { return cudaMemsetAsync(block, 1, 64, on); }},
        {"prefetch", [](Byte* block, Byte*, auto on) { return prefetch(block, kDevice, on); }},
        {"evict", [](Byte* block, Byte*, auto on) { return prefetch(block, kHost, on); }},
#if CUDART_VERSION >= 13000
        {"discard", [](Byte* block, Byte*, auto on) {
           void* address = block;
           std::size_t bytes = kBlockBytes;
           return cudaMemDiscardBatchAsync(&address, &bytes, 1, 0, on);
         }},
#endif
  };
}

class FakeOrderOfTwo : public FakeCuda, public testing::WithParamInterface<std::tuple<Work, Work>> {
 protected:
  [[nodiscard]] static const Work& first() { return std::get<0>(GetParam()); }
  [[nodiscard]] static const Work& second() { return std::get<1>(GetParam()); }
  [[nodiscard]] static bool may_overlap() {
    if (first().reads_only && second().reads_only) return true;
    return first().name == second().name && (first().name == "prefetch" || first().name == "evict");
  }
  void run_first() { EXPECT_EQ(first().run(block_, first_buffer_, one_), cudaSuccess); }
  void run_second() { EXPECT_EQ(second().run(block_, second_buffer_, other_), cudaSuccess); }
  /// What is read after a discard was not written: no matter here.
  [[nodiscard]] static std::vector<std::string> of_order() {
    std::vector<std::string> texts;
    for (const Violation& violation : violations())
      if (violation.defect == Defect::kMissingOrder) texts.push_back(violation.text);
    return texts;
  }
  void TearDown() override {
    if (first().name == "discard" && second().reads_only) expect(Defect::kUseOfDiscarded);
    if (unordered_) expect(Defect::kMissingOrder);
    FakeCuda::TearDown();
  }

  cudaStream_t one_ = nullptr;
  cudaStream_t other_ = nullptr;
  std::byte* block_ = nullptr;
  std::byte* first_buffer_ = nullptr;
  std::byte* second_buffer_ = nullptr;
  bool unordered_ = false;

  void SetUp() override {
    FakeCuda::SetUp();
    one_ = stream();
    other_ = stream();
    block_ = managed(kBlockBytes);
    first_buffer_ = pinned(128);
    second_buffer_ = pinned(128);
  }
};

TEST_P(FakeOrderOfTwo, NothingOrdersThem) {
  run_first();
  wait_unseen(one_);  // that it is over, as it happens, makes no difference
  run_second();
  unordered_ = !may_overlap();
  ASSERT_EQ(of_order().size(), unordered_ ? 1U : 0U) << violations_text();
  if (unordered_) {
    EXPECT_THAT(of_order().front(), testing::HasSubstr(log()[log().size() - 1].name));
    EXPECT_THAT(of_order().front(), testing::HasSubstr("block 0"));
  }
}

TEST_P(FakeOrderOfTwo, AnEventOrdersThem) {
  run_first();
  order(one_, other_);
  run_second();
}

TEST_P(FakeOrderOfTwo, TheHostOrdersThem) {
  run_first();
  EXPECT_EQ(cudaStreamSynchronize(one_), cudaSuccess);
  run_second();
}

INSTANTIATE_TEST_SUITE_P(All, FakeOrderOfTwo,
                         testing::Combine(testing::ValuesIn(kinds_of_work()),
                                          testing::ValuesIn(kinds_of_work())),
                         [](const auto& pair) {
                           return std::get<0>(pair.param).name + "_then_" + std::get<1>(pair.param).name;
                         });

TEST_F(FakeOrder, EveryWayToWaitOrders) {
  const cudaStream_t one = stream();
  const cudaStream_t other = stream();
  const cudaEvent_t mark = event();
  std::byte* block = managed(kBlockBytes);
  const std::vector<std::function<void()>> ways = {
      [&] { EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess); },
      [&] { EXPECT_EQ(cudaEventSynchronize(mark), cudaSuccess); },
      [&] {
        while (cudaEventQuery(mark) != cudaSuccess) continue;
      },
      [&] {
        while (cudaStreamQuery(one) != cudaSuccess) continue;
      },
      [&] {
        Flag done;
        const auto tell = [](void* flag) { static_cast<Flag*>(flag)->raise(); };
        EXPECT_EQ(cudaLaunchHostFunc(one, tell, &done), cudaSuccess);
        done.wait();
      },
  };
  for (const auto& way : ways) {
    write(block, kBlockBytes, one);
    EXPECT_EQ(cudaEventRecord(mark, one), cudaSuccess);
    way();
    write(block, kBlockBytes, other);
    EXPECT_EQ(cudaStreamSynchronize(other), cudaSuccess);
  }
}

TEST_F(FakeOrder, EventsOrderInChains) {
  const cudaStream_t one = stream();
  const cudaStream_t two = stream();
  const cudaStream_t three = stream();
  std::byte* block = managed(kBlockBytes);
  bring(block, kBlockBytes, one);
  order(one, two);
  order(two, three);
  write(block, kBlockBytes, three);
}

TEST_F(FakeOrder, AnEventFromBeforeTheWorkOrdersNothing) {
  const cudaStream_t one = stream();
  const cudaStream_t other = stream();
  const cudaEvent_t early = event();
  std::byte* block = managed(kBlockBytes);
  EXPECT_EQ(cudaEventRecord(early, one), cudaSuccess);
  bring(block, kBlockBytes, one);
  EXPECT_EQ(cudaStreamWaitEvent(other, early, 0), cudaSuccess);
  read(block, kBlockBytes, other);
  expect(Defect::kMissingOrder);
}

TEST_F(FakeOrder, EveryReaderMustBeWaitedFor) {
  const cudaStream_t writer = stream();
  const cudaStream_t reader = stream();
  const cudaStream_t forgotten = stream();
  std::byte* block = managed(kBlockBytes);
  write(block, kBlockBytes, writer);
  order(writer, reader);
  order(writer, forgotten);
  read(block, kBlockBytes, reader);
  EXPECT_EQ(launch(
                forgotten, {{block, 8}}, {}, [] {}, "forgotten"),
            cudaSuccess);
  order(reader, writer);
  write(block, kBlockBytes, writer);
  expect(Defect::kMissingOrder);
  EXPECT_THAT(first_violation(), testing::HasSubstr("'forgotten'"));
}

TEST_F(FakeOrder, AReaderDoesNotHideTheWriter) {
  const cudaStream_t writer = stream();
  const cudaStream_t reader = stream();
  std::byte* block = managed(kBlockBytes);
  write(block, kBlockBytes, writer);
  order(writer, reader);
  read(block, kBlockBytes, reader);
  read(block, kBlockBytes, stream());
  expect(Defect::kMissingOrder);
}

TEST_F(FakeOrder, BytesApartNeedNone) {
  const cudaStream_t one = stream();
  const cudaStream_t other = stream();
  std::byte* block = managed(kBlockBytes);
  write(block, 100, one);
  write(block + 100, kBlockBytes - 100, other);
  EXPECT_THAT(violations(), testing::IsEmpty());
  read(block + 99, 2, stream());  // one byte of each
  expect(Defect::kMissingOrder, 2);
}

TEST_F(FakeOrder, TheHostMustWaitBeforeItTouches) {
  const cudaStream_t one = stream();
  std::byte* block = managed(kBlockBytes);
  EXPECT_EQ(launch(one, {}, {{block, 8}}, [block] { block[0] = std::byte{1}; }), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  host_access({{block, 8}}, {});
  EXPECT_EQ(block[0], std::byte{1});
  EXPECT_THAT(violations(), testing::IsEmpty());
  write(block, 8, one);
  host_access({{block, 8}}, {});
  expect(Defect::kMissingOrder);
}

}  // namespace
}  // namespace octrain::fake_cuda
