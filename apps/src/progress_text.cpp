#include "progress_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "octrain/runtime/units.h"
#include "output.h"

namespace octrain::apps {

namespace {

struct Part {
  int rank;  ///< the higher, the sooner it goes
  std::string text;
  std::string brief;  ///< empty: it goes at once
};

std::string join(const std::vector<Part>& parts) {
  std::string line;
  for (const Part& part : parts) {
    if (part.text.empty()) continue;
    if (!line.empty()) line += "  ";
    line += part.text;
  }
  return line;
}

/// Two figures in the unit of the larger one.
struct Unit {
  explicit Unit(double largest) {
    if (largest >= static_cast<double>(runtime::kGiB)) {
      name = "GiB", bytes = static_cast<double>(runtime::kGiB), digits = 2;
    }
  }
  [[nodiscard]] std::string of(double value) const { return fmt::format("{:.{}f}", value / bytes, digits); }
  const char* name = "MiB";
  double bytes = static_cast<double>(runtime::kMiB);
  int digits = 1;
};

void add_position(std::vector<Part>& parts, const Standing& standing) {
  std::string at = fmt::format("{}", standing.at);
  if (standing.of > 0) at += fmt::format("/{}", standing.of);
  if (standing.testing)
    parts.push_back({0, "test batch " + at, "test " + at});
  else
    parts.push_back({0, "iteration " + at, at});
  if (standing.ops > 0) parts.push_back({7, fmt::format("op {}/{}", standing.ops_done, standing.ops), ""});
}

void add_resident(std::vector<Part>& parts, const Standing& standing) {
  const std::uint64_t peak = std::max(standing.resident_bytes, standing.peak_bytes);
  const Unit unit(static_cast<double>(peak));
  const std::string now = unit.of(static_cast<double>(standing.resident_bytes));
  const std::string most = unit.of(static_cast<double>(peak));
  parts.push_back({4, fmt::format("resident {} (peak {}) {}", now, most, unit.name),
                   fmt::format("resident {}/{} {}", now, most, unit.name)});
}

void add_moved(std::vector<Part>& parts, const LastIteration& last) {
  const Unit unit(std::max(last.in_bytes_per_second, last.out_bytes_per_second));
  const std::string in = unit.of(last.in_bytes_per_second), out = unit.of(last.out_bytes_per_second);
  parts.push_back({5, fmt::format("in {0} {2}/s out {1} {2}/s", in, out, unit.name),
                   fmt::format("in {} out {} {}/s", in, out, unit.name)});
  const std::string faults =
      last.faults ? fmt::format("faults {}", *last.faults) : std::string("faults not measured");
  parts.push_back({6, faults, faults});
  parts.push_back({8, "stalled " + runtime::format_duration(last.stall_seconds), ""});
}

std::vector<Part> parts_of(const Standing& standing) {
  std::vector<Part> parts;
  add_position(parts, standing);
  if (standing.last) {
    const std::string loss = fmt::format("loss {:.4f}", standing.last->loss);
    parts.push_back({1, loss, loss});
  }
  const double speed = standing.last ? standing.last->images_per_second : standing.expected_images_per_second;
  parts.push_back({3, fmt::format("{:.1f} images/s", speed), fmt::format("{:.1f} img/s", speed)});
  if (standing.remaining_seconds) {
    const std::string eta = "ETA " + runtime::format_duration(*standing.remaining_seconds);
    parts.push_back({2, eta, eta});
  }
  add_resident(parts, standing);
  if (standing.last) add_moved(parts, *standing.last);
  return parts;
}

/// The parts from what matters least to what matters most.
std::vector<Part*> by_rank(std::vector<Part>& parts) {
  std::vector<Part*> order;
  order.reserve(parts.size());
  for (Part& part : parts) order.push_back(&part);
  std::sort(order.begin(), order.end(), [](const Part* a, const Part* b) { return a->rank > b->rank; });
  return order;
}

}  // namespace

std::string progress_text(const Standing& standing, std::size_t columns) {
  std::vector<Part> parts = parts_of(standing);
  const std::vector<Part*> order = by_rank(parts);
  for (const bool away : {false, true}) {
    for (Part* part : order) {
      if (width(join(parts)) <= columns) break;
      part->text = away ? std::string() : part->brief;
    }
  }
  const std::string line = join(parts);
  return line.empty() ? cut_to(order.back()->brief, columns) : line;
}

std::string cut_to(const std::string& line, std::size_t columns) {
  std::size_t seen = 0, bytes = 0;
  for (; bytes < line.size(); ++bytes) {
    const bool begins = (line[bytes] & 0xC0) != 0x80;
    if (begins && seen++ == columns) break;
  }
  return line.substr(0, bytes);
}

}  // namespace octrain::apps
