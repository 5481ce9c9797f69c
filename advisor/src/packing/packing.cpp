#include "octrain/advisor/packing.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "algorithms.h"

namespace octrain::advisor {
namespace {

/// A buffer's life begins or ends. Ends come first: lives are half-open.
struct Event {
  std::uint64_t op = 0;
  bool begins = false;
  std::size_t buffer = 0;
};

std::vector<Event> events_of(const PackingProblem& problem) {
  std::vector<Event> events;
  events.reserve(2 * problem.buffers.size());
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer& buffer = problem.buffers[i];
    if (buffer.lower >= buffer.upper || buffer.size_bytes == 0) continue;  // in nobody's way
    events.push_back({buffer.lower, true, i});
    events.push_back({buffer.upper, false, i});
  }
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::tie(a.op, a.begins, a.buffer) < std::tie(b.op, b.begins, b.buffer);
  });
  return events;
}

std::string named(const PackingProblem& problem, std::size_t buffer) {
  const std::string& id = problem.buffers[buffer].id;
  return "buffer " + (id.empty() ? "#" + std::to_string(buffer) : id);
}

/// Sweeps over the ops with what is alive ordered by offset: a newcomer can only meet its neighbours.
std::optional<PackingDefect> first_overlap(const PackingProblem& problem,
                                           const std::vector<std::uint64_t>& offsets) {
  std::map<std::uint64_t, std::size_t> alive;  // offset → buffer
  const auto end_of = [&](std::size_t buffer) {
    return offsets[buffer] + problem.buffers[buffer].size_bytes;
  };
  for (const Event& event : events_of(problem)) {
    const std::uint64_t offset = offsets[event.buffer];
    if (!event.begins) {
      alive.erase(offset);
      continue;
    }
    const auto above = alive.lower_bound(offset);
    std::optional<std::size_t> other;
    if (above != alive.end() && above->first < end_of(event.buffer)) other = above->second;
    if (above != alive.begin() && end_of(std::prev(above)->second) > offset) other = std::prev(above)->second;
    if (other) {
      return PackingDefect{PackingDefect::Kind::overlap,
                           *other,
                           event.buffer,
                           event.op,
                           0,
                           named(problem, *other) + " and " + named(problem, event.buffer) +
                               " overlap at op " + std::to_string(event.op)};
    }
    alive.emplace(offset, event.buffer);
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t lower_bound(const PackingProblem& problem) {
  std::uint64_t live = 0, most = 0;
  for (const Event& event : events_of(problem)) {
    const std::uint64_t bytes = problem.buffers[event.buffer].size_bytes;
    live = event.begins ? live + bytes : live - bytes;
    most = std::max(most, live);
  }
  return most;
}

std::optional<PackingDefect> check_packing(const PackingProblem& problem, const PackingSolution& solution) {
  using Kind = PackingDefect::Kind;
  const std::size_t answered = solution.offsets.size();
  if (answered < problem.buffers.size()) {
    return PackingDefect{Kind::missing, answered, 0, 0, 0, named(problem, answered) + " has no offset"};
  }
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer& buffer = problem.buffers[i];
    const bool empty = buffer.lower >= buffer.upper || buffer.size_bytes == 0;
    const std::uint64_t end = solution.offsets[i] + buffer.size_bytes;
    if (empty || problem.capacity_bytes == 0 || end <= problem.capacity_bytes) continue;
    const std::uint64_t excess = end - problem.capacity_bytes;
    return PackingDefect{Kind::past_capacity,
                         i,
                         0,
                         0,
                         excess,
                         named(problem, i) + " ends " + std::to_string(excess) + " bytes past the capacity"};
  }
  return first_overlap(problem, solution.offsets);
}

std::vector<std::size_t> occupying_buffers(const PackingProblem& problem) {
  std::vector<std::size_t> buffers;
  buffers.reserve(problem.buffers.size());
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    if (occupies(problem.buffers[i])) buffers.push_back(i);
  }
  return buffers;
}

PackingSolution measured(const PackingProblem& problem, std::vector<std::uint64_t> offsets) {
  PackingSolution solution{std::move(offsets), 0, false};
  for (const std::size_t i : occupying_buffers(problem)) {
    solution.height_bytes =
        std::max(solution.height_bytes, solution.offsets[i] + problem.buffers[i].size_bytes);
  }
  solution.proven = solution.height_bytes == lower_bound(problem);
  return solution;
}

std::span<const PackingAlgorithm> packing_algorithms() {
  static const std::array algorithms = {auto_packing(), first_fit_packing(), smartpool_packing(),
                                        profile_guided_packing(), exact_packing()};
  return algorithms;
}

const PackingAlgorithm* find_packing_algorithm(std::string_view name) {
  for (const PackingAlgorithm& algorithm : packing_algorithms()) {
    if (algorithm.name == name) return &algorithm;
  }
  return nullptr;
}

}  // namespace octrain::advisor
