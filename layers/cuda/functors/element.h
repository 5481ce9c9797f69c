// What the elements of blobs are stored as: float, __half or __nv_bfloat16. All arithmetic is in float. An
// element becomes a float by being assigned to one, exactly; a float becomes an element by put().
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "host_device.h"

namespace octrain::layers::cuda {

/// to = value, or to += value, rounded to the nearest element, of two as near to the even one. What is larger
/// than any becomes infinite.
template <class T>
OCTRAIN_HOST_DEVICE inline void put(T& to, float value, bool accumulate = false) {
  to = static_cast<T>(accumulate ? static_cast<float>(to) + value : value);
}

}  // namespace octrain::layers::cuda
