// What kinds of CUDA memory the tests go through, and how the fake device behaves under each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fake_cuda/fake_cuda.h"
#include "octrain/runtime/cuda/cuda_space.h"

namespace octrain::runtime::cuda {

struct DeviceSetting {
  std::string name;
  Kind kind = Kind::managed;
  bool demand_only = false;
  fake_cuda::Options device = {};

  void begin() const { fake_cuda::reset(device); }
  /// Where our hints alone decide, never more than the budget lies on the device, by its own account.
  void hold_budget(std::uint64_t bytes) const {
    if (kind == Kind::managed && !demand_only && device.discard && CUDART_VERSION >= 13000)
      fake_cuda::set_budget(bytes);
  }
};

inline std::vector<DeviceSetting> device_settings() {
  fake_cuda::Options keeps_dead, odd_addresses, in_order;
  keeps_dead.discard = false;
  odd_addresses.managed_alignment = 4096;
  odd_addresses.seed = 2;
  in_order.longest_delay = std::chrono::microseconds(0);
  return {{"Managed", Kind::managed},
          {"ManagedAtOnce", Kind::managed, false, in_order},
          {"ManagedAtOddAddresses", Kind::managed, false, odd_addresses},
          {"ManagedWithoutDiscard", Kind::managed, false, keeps_dead},
          {"Naive", Kind::managed, true},
          {"Explicit", Kind::explicit_copy},
          {"ExplicitAtOnce", Kind::explicit_copy, false, in_order},
          {"Incore", Kind::incore}};
}

}  // namespace octrain::runtime::cuda
