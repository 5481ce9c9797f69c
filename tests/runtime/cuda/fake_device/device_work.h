// Ops on the fake device, and what every test of the CUDA memory ends with.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "contract/op_work.h"
#include "fake_cuda/fake_cuda.h"
#include "octrain/runtime/cuda/handles.h"

namespace octrain::runtime::cuda {

inline void expect_launched(cudaError_t code) { EXPECT_EQ(code, cudaSuccess) << cudaGetErrorString(code); }

/// The contract's ops as kernels on a compute stream of their own.
class DeviceOpWork final : public OpWork {
 public:
  [[nodiscard]] cudaStream_t stream() const { return stream_.get(); }

  void fill(std::byte* at, std::byte value, std::uint64_t bytes) override {
    if (bytes == 0) return;
    expect_launched(fake_cuda::launch(stream(), {}, {{at, bytes}}, [=] { host_.fill(at, value, bytes); }));
  }
  void expect_filled(const std::byte* at, std::byte value, std::uint64_t bytes) override {
    if (bytes == 0) return;
    expect_launched(
        fake_cuda::launch(stream(), {{at, bytes}}, {}, [=] { host_.expect_filled(at, value, bytes); }));
  }
  void write(std::byte* at, std::uint64_t start, std::uint64_t bytes) override {
    expect_launched(fake_cuda::launch(stream(), {}, {{at, bytes}}, [=] { host_.write(at, start, bytes); }));
  }
  void expect(const std::byte* at, std::uint64_t start, std::uint64_t bytes, std::string what) override {
    expect_launched(fake_cuda::launch(stream(), {{at, bytes}}, {},
                                      [=, told = std::move(what)] { host_.expect(at, start, bytes, told); }));
  }
  void finish() override { EXPECT_EQ(cudaStreamSynchronize(stream()), cudaSuccess); }

 private:
  static inline HostOpWork host_;
  Stream stream_ = make_stream();
};

/// When everything that was made is gone.
inline void expect_clean_device() {
  EXPECT_EQ(fake_cuda::violations().size(), 0U) << fake_cuda::violations_text();
  EXPECT_THAT(fake_cuda::leaks(), ::testing::IsEmpty());
}

}  // namespace octrain::runtime::cuda
