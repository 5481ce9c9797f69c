#include "octrain/runtime/units.h"

#include <gtest/gtest.h>

namespace octrain::runtime {
namespace {

TEST(Units, Bytes) {
  EXPECT_EQ(parse_bytes("4GiB"), 4 * kGiB);
  EXPECT_EQ(parse_bytes("512MiB"), 512 * kMiB);
  EXPECT_EQ(parse_bytes("512 MiB"), 512 * kMiB);
  EXPECT_EQ(parse_bytes("1.5GB"), 1'500'000'000U);
  EXPECT_EQ(parse_bytes("4096"), 4096U);
  EXPECT_EQ(parse_bytes("0"), 0U);
  EXPECT_EQ(parse_bytes("8G"), 8 * kGiB);
}

TEST(Units, WhatIsNoSize) {
  for (const char* text : {"", "GiB", "-1", "4 gibibytes", "4GiBB", "1e3", "nan", "inf", "4GB/s", " 4",
                           "99999999999TiB", "4GiB "}) {
    EXPECT_FALSE(parse_bytes(text)) << text;
  }
}

TEST(Units, Rates) {
  EXPECT_EQ(parse_bytes_per_second("12GB/s"), 12e9);
  EXPECT_EQ(parse_bytes_per_second("1.5GiB/s"), 1.5 * 0x1p30);
  for (const char* text : {"12GB", "0GB/s", "/s", "fast/s"})
    EXPECT_FALSE(parse_bytes_per_second(text)) << text;
}

TEST(Units, Durations) {
  EXPECT_EQ(parse_duration_ns("10us"), 10'000U);
  EXPECT_EQ(parse_duration_ns("2ms"), 2'000'000U);
  EXPECT_EQ(parse_duration_ns("500ns"), 500U);
  EXPECT_EQ(parse_duration_ns("1.5s"), 1'500'000'000U);
  for (const char* text : {"10", "us", "-1us", "1 hour"}) EXPECT_FALSE(parse_duration_ns(text)) << text;
}

TEST(Units, Shares) {
  EXPECT_EQ(parse_share("12.5%"), 0.125);
  EXPECT_EQ(parse_share("100%"), 1.0);
  for (const char* text : {"", "%", "50", "0%", "-1%", "100.1%", "50%%", "nan%", "1/2"})
    EXPECT_FALSE(parse_share(text)) << text;
}

TEST(Units, Formats) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(64 * kMiB), "64.0 MiB");
  EXPECT_EQ(format_bytes(3'779'571'220), "3.52 GiB");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_duration(0.045), "45 ms");
  EXPECT_EQ(format_duration(0.0000451), "45 us");
  EXPECT_EQ(format_duration(12.34), "12.3 s");
  EXPECT_EQ(format_duration(200), "3 min 20 s");
  EXPECT_EQ(format_duration(3720), "1 h 02 min");
  EXPECT_EQ(format_duration(-1), "unknown");
}

TEST(Units, RoundUp) {
  EXPECT_EQ(round_up(0, kBlockBytes), 0U);
  EXPECT_EQ(round_up(1, kBlockBytes), kBlockBytes);
  EXPECT_EQ(round_up(kBlockBytes, kBlockBytes), kBlockBytes);
}

}  // namespace
}  // namespace octrain::runtime
