// The driver's functions, as the runtime hands them out.
#include <cuda.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "fake_cuda/fixture.h"

namespace octrain::fake_cuda {
namespace {

/// Null, if there is no such function; before CUDA 12 there is no status to say so.
void* driver_entry(const char* name) {
  void* function = nullptr;
#if CUDART_VERSION >= 12000
  cudaDriverEntryPointQueryResult status{};
#if CUDART_VERSION >= 12050
  EXPECT_EQ(cudaGetDriverEntryPointByVersion(name, &function, 12000, cudaEnableDefault, &status),
            cudaSuccess);
#else
  EXPECT_EQ(cudaGetDriverEntryPoint(name, &function, cudaEnableDefault, &status), cudaSuccess);
#endif
  EXPECT_EQ(status, function != nullptr ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound);
#else
  EXPECT_EQ(cudaGetDriverEntryPoint(name, &function, cudaEnableDefault), cudaSuccess);
#endif
  return function;
}

template <typename Function>
Function* driver(const char* name) {
  void* const function = driver_entry(name);
  EXPECT_NE(function, nullptr) << name;
  return reinterpret_cast<Function*>(function);
}
#define DRIVER(name) driver<decltype(name)>(#name)

/// Whether the bytes can be touched at all: a system call answers where a load would end the program.
bool accessible(const void* address) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const bool readable = write(ends[1], address, 1) == 1;
  close(ends[0]);
  close(ends[1]);
  return readable;
}

class FakeVirtualMemory : public FakeCuda {
 protected:
  static constexpr std::size_t kBytes = 2 * kBlockBytes;

  void SetUp() override {
    FakeCuda::SetUp();
    property_.type = CU_MEM_ALLOCATION_TYPE_PINNED;
    property_.location = {CU_MEM_LOCATION_TYPE_DEVICE, 0};
    access_.location = property_.location;
    access_.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
    EXPECT_EQ(DRIVER(cuMemAddressReserve)(&range_, 4 * kBlockBytes, 0, 0, 0), CUDA_SUCCESS);
    EXPECT_EQ(DRIVER(cuMemCreate)(&handle_, kBytes, &property_, 0), CUDA_SUCCESS);
  }
  void TearDown() override {
    EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
    for (const CUdeviceptr at : mapped_) EXPECT_EQ(DRIVER(cuMemUnmap)(at, kBytes), CUDA_SUCCESS);
    EXPECT_EQ(DRIVER(cuMemRelease)(handle_), CUDA_SUCCESS);
    EXPECT_EQ(DRIVER(cuMemAddressFree)(range_, 4 * kBlockBytes), CUDA_SUCCESS);
    FakeCuda::TearDown();
  }
  std::byte* map(CUdeviceptr at) {
    EXPECT_EQ(DRIVER(cuMemMap)(at, kBytes, 0, handle_, 0), CUDA_SUCCESS);
    EXPECT_EQ(DRIVER(cuMemSetAccess)(at, kBytes, &access_, 1), CUDA_SUCCESS);
    mapped_.push_back(at);
    return pointer(at);
  }
  CUresult unmap(CUdeviceptr at) {
    std::erase(mapped_, at);
    return DRIVER(cuMemUnmap)(at, kBytes);
  }
  static std::byte* pointer(CUdeviceptr at) { return reinterpret_cast<std::byte*>(at); }

  CUmemAllocationProp property_{};
  CUmemAccessDesc access_{};
  CUdeviceptr range_ = 0;
  CUmemGenericAllocationHandle handle_ = 0;
  std::vector<CUdeviceptr> mapped_;
};

TEST_F(FakeVirtualMemory, AHandleShowsTheSameBytesAtEveryAddress) {
  std::byte* one = map(range_);
  std::byte* other = map(range_ + kBytes);
  one[kBlockBytes + 5] = std::byte{9};
  EXPECT_EQ(other[kBlockBytes + 5], std::byte{9});
  EXPECT_EQ(unmap(range_), CUDA_SUCCESS);
  EXPECT_EQ(map(range_)[kBlockBytes + 5], std::byte{9});
}

TEST_F(FakeVirtualMemory, OnlyWhatIsMappedAndAllowedIsAccessible) {
  const cudaStream_t one = stream();
  EXPECT_FALSE(accessible(pointer(range_)));
  EXPECT_EQ(DRIVER(cuMemMap)(range_, kBytes, 0, handle_, 0), CUDA_SUCCESS);
  EXPECT_FALSE(accessible(pointer(range_)));
  EXPECT_EQ(launch(one, {{pointer(range_), 8}}, {}, [] {}), cudaErrorIllegalAddress);
  expect(Defect::kNotMapped);
  EXPECT_EQ(DRIVER(cuMemSetAccess)(range_, kBytes, &access_, 1), CUDA_SUCCESS);
  EXPECT_TRUE(accessible(pointer(range_)));
  read(pointer(range_), kBytes, one);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  EXPECT_EQ(DRIVER(cuMemUnmap)(range_, kBytes), CUDA_SUCCESS);
  EXPECT_FALSE(accessible(pointer(range_)));
  EXPECT_EQ(launch(one, {{pointer(range_), 8}}, {}, [] {}), cudaErrorIllegalAddress);
  expect(Defect::kNotMapped);
}

TEST_F(FakeVirtualMemory, UsesMeetWhateverTheAddress) {
  std::byte* one = map(range_);
  std::byte* other = map(range_ + kBytes);
  write(one + kBlockBytes, 8, stream());
  read(other + kBlockBytes + 8, 8, stream());
  EXPECT_THAT(violations(), testing::IsEmpty());
  read(other + kBlockBytes + 7, 8, stream());
  expect(Defect::kMissingOrder);
}

TEST_F(FakeVirtualMemory, CopiesGoAcrossMappings) {
  CUmemGenericAllocationHandle second = 0;
  EXPECT_EQ(DRIVER(cuMemCreate)(&second, kBytes, &property_, 0), CUDA_SUCCESS);
  std::byte* memory = map(range_);
  std::swap(second, handle_);
  map(range_ + kBytes);
  std::byte* buffer = pinned(2 * kBytes);
  std::memset(buffer, 3, 2 * kBytes);
  const cudaStream_t one = stream();
  EXPECT_EQ(cudaMemcpyAsync(memory, buffer, 2 * kBytes, cudaMemcpyHostToDevice, one), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(one), cudaSuccess);
  EXPECT_EQ(memory[2 * kBytes - 1], std::byte{3});
  // A handle may go before its mappings.
  EXPECT_EQ(DRIVER(cuMemRelease)(second), CUDA_SUCCESS);
  EXPECT_EQ(memory[0], std::byte{3});
}

TEST_F(FakeVirtualMemory, MustNotBeUnmappedInUse) {
  std::byte* one = map(range_);
  map(range_ + kBytes);
  write(one, 8, stream());
  EXPECT_EQ(unmap(range_ + kBytes), CUDA_SUCCESS);  // nobody used it by that address
  EXPECT_THAT(violations(), testing::IsEmpty());
  EXPECT_EQ(unmap(range_), CUDA_SUCCESS);
  expect(Defect::kFreeInUse);
}

TEST_F(FakeVirtualMemory, CountsAsDeviceMemory) {
  std::size_t free = 0;
  std::size_t total = 0;
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(total - free, kBytes);
  CUmemGenericAllocationHandle large = 0;
  EXPECT_EQ(DRIVER(cuMemCreate)(&large, total, &property_, 0), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(DRIVER(cuMemCreate)(&large, kBytes, &property_, 0), CUDA_SUCCESS);
  EXPECT_EQ(DRIVER(cuMemRelease)(large), CUDA_SUCCESS);
  std::size_t free_again = 0;
  EXPECT_EQ(cudaMemGetInfo(&free_again, &total), cudaSuccess);
  EXPECT_EQ(free_again, free);
  property_.location.id = 1;
  EXPECT_EQ(DRIVER(cuMemCreate)(&large, kBytes, &property_, 0), CUDA_ERROR_INVALID_DEVICE);
}

TEST_F(FakeVirtualMemory, RefusesWhatTheDriverRefuses) {
  std::size_t granularity = 0;
  EXPECT_EQ(DRIVER(cuMemGetAllocationGranularity)(&granularity, &property_, CU_MEM_ALLOC_GRANULARITY_MINIMUM),
            CUDA_SUCCESS);
  EXPECT_EQ(granularity, kBlockBytes);
  CUmemGenericAllocationHandle odd = 0;
  EXPECT_EQ(DRIVER(cuMemCreate)(&odd, kBlockBytes + 1, &property_, 0), CUDA_ERROR_INVALID_VALUE);
  map(range_);
  const auto map_at = [&](CUdeviceptr at, std::size_t bytes, std::size_t offset = 0) {
    return DRIVER(cuMemMap)(at, bytes, offset, handle_, 0);
  };
  EXPECT_EQ(map_at(range_, kBytes), CUDA_ERROR_INVALID_VALUE);                    // mapped
  EXPECT_EQ(map_at(range_ + kBlockBytes, kBytes), CUDA_ERROR_INVALID_VALUE);      // in part
  EXPECT_EQ(map_at(range_ + 3 * kBlockBytes, kBytes), CUDA_ERROR_INVALID_VALUE);  // past the end
  EXPECT_EQ(map_at(range_ + kBytes, 2 * kBytes), CUDA_ERROR_INVALID_VALUE);       // more than there is
  EXPECT_EQ(map_at(range_ + kBytes, kBlockBytes, kBlockBytes),
            CUDA_ERROR_INVALID_VALUE);                                           // not from its start
  EXPECT_EQ(DRIVER(cuMemUnmap)(range_, kBlockBytes), CUDA_ERROR_INVALID_VALUE);  // a part
  EXPECT_EQ(DRIVER(cuMemSetAccess)(range_ + kBytes, kBytes, &access_, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(DRIVER(cuMemAddressFree)(range_, 4 * kBlockBytes), CUDA_ERROR_INVALID_VALUE);  // mapped in part
  EXPECT_EQ(DRIVER(cuMemRelease)(77), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(FakeVirtualMemory, LeaksAreNamed) {
  map(range_);
  using testing::HasSubstr;
  EXPECT_THAT(leaks(), testing::UnorderedElementsAre(HasSubstr("cuMemAddressReserve"),
                                                     HasSubstr("cuMemCreate"), HasSubstr("cuMemMap")));
}

TEST_F(FakeVirtualMemory, WhatCouldNotBeGivenBackIsNoLeak) {
  const auto fail = [](const char* name) { fail_call(1, cudaErrorUnknown, name); };
  map(range_);
  mapped_.clear();
  fail("cuMemUnmap");
  EXPECT_EQ(DRIVER(cuMemUnmap)(range_, kBytes), CUDA_ERROR_UNKNOWN);
  EXPECT_EQ(DRIVER(cuMemAddressFree)(range_, 4 * kBlockBytes), CUDA_ERROR_INVALID_VALUE);  // still mapped
  fail("cuMemRelease");
  EXPECT_EQ(DRIVER(cuMemRelease)(handle_), CUDA_ERROR_UNKNOWN);
  EXPECT_THAT(leaks(), testing::IsEmpty());
  EXPECT_EQ(DRIVER(cuMemAddressReserve)(&range_, 4 * kBlockBytes, 0, 0, 0), CUDA_SUCCESS);
  EXPECT_EQ(leaks().size(), 1U);
  fail("cuMemAddressFree");
  EXPECT_EQ(DRIVER(cuMemAddressFree)(range_, 4 * kBlockBytes), CUDA_ERROR_UNKNOWN);
  EXPECT_THAT(leaks(), testing::IsEmpty());
}

TEST_F(FakeVirtualMemory, DriverCallsCanFail) {
  fail_call(1, cudaErrorMemoryAllocation, "cuMemMap");
  EXPECT_EQ(DRIVER(cuMemMap)(range_, kBytes, 0, handle_, 0), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);  // that is the runtime's
  const char* text = nullptr;
  EXPECT_EQ(DRIVER(cuGetErrorString)(CUDA_ERROR_OUT_OF_MEMORY, &text), CUDA_SUCCESS);
  EXPECT_STREQ(text, "out of memory");
  map(range_);
}

TEST_F(FakeVirtualMemory, FunctionsThatAreNotThere) { EXPECT_EQ(driver_entry("cuNone"), nullptr); }

}  // namespace
}  // namespace octrain::fake_cuda
