// Instantiations of launch.h's templates, for the .cu files: of work on blobs, once for each type of element.
#pragma once

#include "functors/element.h"
#include "launch_definitions.h"

#define OCTRAIN_LAUNCH(...) template cudaError_t enqueue(const __VA_ARGS__&, std::int64_t, cudaStream_t);
#define OCTRAIN_REDUCE(...) \
  template cudaError_t enqueue_reduction(const __VA_ARGS__&, std::int64_t, cudaStream_t);

/// OF(T) for each type of element.
#define OCTRAIN_OF_HALF_ELEMENTS(OF) OF(__half) OF(__nv_bfloat16)
#define OCTRAIN_OF_ELEMENTS(OF) OF(float) OCTRAIN_OF_HALF_ELEMENTS(OF)
