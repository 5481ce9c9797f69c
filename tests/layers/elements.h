// Elements of blobs as the tests read, write and expect them, told from the formats alone (IEEE 754 binary32
// and binary16; bfloat16, binary32's upper half).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "octrain/layers/blob.h"

namespace octrain::layers::testing {

/// Bits of the significand, the first included; exponents of the smallest and the largest.
struct ElementFormat {
  int digits, least_exponent, largest_exponent;
};
inline ElementFormat format_of(ElementType element) {
  return element == ElementType::float32   ? ElementFormat{24, -126, 127}
         : element == ElementType::float16 ? ElementFormat{11, -14, 15}
                                           : ElementFormat{8, -126, 127};
}

/// The nearest, of two as near the even one; too large is infinite.
inline double round_to(double value, ElementType element) {
  if (value == 0 || !std::isfinite(value)) return value;
  const ElementFormat format = format_of(element);
  const int exponent = std::max(std::ilogb(value), format.least_exponent);
  const double unit = std::ldexp(1.0, exponent - format.digits + 1);
  const double rounded = std::nearbyint(value / unit) * unit;
  const bool fits = std::abs(rounded) < std::ldexp(1.0, format.largest_exponent + 1);
  return fits ? rounded : std::copysign(std::numeric_limits<double>::infinity(), value);
}
/// The distance from 1 to the next: twice the largest relative error of rounding.
inline double epsilon_of(ElementType element) { return std::ldexp(1.0, 1 - format_of(element).digits); }

inline double decode(std::uint16_t bits, ElementType element) {
  const int fraction_bits = format_of(element).digits - 1, bias = format_of(element).largest_exponent;
  const int fraction = bits & ((1 << fraction_bits) - 1);
  const int exponent = (bits & 0x7fff) >> fraction_bits, most = 2 * bias + 1;
  double value = exponent == 0 ? std::ldexp(fraction, 1 - bias - fraction_bits)
                               : std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
  if (exponent == most) {
    value =
        fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

inline std::uint16_t encode(double value, ElementType element) {
  const int fraction_bits = format_of(element).digits - 1, bias = format_of(element).largest_exponent;
  const int infinite = (2 * bias + 1) << fraction_bits;
  const int sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::abs(round_to(value, element));
  if (std::isnan(value)) return static_cast<std::uint16_t>(infinite | 1);
  if (std::isinf(magnitude)) return static_cast<std::uint16_t>(sign | infinite);
  // The bits of a positive number count the numbers below it.
  const double smallest = std::ldexp(1.0, 1 - bias);
  if (magnitude < smallest) {
    return static_cast<std::uint16_t>(sign |
                                      static_cast<int>(std::ldexp(magnitude, fraction_bits + bias - 1)));
  }
  const int exponent = std::ilogb(magnitude);
  const int fraction =
      static_cast<int>(std::ldexp(magnitude, fraction_bits - exponent)) - (1 << fraction_bits);
  return static_cast<std::uint16_t>(sign | (exponent + bias) << fraction_bits | fraction);
}

inline double read_element(const void* elements, std::size_t at, ElementType element) {
  if (element == ElementType::float32) return static_cast<double>(static_cast<const float*>(elements)[at]);
  return decode(static_cast<const std::uint16_t*>(elements)[at], element);
}
inline void write_element(void* elements, std::size_t at, ElementType element, double value) {
  if (element == ElementType::float32) {
    static_cast<float*>(elements)[at] = static_cast<float>(value);
  } else {
    static_cast<std::uint16_t*>(elements)[at] = encode(value, element);
  }
}

}  // namespace octrain::layers::testing
