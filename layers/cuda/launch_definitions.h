// The definitions of launch.h, for the .cu files alone. The tests compile these files for the host, with
// Thrust's systems for the host.
#pragma once

#include "launch.h"

#if defined(__CUDACC__)
#include "launch_on_device.h"
#else
#include "layers/cuda/launch_on_host.h"
#endif
