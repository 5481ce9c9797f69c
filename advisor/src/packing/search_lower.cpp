#include "search_lower.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "algorithms.h"
#include "search.h"

namespace octrain::advisor {
namespace {

using Outcome = PackingSearch::Outcome;

struct Component {
  std::vector<std::size_t> buffers;
  std::uint64_t height_bytes = 0;
  bool lowest_possible = false;
};

/// Ordered by birth, and cut where nobody lives across.
std::vector<Component> components_of(const PackingProblem& problem) {
  std::vector<std::size_t> order = occupying_buffers(problem);
  const auto& buffers = problem.buffers;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(buffers[a].lower, a) < std::tie(buffers[b].lower, b);
  });
  std::vector<Component> components;
  std::uint64_t end = 0;
  for (const std::size_t i : order) {
    if (components.empty() || buffers[i].lower >= end) components.emplace_back();
    components.back().buffers.push_back(i);
    end = std::max(end, buffers[i].upper);
  }
  return components;
}

void measure(const PackingProblem& problem, const std::vector<std::uint64_t>& offsets, Component& component) {
  component.height_bytes = 0;
  for (const std::size_t i : component.buffers) {
    component.height_bytes = std::max(component.height_bytes, offsets[i] + problem.buffers[i].size_bytes);
  }
}

/// What the search found, in units, unless what is there is lower.
void take_if_as_low(const PackingProblem& problem, Component& component,
                    const std::vector<std::uint64_t>& found, std::uint64_t unit,
                    std::vector<std::uint64_t>& offsets) {
  std::uint64_t height_bytes = 0;
  for (std::size_t k = 0; k < found.size(); ++k) {
    const std::uint64_t end = found[k] * unit + problem.buffers[component.buffers[k]].size_bytes;
    height_bytes = std::max(height_bytes, end);
  }
  if (height_bytes > component.height_bytes) return;
  component.height_bytes = height_bytes;
  for (std::size_t k = 0; k < found.size(); ++k) offsets[component.buffers[k]] = found[k] * unit;
}

std::uint64_t unit_of(const PackingProblem& problem, const Component& component) {
  std::uint64_t unit = 0;
  for (const std::size_t i : component.buffers) unit = std::gcd(unit, problem.buffers[i].size_bytes);
  return unit;
}

/// A section ends where somebody dies after somebody was born: what is alive there is in no other's midst.
std::vector<SearchBuffer> search_buffers(const PackingProblem& problem, const Component& component,
                                         std::uint64_t unit) {
  std::vector<std::tuple<std::uint64_t, bool, std::size_t>> events;  // op, begins, position in the component
  std::vector<SearchBuffer> result;
  for (std::size_t k = 0; k < component.buffers.size(); ++k) {
    const Buffer& buffer = problem.buffers[component.buffers[k]];
    events.emplace_back(buffer.lower, true, k);
    events.emplace_back(buffer.upper, false, k);
    result.push_back({0, 0, buffer.size_bytes / unit});
  }
  std::sort(events.begin(), events.end());
  std::uint32_t section = 0;
  bool born = false;
  for (const auto& [op, begins, k] : events) {
    if (!begins && born) ++section;
    born = begins;
    (begins ? result[k].first : result[k].last) = begins ? section : section - 1;
  }
  return result;
}

/// Lowers one component as far as `target_bytes`, if it can.
void lower(const PackingProblem& problem, Component& component, std::uint64_t target_bytes,
           std::uint64_t& steps, std::vector<std::uint64_t>& offsets) {
  const std::uint64_t unit = unit_of(problem, component);
  PackingSearch search(search_buffers(problem, component, unit));
  const auto look = [&](std::uint64_t height, std::uint64_t share) {
    std::uint64_t left = share;
    const Outcome outcome = search.run(height, left);
    steps -= share - left;
    if (outcome == Outcome::found) take_if_as_low(problem, component, search.offsets(), unit, offsets);
    return outcome;
  };
  std::uint64_t given_up = target_bytes / unit;  // heights up to here are refuted, or were not found
  const Outcome first = look(given_up, steps - steps / 4);
  if (first == Outcome::found) return;
  std::uint64_t refuted = first == Outcome::refuted ? given_up : 0;
  while (component.height_bytes / unit > given_up + 1 && steps > 0) {
    const std::uint64_t middle = given_up + (component.height_bytes / unit - given_up) / 2;
    const Outcome outcome = look(middle, steps - steps / 2);
    if (outcome != Outcome::found) given_up = middle;
    if (outcome == Outcome::refuted) refuted = middle;
  }
  component.lowest_possible = refuted + 1 == component.height_bytes / unit;
}

}  // namespace

PackingSolution search_lower(const PackingProblem& problem, PackingSolution start, SearchWhat what,
                             std::uint64_t steps) {
  std::uint64_t target_bytes = std::max(problem.capacity_bytes, lower_bound(problem));
  std::vector<Component> components = components_of(problem);
  for (Component& component : components) measure(problem, start.offsets, component);
  std::stable_sort(components.begin(), components.end(),
                   [](const Component& a, const Component& b) { return a.height_bytes > b.height_bytes; });
  for (Component& component : components) {
    const bool searched = what == SearchWhat::everything || component.height_bytes > target_bytes;
    if (!searched || component.buffers.size() > kMostSearched) continue;
    lower(problem, component, target_bytes, steps, start.offsets);
    target_bytes = std::max(target_bytes, component.height_bytes);  // the others need not be lower than this
  }
  PackingSolution solution = measured(problem, std::move(start.offsets));
  for (const Component& component : components) {
    solution.proven |= component.lowest_possible && component.height_bytes == solution.height_bytes;
  }
  return solution;
}

}  // namespace octrain::advisor
