// Random training iterations, seeded: layers in slabs with skips, saved side results, in-place layers,
// weights that are updated behind their backward ops.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "support/schedule_builder.h"

namespace octrain::testing {

class RandomTraining {
 public:
  explicit RandomTraining(std::uint32_t seed) : random_(seed) {}

  advisor::Schedule make(std::uint32_t most_layers = 12, std::uint32_t most_slabs = 3) {
    slabs_ = 1 + below(most_slabs);
    const std::uint32_t layers = 2 + below(most_layers - 1);
    blobs_.push_back(blob(advisor::Role::input));
    for (std::uint32_t i = 0; i < layers; ++i) forward();
    for (std::size_t i = layers_.size(); i-- > 0;) backward(layers_[i], i + 1 == layers_.size());
    return builder_.schedule();
  }

  /// Uniform in [0, end).
  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(random_() % end); }

 private:
  using Ids = std::vector<advisor::TensorId>;
  struct Blob {
    Ids slabs, gradients;
    bool has_gradient = false;
  };
  struct Layer {
    std::vector<std::size_t> bottoms;
    std::size_t top = 0;
    Ids weight, saved;  // a weight and its gradient, or nothing; a saved tensor a slab, or nothing
    bool reads_bottom = false, reads_top = false;
    std::uint64_t ns = 0;
  };

  std::uint64_t bytes() { return 1 + below(below(4) == 0 ? 40 : 8); }

  Blob blob(advisor::Role role) {
    Blob made;
    const std::uint64_t size = bytes();
    for (std::uint32_t s = 0; s < slabs_; ++s) made.slabs.push_back(builder_.tensor(role, size));
    for (std::uint32_t s = 0; s < slabs_; ++s)
      made.gradients.push_back(builder_.tensor(advisor::Role::gradient, size));
    return made;
  }

  void forward() {
    Layer layer;
    layer.bottoms = {blobs_.size() - 1};
    if (blobs_.size() > 2 && below(3) == 0) {
      const std::size_t other = 1 + below(static_cast<std::uint32_t>(blobs_.size() - 2));
      layer.bottoms.push_back(other);
    }
    const bool in_place = blobs_.size() > 1 && layer.bottoms.size() == 1 && below(6) == 0;
    layer.ns = 1 + below(below(2) == 0 ? 100 : 10);
    layer.reads_bottom = below(2) == 0;
    layer.reads_top = below(3) == 0;
    if (below(2) == 0) {
      const std::uint64_t size = bytes();
      layer.weight = {builder_.tensor(advisor::Role::weight, size),
                      builder_.tensor(advisor::Role::gradient, size)};
    }
    if (in_place) {
      layer.top = layer.bottoms[0];
    } else {
      layer.top = blobs_.size();
      blobs_.push_back(blob(advisor::Role::activation));
      if (below(4) == 0) {
        for (std::uint32_t s = 0; s < slabs_; ++s)
          layer.saved.push_back(builder_.tensor(advisor::Role::activation, bytes()));
      }
    }
    for (std::uint32_t s = 0; s < slabs_; ++s) {
      Ids reads, writes = {blobs_[layer.top].slabs[s]};
      for (const std::size_t b : layer.bottoms) add(reads, blobs_[b].slabs[s]);
      if (!layer.weight.empty()) add(reads, layer.weight[0]);
      if (!layer.saved.empty()) add(writes, layer.saved[s]);
      builder_.op(reads, writes, layer.ns, below(4) == 0 ? below(10) : 0);
    }
    layers_.push_back(layer);
  }

  void backward(const Layer& layer, bool last) {
    for (std::uint32_t s = 0; s < slabs_; ++s) {
      Ids reads, writes;
      if (last || layer.reads_top) add(reads, blobs_[layer.top].slabs[s]);
      if (blobs_[layer.top].has_gradient) add(reads, blobs_[layer.top].gradients[s]);
      if (layer.reads_bottom) {
        for (const std::size_t b : layer.bottoms) add(reads, blobs_[b].slabs[s]);
      }
      if (!layer.saved.empty()) add(reads, layer.saved[s]);
      for (const std::size_t b : layer.bottoms) {
        if (b == 0) continue;
        if (blobs_[b].has_gradient) add(reads, blobs_[b].gradients[s]);
        add(writes, blobs_[b].gradients[s]);
      }
      if (!layer.weight.empty()) {
        add(reads, layer.weight[0]);
        if (s > 0) add(reads, layer.weight[1]);
        add(writes, layer.weight[1]);
      }
      builder_.op(reads, writes, 2 * layer.ns, below(4) == 0 ? below(10) : 0, advisor::Phase::backward);
    }
    for (const std::size_t b : layer.bottoms) blobs_[b].has_gradient = true;
    if (layer.weight.empty()) return;
    builder_.op({layer.weight[0], layer.weight[1]}, {layer.weight[0]}, 1, 0, advisor::Phase::update);
  }

  static void add(Ids& ids, advisor::TensorId id) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }

  std::mt19937 random_;
  ScheduleBuilder builder_;
  std::uint32_t slabs_ = 1;
  std::vector<Blob> blobs_;
  std::vector<Layer> layers_;
};

[[nodiscard]] inline advisor::Schedule random_training(std::uint32_t seed) {
  return RandomTraining(seed).make();
}

}  // namespace octrain::testing
