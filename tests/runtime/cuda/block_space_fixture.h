// Ops of given tensors and lengths on memory of a few blocks.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "cuda/toolkit.h"
#include "cuda_cases.h"

namespace octrain::runtime::cuda {

using std::chrono::milliseconds;

inline const CudaCase kManaged{"Managed", Kind::managed};
inline const CudaCase kNaive{"Naive", Kind::managed, true};
inline const CudaCase kExplicit{"Explicit", Kind::explicit_copy};
inline constexpr milliseconds kShort{100};
/// Until let_run() is called. Who waits for such an op before that finds it done, after a long while.
inline constexpr milliseconds kHeld{15'000};
/// What managed memory brings and sends pages by.
inline constexpr const char* kPrefetchCall =
    toolkit_discards() ? "cudaMemPrefetchBatchAsync" : "cudaMemPrefetchAsync";

class BlockSpaceTest : public ::testing::Test {
 protected:
  void SetUp() override { fake_cuda::reset(); }
  void TearDown() override {
    space_.reset();
    compute_ = {};
    expect_clean_device();
  }
  /// `places` by tensor, in blocks; none: each has blocks of its own.
  void open(const CudaCase& memory, std::vector<std::uint64_t> blocks, std::uint64_t budget_blocks,
            std::uint64_t workspace_blocks = 0, std::vector<std::uint64_t> places = {}) {
    space_.reset();
    for (std::uint64_t& bytes : blocks) bytes *= kBlockBytes;
    for (std::uint64_t& offset : places) offset *= kBlockBytes;
    sizes_ = {std::move(blocks), budget_blocks * kBlockBytes, workspace_blocks * kBlockBytes,
              std::move(places)};
    compute_ = make_stream();
    space_ = memory.make(sizes_, compute_.get());
  }
  void store(TensorId tensor) {
    space_->write_contents(tensor, 0, std::vector<std::byte>(sizes_.tensor_bytes[tensor], std::byte{1}));
  }
  void begin(const std::vector<TensorId>& reads, const std::vector<TensorId>& writes, milliseconds time,
             std::uint64_t workspace_blocks = 0) {
    space_->acquire({reads, writes, workspace_blocks * kBlockBytes});
    std::vector<fake_cuda::Range> from, to{{space_->workspace(), workspace_blocks * kBlockBytes}};
    for (const TensorId tensor : reads) from.push_back(range(tensor));
    for (const TensorId tensor : writes) to.push_back(range(tensor));
    held_ = held_ || time == kHeld;
    expect_launched(fake_cuda::launch(compute_.get(), from, to, [this, time] {
      constexpr milliseconds kStep{1};
      for (milliseconds slept{0}; slept < time && (time != kHeld || held_); slept += kStep)
        std::this_thread::sleep_for(kStep);
      ++done_;
    }));
  }
  void let_run() { held_ = false; }
  void op(const std::vector<TensorId>& reads, const std::vector<TensorId>& writes,
          milliseconds time = milliseconds(0), std::uint64_t workspace_blocks = 0) {
    begin(reads, writes, time, workspace_blocks);
    space_->release({reads, writes, workspace_blocks * kBlockBytes});
  }
  [[nodiscard]] fake_cuda::Range range(TensorId tensor) {
    return {space_->address(tensor), sizes_.tensor_bytes[tensor]};
  }

  MemorySpaceSizes sizes_;
  Stream compute_;
  std::unique_ptr<MemorySpace> space_;
  std::atomic<int> done_ = 0;
  std::atomic<bool> held_ = false;
};

}  // namespace octrain::runtime::cuda
