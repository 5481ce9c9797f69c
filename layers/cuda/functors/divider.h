// Division by a number that is known before a kernel starts, by a multiplication and a shift: positions in
// blobs are divided by extents in every thread, and a card divides 64-bit integers in a hundred instructions.
// (Granlund and Montgomery, "Division by invariant integers using multiplication", PLDI 1994, theorem 4.2.)
#pragma once

#include <cstdint>

#include "host_device.h"

namespace octrain::layers::cuda {

/// Of numbers from 0 to 2^63 - 1 by a divisor of at least 1.
class Divider {
 public:
  struct Split {
    std::int64_t quotient, remainder;
  };

  explicit Divider(std::int64_t divisor) : divisor_(divisor) {
    while (std::uint64_t{1} << shift_ < static_cast<std::uint64_t>(divisor)) ++shift_;
    // 2^(63 + shift) / divisor, rounded up. It is below 2^64, as 2^shift is below twice the divisor.
    const Wide power = Wide{1} << (63 + shift_);
    factor_ =
        static_cast<std::uint64_t>((power + static_cast<Wide>(divisor) - 1) / static_cast<Wide>(divisor));
  }

  OCTRAIN_HOST_DEVICE std::int64_t divide(std::int64_t number) const {
    return static_cast<std::int64_t>(high_product(factor_, 2 * static_cast<std::uint64_t>(number)) >> shift_);
  }
  OCTRAIN_HOST_DEVICE Split split(std::int64_t number) const {
    const std::int64_t quotient = divide(number);
    return {quotient, number - quotient * divisor_};
  }

 private:
  __extension__ typedef unsigned __int128 Wide;

  OCTRAIN_HOST_DEVICE static std::uint64_t high_product(std::uint64_t a, std::uint64_t b) {
#if defined(__CUDA_ARCH__)
    return __umul64hi(a, b);
#else
    return static_cast<std::uint64_t>((static_cast<Wide>(a) * b) >> 64);
#endif
  }

  std::int64_t divisor_;
  std::uint64_t factor_ = 0;
  int shift_ = 0;
};

}  // namespace octrain::layers::cuda
