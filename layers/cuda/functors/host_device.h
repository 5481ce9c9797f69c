// The functors are compiled for the device by nvcc and for the host by its own compiler, as C++17 by both.
#pragma once

#if defined(__CUDACC__)
#define OCTRAIN_HOST_DEVICE __host__ __device__
#else
#define OCTRAIN_HOST_DEVICE
#endif
