// CRC-64/XZ (polynomial 0x42F0E1EBA9EA3693, reflected), eight bytes a step.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace octrain::runtime {

class Crc64 {
 public:
  void add(std::span<const std::byte> bytes) {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t crc = crc_;
    while (bytes.size() >= 8) {
      std::uint64_t word;
      std::memcpy(&word, bytes.data(), 8);
      word ^= crc;
      crc = 0;
      for (std::size_t i = 0; i < 8; ++i) crc ^= kTables[7 - i][(word >> (8 * i)) & 0xFF];
      bytes = bytes.subspan(8);
    }
    for (const std::byte byte : bytes)
      crc = kTables[0][(crc ^ std::to_integer<std::uint64_t>(byte)) & 0xFF] ^ (crc >> 8);
    crc_ = crc;
  }
  [[nodiscard]] std::uint64_t value() const { return ~crc_; }

 private:
  using Tables = std::array<std::array<std::uint64_t, 256>, 8>;
  static constexpr std::uint64_t kReflectedPolynomial = 0xC96C5795D7870F42;

  /// Table k: what a byte contributes when k more bytes follow it.
  static constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint64_t byte = 0; byte < 256; ++byte) {
      std::uint64_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
      tables[0][byte] = crc;
    }
    for (std::size_t k = 1; k < 8; ++k)
      for (std::size_t byte = 0; byte < 256; ++byte)
        tables[k][byte] = (tables[k - 1][byte] >> 8) ^ tables[0][tables[k - 1][byte] & 0xFF];
    return tables;
  }
  static const Tables kTables;

  std::uint64_t crc_ = ~std::uint64_t{0};
};

inline constexpr Crc64::Tables Crc64::kTables = Crc64::make_tables();

[[nodiscard]] inline std::uint64_t crc64(std::span<const std::byte> bytes) {
  Crc64 crc;
  crc.add(bytes);
  return crc.value();
}

}  // namespace octrain::runtime
