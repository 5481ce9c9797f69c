// SuperNeurons (Wang et al., "SuperNeurons: Dynamic GPU Memory Management for Training Deep Neural Networks",
// PPoPP 2018), its liveness analysis, unified tensor pool and tensor cache:
//   - what is dead is freed after its last use;
//   - outputs of convolutions, and nothing else, are offloaded after their last forward use; as a convolution
//     starts backward, those that the ops up to the previous convolution need are fetched;
//   - all else stays in a cache on the device: a use moves a tensor to the front, an allocation that fails
//     evicts from the tail. With the cache nothing is offloaded as long as no allocation fails.
// Its third part, cost-aware recomputation, is not a matter of swapping: `--recompute cost` adds it to any
// policy.
#include <algorithm>
#include <array>
#include <cstdint>

#include "crossings.h"
#include "directed_pager.h"
#include "policies.h"

namespace octrain::advisor {
namespace {

constexpr PolicyOption kOffload{"offload", 1, 0, 1,
                                "outputs of convolutions leave after their last forward use"};
constexpr PolicyOption kAhead{"prefetch_ahead", 1, 0, 1000,
                              "convolutions up to which is fetched as one starts backward; 0: none"};
constexpr PolicyOption kCache{"cache", 1, 0, 1,
                              "nothing leaves unless an allocation fails, then the least recently used; 0: "
                              "always offload, the least recently brought leaves"};
constexpr PolicyOption kLiveness{"liveness", 1, 0, 1, "what is dead is freed at once"};
constexpr std::array kOptions{kOffload, kAhead, kCache, kLiveness};

/// At each convolution, the needs of all layers behind it up to the `ahead`-th next convolution.
void add_prefetches(const std::vector<BackwardLayer>& layers, std::uint64_t ahead,
                    std::vector<Wish>& wishes) {
  if (ahead == 0) return;
  std::vector<std::size_t> convolutions;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].convolution) convolutions.push_back(i);
  }
  std::size_t fetched = 0;  // all layers before this one
  for (std::size_t i = 0; i < convolutions.size(); ++i) {
    const BackwardLayer& current = layers[convolutions[i]];
    const std::size_t end = ahead < convolutions.size() - i ? convolutions[i + ahead] + 1 : layers.size();
    fetched = std::max(fetched, convolutions[i] + 1);
    for (; fetched < end && layers[fetched].pass == current.pass; ++fetched) {
      for (const TensorId tensor : layers[fetched].needs) {
        wishes.push_back({Wish::Kind::prefetch, current.first, tensor});
      }
    }
  }
}

bool evicts(const Plan& plan) {
  return std::any_of(plan.actions.begin(), plan.actions.end(),
                     [](const Action& action) { return action.kind == ActionKind::evict; });
}

PlanResult plan_superneurons(const PlanRequest& request) {
  if (auto result = infeasible(request, "superneurons")) return *std::move(result);
  DirectedPager pager(request);
  const bool cache = request.value(kCache) != 0;
  Direction direction;
  direction.kept = persistent_tensors(request.schedule);
  direction.discards_dead = request.value(kLiveness) != 0;
  direction.recency = cache ? DemandPager::Recency::use : DemandPager::Recency::migration;
  PlanResult result;
  result.policy = "superneurons";
  if (cache) {
    result.plan = pager.plan(direction);
    if (!evicts(result.plan)) return result;  // no allocation failed
  }
  std::vector<Crossing> crossings = list_crossings(request.schedule, pager.liveness());
  std::erase_if(crossings, [](const Crossing& crossing) { return !crossing.convolution_output; });
  if (request.value(kOffload) != 0) add_evictions(crossings, direction.wishes);
  add_prefetches(list_backward_layers(request.schedule, crossings),
                 static_cast<std::uint64_t>(request.value(kAhead)), direction.wishes);
  result.plan = pager.plan(direction);
  return result;
}

}  // namespace

Policy superneurons_policy() {
  return {"superneurons",
          "outputs of convolutions are offloaded, the rest lies in an LRU cache (SuperNeurons, PPoPP 2018)",
          plan_superneurons, kOptions};
}

}  // namespace octrain::advisor
