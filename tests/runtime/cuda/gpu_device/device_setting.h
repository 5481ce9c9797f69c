// What kinds of CUDA memory the tests go through on a GPU.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "device_work.h"
#include "octrain/runtime/cuda/cuda_space.h"

namespace octrain::runtime::cuda {

struct DeviceSetting {
  std::string name;
  Kind kind = Kind::managed;
  bool demand_only = false;

  void begin() const { expect_clean_device(); }
  void hold_budget(std::uint64_t /*bytes*/) const {}  // a card has no account that a test could look at
};

inline std::vector<DeviceSetting> device_settings() {
  return {{"Managed", Kind::managed},
          {"Naive", Kind::managed, true},
          {"Explicit", Kind::explicit_copy},
          {"Incore", Kind::incore}};
}

}  // namespace octrain::runtime::cuda
