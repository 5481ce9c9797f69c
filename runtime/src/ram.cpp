#include "ram.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include "octrain/runtime/units.h"

namespace octrain::runtime {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

std::uint64_t number_in(const std::filesystem::path& file, std::uint64_t otherwise) {
  std::uint64_t value = 0;
  return std::ifstream(file) >> value ? value : otherwise;  // "max" is no number
}

/// The value after `key` in a file of "key value" lines.
std::uint64_t field_in(const std::filesystem::path& file, const std::string& key, std::uint64_t otherwise) {
  std::ifstream in(file);
  std::string name;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::uint64_t value = 0;
    if (words >> name >> value && name == key) return value;
  }
  return otherwise;
}

struct CgroupFiles {
  const char* root;
  const char* limit;
  const char* usage;
  const char* reclaimable;  // in memory.stat: the page cache that the kernel would give up first
};
constexpr CgroupFiles kVersion1{"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                                "total_inactive_file"};
constexpr CgroupFiles kVersion2{"/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"};

/// The least that any group on the way up leaves.
std::uint64_t left_in_cgroups(const CgroupFiles& files, const std::string& path) {
  std::uint64_t left = kUnlimited;
  const std::filesystem::path root = files.root;
  std::filesystem::path group = root / std::filesystem::path(path).relative_path();
  while (true) {
    const std::uint64_t limit = number_in(group / files.limit, kUnlimited);
    if (limit != kUnlimited) {
      const std::uint64_t usage = number_in(group / files.usage, 0);
      const std::uint64_t cache = std::min(usage, field_in(group / "memory.stat", files.reclaimable, 0));
      const std::uint64_t taken = usage - cache;
      left = std::min(left, limit > taken ? limit - taken : 0);
    }
    if (group == root || !group.has_relative_path()) return left;
    group = group.parent_path();
  }
}

std::uint64_t left_in_cgroups() {
  std::uint64_t left = kUnlimited;
  std::ifstream groups("/proc/self/cgroup");  // "ID:CONTROLLERS:PATH"; version 2 has no controllers
  for (std::string line; std::getline(groups, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) left = std::min(left, left_in_cgroups(kVersion2, path));
    if (controllers == "memory") left = std::min(left, left_in_cgroups(kVersion1, path));
  }
  return left;
}

}  // namespace

std::uint64_t available_ram_bytes() {
  const std::uint64_t kilobytes = field_in("/proc/meminfo", "MemAvailable:", kUnlimited / kKiB);
  return std::min(kilobytes * kKiB, left_in_cgroups());
}

}  // namespace octrain::runtime
