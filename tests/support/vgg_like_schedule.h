// A schedule shaped like vgg16's: convolutions over slabs of whole images, weights updated right behind each
// layer's backward. At 512 images it needs about 60 GiB and 380 s.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "octrain/advisor/schedule.h"

namespace octrain::testing {

class VggLikeSchedule {
 public:
  explicit VggLikeSchedule(std::uint64_t images) : images_(images) {}

  advisor::Schedule make() {
    struct Layer {
      std::uint64_t channels, side;
      bool pool;
    };
    constexpr std::array<Layer, 13> kLayers = {{{64, 224, false},
                                                {64, 224, true},
                                                {128, 112, false},
                                                {128, 112, true},
                                                {256, 56, false},
                                                {256, 56, false},
                                                {256, 56, true},
                                                {512, 28, false},
                                                {512, 28, false},
                                                {512, 28, true},
                                                {512, 14, false},
                                                {512, 14, false},
                                                {512, 14, true}}};
    Slabs top = activation("data", advisor::Role::input, std::uint64_t{3} * 224 * 224 * 4);
    std::uint64_t channels = 3;
    for (const Layer& layer : kLayers) {
      const std::string name = "conv" + std::to_string(stages_.size());
      const std::uint64_t pixels = layer.side * layer.side;
      const double flops = 2.0 * 9 * static_cast<double>(channels * layer.channels * pixels);
      top = stage(name, top, layer.channels * pixels * 4, channels * layer.channels * 9 * 4, flops);
      if (layer.pool) top = stage(name + "_pool", top, layer.channels * pixels, 0, 1e6);
      channels = layer.channels;
    }
    top = stage("fc6", top, 4096 * 4, std::uint64_t{25088} * 4096 * 4, 2.0 * 25088 * 4096);
    top = stage("fc7", top, 4096 * 4, std::uint64_t{4096} * 4096 * 4, 2.0 * 4096 * 4096);
    top = stage("fc8", top, 1000 * 4, std::uint64_t{4096} * 1000 * 4, 2.0 * 4096 * 1000);
    backward(top);
    return std::move(schedule_);
  }

 private:
  struct Slabs {
    std::uint64_t image_bytes = 0;
    std::uint64_t images = 0;  // in one slab
    std::vector<advisor::TensorId> ids;
  };
  struct Stage {
    std::string name;
    Slabs bottom, top;
    double flops = 0;
    std::vector<advisor::TensorId> parameters;  // weight, momentum
  };

  static constexpr std::uint64_t kBlock = std::uint64_t{2} << 20;
  static constexpr std::uint64_t kSlabBytes = std::uint64_t{100} << 20;

  static std::uint64_t blocks(std::uint64_t bytes) { return (bytes + kBlock - 1) / kBlock * kBlock; }

  advisor::TensorId tensor(const std::string& name, advisor::Role role, std::uint64_t bytes) {
    schedule_.tensors.push_back({name, role, blocks(bytes)});
    return static_cast<advisor::TensorId>(schedule_.tensors.size() - 1);
  }

  Slabs activation(const std::string& name, advisor::Role role, std::uint64_t image_bytes) {
    Slabs slabs{image_bytes, std::min(images_, std::max<std::uint64_t>(1, kSlabBytes / image_bytes)), {}};
    for (std::uint64_t first = 0; first < images_; first += slabs.images) {
      const std::uint64_t count = std::min(slabs.images, images_ - first);
      slabs.ids.push_back(tensor(name + "/" + std::to_string(slabs.ids.size()), role, count * image_bytes));
    }
    return slabs;
  }

  void op(const std::string& name, advisor::Phase phase, double seconds, std::vector<advisor::TensorId> reads,
          std::vector<advisor::TensorId> writes) {
    const std::uint64_t workspace = phase == advisor::Phase::update ? 0 : std::uint64_t{32} << 20;
    schedule_.ops.push_back({name, phase, static_cast<std::uint64_t>(seconds * 1e9), workspace,
                             std::move(reads), std::move(writes)});
  }

  /// Slab by slab of whichever side is cut finer; calls `run(bottom slabs, top slabs, share of the images)`.
  template <typename Run>
  void by_slab(const Slabs& bottom, const Slabs& top, const Run& run) const {
    const std::uint64_t step = std::min(bottom.images, top.images);
    for (std::uint64_t first = 0; first < images_; first += step) {
      const std::uint64_t last = std::min(first + step, images_) - 1;
      const auto cover = [&](const Slabs& slabs) {
        return std::vector(slabs.ids.begin() + static_cast<std::ptrdiff_t>(first / slabs.images),
                           slabs.ids.begin() + static_cast<std::ptrdiff_t>(last / slabs.images + 1));
      };
      run(cover(bottom), cover(top), static_cast<double>(last + 1 - first), first);
    }
  }

  Slabs stage(const std::string& name, const Slabs& bottom, std::uint64_t top_image_bytes,
              std::uint64_t weight_bytes, double flops) {
    Stage entry{name, bottom, activation(name, advisor::Role::activation, top_image_bytes), flops, {}};
    if (weight_bytes > 0) {
      entry.parameters.push_back(tensor(name + ".weight", advisor::Role::weight, weight_bytes));
      entry.parameters.push_back(tensor(name + ".momentum", advisor::Role::state, weight_bytes));
    }
    by_slab(entry.bottom, entry.top,
            [&](const auto& from, const auto& to, double count, std::uint64_t first) {
              std::vector<advisor::TensorId> reads = from;
              if (weight_bytes > 0) reads.push_back(entry.parameters[0]);
              if (first % entry.top.images != 0)
                reads.insert(reads.end(), to.begin(), to.end());  // another part of a slab
              op(name, advisor::Phase::forward, count * flops / kFlopsPerSecond, reads, to);
            });
    stages_.push_back(entry);
    return entry.top;
  }

  void backward(const Slabs& top) {
    Slabs above = gradient(top, stages_.back().name);
    op("loss", advisor::Phase::backward, 0.01, top.ids, above.ids);
    for (std::size_t i = stages_.size(); i-- > 0;) {
      const Stage& s = stages_[i];
      const Slabs below = i == 0 ? Slabs{} : gradient(s.bottom, stages_[i - 1].name);
      std::vector<advisor::TensorId> weight_gradient;
      if (!s.parameters.empty()) {
        const std::uint64_t bytes = schedule_.tensors[s.parameters[0]].bytes;
        weight_gradient.push_back(tensor(s.name + ".gradient", advisor::Role::gradient, bytes));
      }
      backward_stage(s, above, below, weight_gradient);
      if (!s.parameters.empty()) {
        std::vector<advisor::TensorId> reads = s.parameters;
        reads.push_back(weight_gradient[0]);
        op(s.name, advisor::Phase::update, 0.01, reads, s.parameters);
      }
      above = below;
    }
  }

  Slabs gradient(const Slabs& of, const std::string& name) {
    Slabs slabs = of;
    for (advisor::TensorId& id : slabs.ids) {
      id = tensor(name + ".diff", advisor::Role::gradient, schedule_.tensors[id].bytes);
    }
    return slabs;
  }

  void backward_stage(const Stage& s, const Slabs& above, const Slabs& below,
                      const std::vector<advisor::TensorId>& weight_gradient) {
    by_slab(s.bottom, s.top, [&](const auto& from, const auto& to, double count, std::uint64_t first) {
      std::vector<advisor::TensorId> reads = from;
      reads.insert(reads.end(), to.begin(), to.end());
      for (const advisor::TensorId id : to) reads.push_back(matching(s.top, above, id));
      std::vector<advisor::TensorId> writes = weight_gradient;
      if (!weight_gradient.empty()) {
        reads.push_back(s.parameters[0]);
        if (first > 0) reads.push_back(weight_gradient[0]);  // accumulates
      }
      for (const advisor::TensorId id : from) {
        if (below.ids.empty()) break;
        writes.push_back(matching(s.bottom, below, id));
        if (first % s.bottom.images != 0) reads.push_back(writes.back());
      }
      op(s.name, advisor::Phase::backward, 2 * count * s.flops / kFlopsPerSecond, reads, writes);
    });
  }

  static advisor::TensorId matching(const Slabs& from, const Slabs& to, advisor::TensorId id) {
    return to
        .ids[static_cast<std::size_t>(std::find(from.ids.begin(), from.ids.end(), id) - from.ids.begin())];
  }

  static constexpr double kFlopsPerSecond = 120e9;

  std::uint64_t images_;
  advisor::Schedule schedule_;
  std::vector<Stage> stages_;
};

[[nodiscard]] inline advisor::Schedule vgg_like_schedule(std::uint64_t images) {
  return VggLikeSchedule(images).make();
}

}  // namespace octrain::testing
