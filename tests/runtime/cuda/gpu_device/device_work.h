// Ops on a GPU, and what every test of the CUDA memory ends with.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "contract/op_work.h"
#include "kernels.h"
#include "octrain/runtime/cuda/handles.h"

namespace octrain::runtime::cuda {

inline void expect_launched(cudaError_t code) { EXPECT_EQ(code, cudaSuccess) << cudaGetErrorString(code); }

/// The contract's ops as kernels on a compute stream of their own. What they find wrong is told when the
/// host has waited for them.
class DeviceOpWork final : public OpWork {
 public:
  DeviceOpWork() { told_.reserve(kMostTold); }
  [[nodiscard]] cudaStream_t stream() const { return stream_.get(); }

  void fill(std::byte* at, std::byte value, std::uint64_t bytes) override {
    if (bytes != 0) expect_launched(gpu::fill(stream(), at, std::to_integer<unsigned char>(value), bytes));
  }
  void expect_filled(const std::byte* at, std::byte value, std::uint64_t bytes) override {
    if (bytes == 0) return;
    std::uint32_t* const wrong = tell("workspace");
    expect_launched(gpu::expect_filled(stream(), at, std::to_integer<unsigned char>(value), bytes, wrong));
  }
  void write(std::byte* at, std::uint64_t start, std::uint64_t bytes) override {
    if (bytes >= kWordBytes)
      expect_launched(gpu::write_words(stream(), at, start, kPatternStep, bytes / kWordBytes));
  }
  void expect(const std::byte* at, std::uint64_t start, std::uint64_t bytes, std::string what) override {
    if (bytes < kWordBytes) return;
    std::uint32_t* const wrong = tell(std::move(what));
    expect_launched(gpu::expect_words(stream(), at, start, kPatternStep, bytes / kWordBytes, wrong));
  }
  void finish() override {
    expect_launched(cudaStreamSynchronize(stream()));
    for (std::size_t i = 0; i < told_.size(); ++i) EXPECT_EQ(wrong()[i], 0U) << told_[i];
    told_.clear();
  }

 private:
  static constexpr std::uint64_t kWordBytes = sizeof(std::uint64_t);
  static constexpr std::size_t kMostTold = 1024;

  [[nodiscard]] std::uint32_t* wrong() const { return reinterpret_cast<std::uint32_t*>(wrong_.data()); }

  /// Where the device says that something is wrong.
  std::uint32_t* tell(std::string what) {
    if (told_.size() == kMostTold) finish();
    told_.push_back(std::move(what));
    return &(wrong()[told_.size() - 1] = 0);
  }

  Stream stream_ = make_stream();
  PinnedBuffer wrong_ = make_pinned_buffer(kMostTold * sizeof(std::uint32_t));
  std::vector<std::string> told_;
};

/// When everything that was made is gone: nothing failed unseen.
inline void expect_clean_device() {
  expect_launched(cudaDeviceSynchronize());
  expect_launched(cudaGetLastError());
}

}  // namespace octrain::runtime::cuda
