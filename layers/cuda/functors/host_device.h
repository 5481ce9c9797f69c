// The functors are compiled by nvcc for the device, as C++17, and by the host's compiler: as C++20 where they
// are filled in, and for tests as C++17 where they run on the host.
#pragma once

#if defined(__CUDACC__)
#define OCTRAIN_HOST_DEVICE __host__ __device__
#else
#define OCTRAIN_HOST_DEVICE
#endif
