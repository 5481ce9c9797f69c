#include "octrain/layers/filler.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <thread>
#include <vector>

#include "octrain/runtime/random.h"

namespace octrain::layers {

namespace {

constexpr std::size_t kWords = 4;  // of one Philox block

double fan(std::size_t elements, std::span<const std::int64_t> dims, Filler::VarianceNorm norm) {
  const auto fan_without = [&](std::size_t i) {
    return static_cast<double>(elements) / (dims.size() > i ? static_cast<double>(dims[i]) : 1.0);
  };
  switch (norm) {
    case Filler::VarianceNorm::fan_in:
      return fan_without(0);
    case Filler::VarianceNorm::fan_out:
      return fan_without(1);
    case Filler::VarianceNorm::average:
      return (fan_without(0) + fan_without(1)) / 2;
  }
  return 1;
}

float unit_uniform(std::uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

// Box-Muller on two words: two normals.
void unit_normals(std::uint32_t a, std::uint32_t b, float* to) {
  const float radius = std::sqrt(-2 * std::log((static_cast<float>(a >> 8) + 1) * 0x1p-24f));
  const float angle = 2 * std::numbers::pi_v<float> * unit_uniform(b);
  to[0] = radius * std::cos(angle);
  to[1] = radius * std::sin(angle);
}

struct Distribution {
  bool normal = false;
  float offset = 0, factor = 1;  // value = offset + factor * unit value
};

Distribution distribution_of(const Filler& filler, double fan_size) {
  switch (filler.kind) {
    case Filler::Kind::constant:
      return {false, filler.value, 0};
    case Filler::Kind::gaussian:
      return {true, filler.mean, filler.stddev};
    case Filler::Kind::uniform:
      return {false, filler.min, filler.max - filler.min};
    case Filler::Kind::xavier: {
      const auto limit = static_cast<float>(std::sqrt(3 / fan_size));
      return {false, -limit, 2 * limit};
    }
    case Filler::Kind::msra:
      return {true, 0, static_cast<float>(std::sqrt(2 / fan_size))};
  }
  return {};
}

// Values [begin, end), begin a multiple of kWords: block i of the generator makes values 4 i to 4 i + 3.
void fill_range(std::span<float> values, std::size_t begin, std::size_t end, const Distribution& distribution,
                std::uint64_t key) {
  const runtime::Philox philox(key);
  for (std::size_t i = begin; i < end; i += kWords) {
    const auto words = philox(i / kWords);
    float units[kWords];
    if (distribution.normal) {
      unit_normals(words[0], words[1], units);
      unit_normals(words[2], words[3], units + 2);
    } else {
      std::transform(words.begin(), words.end(), units, unit_uniform);
    }
    const std::size_t count = std::min(kWords, end - i);
    for (std::size_t j = 0; j < count; ++j)
      values[i + j] = distribution.offset + distribution.factor * units[j];
  }
}

}  // namespace

void fill(std::span<float> values, std::span<const std::int64_t> dims, const Filler& filler,
          std::uint64_t key) {
  if (values.empty()) return;
  const Distribution distribution = distribution_of(filler, fan(values.size(), dims, filler.variance_norm));
  if (distribution.factor == 0) {
    std::fill(values.begin(), values.end(), distribution.offset);
    return;
  }
  constexpr std::size_t kFloatsPerThread = std::size_t{1} << 18;
  const std::size_t wanted = (values.size() + kFloatsPerThread - 1) / kFloatsPerThread;
  const std::size_t threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, wanted);
  const std::size_t share = (values.size() / threads / kWords + 1) * kWords;
  std::vector<std::jthread> workers;
  for (std::size_t begin = share; begin < values.size(); begin += share) {
    workers.emplace_back(fill_range, values, begin, std::min(values.size(), begin + share),
                         std::cref(distribution), key);
  }
  fill_range(values, 0, std::min(values.size(), share), distribution, key);
}

}  // namespace octrain::layers
