#include "crossings.h"

#include "convolutions.h"

namespace octrain::advisor {
namespace {

bool forward(const Schedule& schedule, OpIndex op) { return schedule.ops[op].phase == Phase::forward; }

void add_crossings(const Schedule& schedule, const std::vector<bool>& convolution,
                   const std::vector<TensorAccess>& accesses, Crossing crossing,
                   std::vector<Crossing>& crossings) {
  const Crossing blank = crossing;
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    const TensorAccess& access = accesses[i];
    if (!forward(schedule, access.op)) {
      crossing = blank;
      continue;
    }
    const bool input = access.reads && !access.writes;
    crossing.layer_input |= input;
    crossing.convolution_input |= input && convolution[access.op];
    crossing.convolution_output |= access.writes && convolution[access.op];
    if (i + 1 == accesses.size() || forward(schedule, accesses[i + 1].op) || !accesses[i + 1].reads) continue;
    crossing.release = access.op;
    crossing.need = accesses[i + 1].op;
    crossings.push_back(crossing);
  }
}

}  // namespace

std::vector<Crossing> list_crossings(const Schedule& schedule, const Liveness& liveness) {
  std::vector<bool> convolution;
  convolution.reserve(schedule.ops.size());
  for (const Op& op : schedule.ops) convolution.push_back(is_convolution(op));
  std::vector<Crossing> crossings;
  for (TensorId tensor = 0; tensor < schedule.tensors.size(); ++tensor) {
    if (outlives_iteration(schedule.tensors[tensor].role)) continue;
    Crossing crossing;
    crossing.tensor = tensor;
    add_crossings(schedule, convolution, liveness.accesses(tensor), crossing, crossings);
  }
  return crossings;
}

std::vector<BackwardLayer> list_backward_layers(const Schedule& schedule,
                                                const std::vector<Crossing>& crossings) {
  std::vector<BackwardLayer> layers;
  std::vector<std::size_t> layer_of(schedule.ops.size(), 0);
  std::string name;
  std::size_t pass = 0;
  for (OpIndex op = 0; op < schedule.ops.size(); ++op) {
    if (forward(schedule, op)) continue;
    const bool pass_begins = op == 0 || forward(schedule, op - 1);
    if (pass_begins) ++pass;
    const bool update = schedule.ops[op].phase == Phase::update;
    if (pass_begins || (!update && backward_layer(schedule.ops[op]) != name)) {
      layers.push_back({op, pass, false, {}});
      name = backward_layer(schedule.ops[op]);
    }
    layer_of[op] = layers.size() - 1;
    if (!update && is_convolution(schedule.ops[op])) layers.back().convolution = true;
  }
  for (const Crossing& crossing : crossings) layers[layer_of[crossing.need]].needs.push_back(crossing.tensor);
  return layers;
}

void add_evictions(const std::vector<Crossing>& crossings, std::vector<Wish>& wishes) {
  for (const Crossing& crossing : crossings) {
    wishes.push_back({Wish::Kind::evict, crossing.release, crossing.tensor});
  }
}

}  // namespace octrain::advisor
