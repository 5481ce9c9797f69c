#include "vdnn.h"

#include <algorithm>
#include <cstdint>

#include "crossings.h"

namespace octrain::advisor {
namespace {

std::vector<Crossing> offloaded(const PlanRequest& request, const Liveness& liveness, Offload offload) {
  std::vector<Crossing> crossings = list_crossings(request.schedule, liveness);
  std::erase_if(crossings, [&](const Crossing& crossing) {
    if (offload == Offload::all_inputs) return !crossing.layer_input;
    return offload == Offload::none || !crossing.convolution_input;
  });
  return crossings;
}

/// [layer]: the next convolution behind it, or their number.
std::vector<std::size_t> next_convolutions(const std::vector<BackwardLayer>& layers) {
  std::vector<std::size_t> next(layers.size(), layers.size());
  for (std::size_t i = layers.size(); i-- > 1;) next[i - 1] = layers[i].convolution ? i : next[i];
  return next;
}

void add_prefetches(const std::vector<BackwardLayer>& layers, std::uint64_t ahead, bool window,
                    std::vector<Wish>& wishes) {
  const std::vector<std::size_t> next_convolution = next_convolutions(layers);
  std::size_t fetched = 0;  // all layers before this one
  for (std::size_t current = 0; current < layers.size(); ++current) {
    for (std::uint64_t i = 0; i < ahead; ++i) {
      std::size_t found = std::max(fetched, current + 1);
      while (found < layers.size() && layers[found].needs.empty()) ++found;
      fetched = found;
      if (found == layers.size() || layers[found].pass != layers[current].pass) break;
      if (window && found > next_convolution[current]) break;
      for (const TensorId tensor : layers[found].needs) {
        wishes.push_back({Wish::Kind::prefetch, layers[current].first, tensor});
      }
      fetched = found + 1;
    }
  }
}

}  // namespace

Direction vdnn_direction(const PlanRequest& request, const Liveness& liveness, Offload offload) {
  Direction direction;
  const std::vector<Crossing> crossings = offloaded(request, liveness, offload);
  add_evictions(crossings, direction.wishes);
  add_prefetches(list_backward_layers(request.schedule, crossings),
                 static_cast<std::uint64_t>(request.value(kVdnnAhead)), request.value(kVdnnWindow) != 0,
                 direction.wishes);
  if (request.value(kVdnnWeights) != 0) direction.kept = persistent_tensors(request.schedule);
  direction.discards_dead = request.value(kVdnnLiveness) != 0;
  return direction;
}

PlanResult plan_vdnn(const PlanRequest& request, Offload offload, std::string_view policy) {
  if (auto result = infeasible(request, policy)) return *std::move(result);
  DirectedPager pager(request);
  PlanResult result;
  result.policy = policy;
  result.plan = pager.plan(vdnn_direction(request, pager.liveness(), offload));
  return result;
}

}  // namespace octrain::advisor
