// Profile-guided memory optimization (Sekiyama et al. 2018): the best-fit heuristic for two-dimensional
// packing, with the time axis fixed. The packing grows from the ground as a skyline. Take its lowest line,
// the leftmost of several. Of the buffers whose whole life fits on it, the longest-lived goes there; where
// none fits, the line is lifted to its lower neighbour and becomes one with it.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "algorithms.h"

namespace octrain::advisor {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// The buffers that have no place yet, in a tree ordered by birth.
class Unplaced {
 public:
  explicit Unplaced(const PackingProblem& problem) : ids_(occupying_buffers(problem)) {
    const auto& buffers = problem.buffers;
    std::vector<std::size_t> by_life = ids_;
    std::sort(by_life.begin(), by_life.end(), [&](std::size_t a, std::size_t b) {
      const std::uint64_t life_a = buffers[a].upper - buffers[a].lower;
      const std::uint64_t life_b = buffers[b].upper - buffers[b].lower;
      return std::tie(life_b, buffers[b].size_bytes, a) < std::tie(life_a, buffers[a].size_bytes, b);
    });
    std::sort(ids_.begin(), ids_.end(), [&](std::size_t a, std::size_t b) {
      return std::tie(buffers[a].lower, a) < std::tie(buffers[b].lower, b);
    });
    std::vector<std::size_t> rank(buffers.size(), kNone);
    for (std::size_t i = 0; i < by_life.size(); ++i) rank[by_life[i]] = i;
    while (leaves_ < ids_.size()) leaves_ *= 2;
    nodes_.resize(2 * leaves_);
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      births_.push_back(buffers[ids_[i]].lower);
      nodes_[leaves_ + i] = {rank[ids_[i]], buffers[ids_[i]].upper};
    }
    for (std::size_t node = leaves_ - 1; node > 0; --node) merge(node);
  }

  /// Takes out the longest-lived of those that are born at `lower` or later and dead at `upper`; kNone if
  /// there is none.
  std::size_t take_longest(std::uint64_t lower, std::uint64_t upper) {
    const auto from = std::lower_bound(births_.begin(), births_.end(), lower) - births_.begin();
    const auto to = std::lower_bound(births_.begin(), births_.end(), upper) - births_.begin();
    best_ = Best{};
    find(1, 0, leaves_, {static_cast<std::size_t>(from), static_cast<std::size_t>(to), upper});
    if (best_.leaf == kNone) return kNone;
    std::size_t node = leaves_ + best_.leaf;
    nodes_[node] = Node{};
    while (node > 1) merge(node /= 2);
    return ids_[best_.leaf];
  }

 private:
  struct Node {
    std::size_t rank = kNone;                              // the longest-lived below
    std::uint64_t upper = static_cast<std::uint64_t>(-1);  // the earliest death below
  };
  struct Query {
    std::size_t from, to;
    std::uint64_t upper;
  };
  struct Best {
    std::size_t rank = kNone, leaf = kNone;
  };

  void merge(std::size_t node) {
    const Node &left = nodes_[2 * node], &right = nodes_[2 * node + 1];
    nodes_[node] = {std::min(left.rank, right.rank), std::min(left.upper, right.upper)};
  }

  void find(std::size_t node, std::size_t begin, std::size_t end, const Query& query) {
    if (begin >= query.to || end <= query.from) return;
    if (nodes_[node].rank >= best_.rank || nodes_[node].upper > query.upper) return;
    if (node >= leaves_) {
      best_ = {nodes_[node].rank, begin};
      return;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    const bool right_first = nodes_[2 * node + 1].rank < nodes_[2 * node].rank;
    if (right_first) find(2 * node + 1, middle, end, query);
    find(2 * node, begin, middle, query);
    if (!right_first) find(2 * node + 1, middle, end, query);
  }

  std::vector<std::size_t> ids_;  // by birth
  std::vector<std::uint64_t> births_;
  std::size_t leaves_ = 1;
  std::vector<Node> nodes_;  // node i has the children 2i and 2i+1
  Best best_;
};

/// Lines from left to right, each with its offset; the lowest, leftmost is at hand.
class Skyline {
 public:
  struct Line {
    std::uint64_t lower, upper, offset;
  };

  Skyline(std::uint64_t lower, std::uint64_t upper) { put({lower, upper, 0}); }

  [[nodiscard]] Line lowest() const {
    const auto [offset, lower] = *by_offset_.begin();
    return {lower, lines_.at(lower).first, offset};
  }

  /// Raises the part [lower, upper) of the line to `offset`.
  void raise(const Line& line, std::uint64_t lower, std::uint64_t upper, std::uint64_t offset) {
    take(line);
    if (line.lower < lower) put({line.lower, lower, line.offset});
    if (upper < line.upper) put({upper, line.upper, line.offset});
    join({lower, upper, offset});
  }

  /// Raises the line to its lower neighbour. False: it has none.
  bool lift(const Line& line) {
    const auto at = lines_.find(line.lower);
    std::uint64_t offset = static_cast<std::uint64_t>(-1);
    if (at != lines_.begin()) offset = std::prev(at)->second.second;
    if (std::next(at) != lines_.end()) offset = std::min(offset, std::next(at)->second.second);
    if (offset == static_cast<std::uint64_t>(-1)) return false;
    take(line);
    join({line.lower, line.upper, offset});
    return true;
  }

 private:
  void put(const Line& line) {
    lines_[line.lower] = {line.upper, line.offset};
    by_offset_.emplace(line.offset, line.lower);
  }

  void take(const Line& line) {
    lines_.erase(line.lower);
    by_offset_.erase({line.offset, line.lower});
  }

  /// Puts a line, as one with neighbours of its offset.
  void join(Line line) {
    auto right = lines_.find(line.upper);
    if (right != lines_.end() && right->second.second == line.offset) {
      const Line other{right->first, right->second.first, line.offset};
      take(other);
      line.upper = other.upper;
    }
    auto left = lines_.lower_bound(line.lower);
    if (left != lines_.begin() && (--left)->second.second == line.offset) {
      const Line other{left->first, left->second.first, line.offset};
      take(other);
      line.lower = other.lower;
    }
    put(line);
  }

  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> lines_;  // lower → upper, offset
  std::set<std::pair<std::uint64_t, std::uint64_t>> by_offset_;             // offset, lower
};

PackingSolution pack(const PackingProblem& problem, std::uint64_t /*steps*/) {
  std::vector<std::uint64_t> offsets(problem.buffers.size(), 0);
  const std::vector<std::size_t> all = occupying_buffers(problem);
  if (all.empty()) return measured(problem, std::move(offsets));
  std::uint64_t begin = problem.buffers[all[0]].lower, end = 0;
  for (const std::size_t i : all) {
    begin = std::min(begin, problem.buffers[i].lower);
    end = std::max(end, problem.buffers[i].upper);
  }
  Unplaced unplaced(problem);
  Skyline skyline(begin, end);
  for (std::size_t left = all.size(); left > 0;) {
    const Skyline::Line line = skyline.lowest();
    const std::size_t i = unplaced.take_longest(line.lower, line.upper);
    if (i == kNone) {
      skyline.lift(line);
      continue;
    }
    const Buffer& buffer = problem.buffers[i];
    offsets[i] = line.offset;
    skyline.raise(line, buffer.lower, buffer.upper, line.offset + buffer.size_bytes);
    --left;
  }
  return measured(problem, std::move(offsets));
}

}  // namespace

PackingAlgorithm profile_guided_packing() {
  return {"profile-guided",
          "grows a skyline: on its lowest line the longest-lived buffer that fits (Sekiyama et al. 2018)",
          pack};
}

}  // namespace octrain::advisor
