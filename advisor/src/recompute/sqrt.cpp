// Chen et al. 2016 (Training Deep Nets with Sublinear Memory Cost): the forward part in about √n segments of
// equal bytes; what crosses from one to the next is kept, the rest is made again segment by segment.
#include <algorithm>
#include <cmath>

#include "cuts.h"
#include "methods.h"
#include "refill.h"

namespace octrain::advisor {
namespace {

const std::vector<PolicyOption>& sqrt_options() {
  static const std::vector<PolicyOption> options = {
      {"segments", 0, 0, 1e6, "how many segments; 0: the root of all bytes by those that cross a cut"},
  };
  return options;
}

/// Memory is what the cuts keep plus one segment. It is least where those are equal: √(all ÷ crossing)
/// segments.
std::size_t segment_count(const std::vector<Cut>& cuts, std::uint64_t all_bytes) {
  double crossing = 0;
  for (const Cut& cut : cuts) crossing += static_cast<double>(cut.bytes);
  crossing = std::max(1.0, crossing / static_cast<double>(cuts.size()));
  return static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(all_bytes) / crossing)));
}

/// For each border between segments the cut near it that fewest bytes cross, then the nearest.
std::vector<OpIndex> even_cuts(const std::vector<Cut>& cuts, std::uint64_t all_bytes, std::size_t segments) {
  std::vector<OpIndex> chosen;
  const double segment = static_cast<double>(all_bytes) / static_cast<double>(segments);
  auto from = cuts.begin();
  for (std::size_t i = 1; i < segments; ++i) {
    const double border = segment * static_cast<double>(i);
    const auto distance = [&](const Cut& cut) { return std::abs(static_cast<double>(cut.made) - border); };
    while (from != cuts.end() && static_cast<double>(from->made) < border - segment / 2) ++from;
    const Cut* best = nullptr;
    for (auto cut = from; cut != cuts.end() && static_cast<double>(cut->made) < border + segment / 2; ++cut) {
      const bool better = best == nullptr || cut->bytes < best->bytes ||
                          (cut->bytes == best->bytes && distance(*cut) < distance(*best));
      if (better) best = &*cut;
    }
    if (best != nullptr) chosen.push_back(best->at);
  }
  return chosen;
}

std::vector<Rerun> choose(const PlanRequest& request, const TensorSet& may_drop) {
  const Lineage lineage(request.schedule);
  const PassValues values(lineage, may_drop);
  const auto asked = static_cast<std::size_t>(request.value(sqrt_options()[0]));
  std::vector<bool> dropped = values.drop;
  for (const Pass& pass : values.passes) {
    const std::vector<Cut> cuts = list_cuts(values, pass);
    std::uint64_t all_bytes = 0;
    for (auto [id, end] = values.made_by(pass); id < end; ++id) {
      if (dropped[id]) all_bytes += lineage.bytes(id);
    }
    std::vector<OpIndex> borders;
    if (!cuts.empty())
      borders = even_cuts(cuts, all_bytes, asked != 0 ? asked : segment_count(cuts, all_bytes));
    for (auto [id, end] = values.made_by(pass); id < end; ++id) {
      const Value& value = lineage.values[id];
      const auto border = std::upper_bound(borders.begin(), borders.end(), value.writer);
      // The last segment is still there when the backward part begins.
      if (border == borders.end() || *border <= value.last_early) dropped[id] = false;
    }
  }
  return rerun_on_demand(lineage, dropped, std::vector<bool>(dropped.size(), true));
}

}  // namespace

RecomputeMethod sqrt_method() {
  return {"sqrt", "keeps what crosses √n even cuts, reruns the rest a segment at a time (Chen et al. 2016)",
          sqrt_options(), choose};
}

}  // namespace octrain::advisor
