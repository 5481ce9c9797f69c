// Data: tops images (n, c, h, w) and labels (n, 1, 1, 1), copied from the data source slab by slab
// (data_source.h).
#pragma once

#include <cstdint>

namespace octrain::layers {

struct DataParams {
  std::int64_t batch = 0, channels = 0, height = 0, width = 0;
};

}  // namespace octrain::layers
