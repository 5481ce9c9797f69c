#include "host_memory.h"

#include <algorithm>
#include <cmath>

namespace octrain::advisor {
namespace {

/// 0 bytes/s is free of cost.
std::uint64_t ns_at(std::uint64_t bytes, double bytes_per_s) {
  if (bytes_per_s <= 0) return 0;
  return static_cast<std::uint64_t>(std::llround(static_cast<double>(bytes) / bytes_per_s * 1e9));
}

}  // namespace

HostShare HostShare::take(std::uint64_t bytes) {
  HostShare taken;
  taken.host = std::min(bytes, host);
  taken.tier = std::min(bytes - taken.host, tier);
  host -= taken.host;
  tier -= taken.tier;
  return taken;
}

HostShare& HostShare::operator+=(const HostShare& other) {
  host += other.host;
  tier += other.tier;
  return *this;
}

HostShare& HostShare::operator-=(const HostShare& other) {
  host -= other.host;
  tier -= other.tier;
  return *this;
}

HostShare HostMemory::place(std::uint64_t bytes) {
  const bool limited = machine_.host_bytes > 0 && machine_.tier_bytes_per_s > 0;
  const std::uint64_t room = limited ? machine_.host_bytes - std::min(machine_.host_bytes, used_) : bytes;
  HostShare share;
  share.host = std::min(bytes, room);
  share.tier = bytes - share.host;
  used_ += share.host;
  return share;
}

std::uint64_t HostMemory::travel_ns(std::uint64_t bytes, std::uint64_t tier_bytes,
                                    double link_bytes_per_s) const {
  return std::max(ns_at(bytes, link_bytes_per_s), ns_at(tier_bytes, machine_.tier_bytes_per_s));
}

}  // namespace octrain::advisor
