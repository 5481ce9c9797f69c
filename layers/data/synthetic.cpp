// Images made on the fly, cheap enough to feed any net: a coarse pattern for each class, under noise from a
// table that every row of pixels enters at a place of its own. Sums stay within 8 bits, so a row is one pass
// of byte additions.
#include <utility>

#include "octrain/layers/dataset.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/random.h"

namespace octrain::layers {
namespace {

constexpr int kCells = 8;  ///< a pattern is kCells x kCells a channel
constexpr int kMiddle = 128, kPatternAmplitude = 40, kNoiseAmplitude = 80;
static_assert(kPatternAmplitude + kNoiseAmplitude < kMiddle);
constexpr std::size_t kNoiseBytes = 1 << 16;
constexpr int kMostSide = 16384;
enum Stream : std::uint64_t { kPatterns, kNoise, kTrainLabels, kTestLabels };

/// Bytes uniform in middle ± amplitude, modulo 256.
std::vector<std::uint8_t> random_bytes(std::uint64_t key, std::size_t count, int middle, int amplitude) {
  const runtime::Philox philox(key);
  std::vector<std::uint8_t> bytes(count);
  for (std::size_t i = 0; i < count; i += 4) {
    const auto words = philox(i / 4);
    for (std::size_t k = 0; k < 4 && i + k < count; ++k)
      bytes[i + k] = static_cast<std::uint8_t>(
          middle - amplitude + static_cast<int>(words[k] % static_cast<std::uint32_t>(2 * amplitude + 1)));
  }
  return bytes;
}

class Synthetic final : public Dataset {
 public:
  explicit Synthetic(const SyntheticSpec& spec)
      : Dataset("synthetic"),
        spec_(spec),
        patterns_(random_bytes(runtime::mix_keys(spec.seed, kPatterns),
                               static_cast<std::size_t>(spec.classes) * pattern_bytes(), kMiddle,
                               kPatternAmplitude)),
        noise_(random_bytes(runtime::mix_keys(spec.seed, kNoise),
                            kNoiseBytes + static_cast<std::size_t>(spec.shape.width), 0, kNoiseAmplitude)) {}
  int classes() const override { return spec_.classes; }
  ImageShape image_shape() const override { return spec_.shape; }
  std::int64_t size(Split split) const override {
    return split == Split::train ? spec_.train_images : spec_.test_images;
  }
  void read(Split split, std::int64_t index, int, Image& into) const override {
    const std::uint64_t stream = split == Split::train ? kTrainLabels : kTestLabels;
    const std::uint64_t key =
        runtime::mix_keys(runtime::mix_keys(spec_.seed, stream), static_cast<std::uint64_t>(index));
    into.shape = spec_.shape;
    into.label = static_cast<int>(key % static_cast<std::uint64_t>(spec_.classes));
    into.pixels.resize(spec_.shape.elements());
    draw(patterns_.data() + static_cast<std::size_t>(into.label) * pattern_bytes(), key, into.pixels.data());
  }

 private:
  [[nodiscard]] std::size_t pattern_bytes() const {
    return static_cast<std::size_t>(spec_.shape.channels) * kCells * kCells;
  }

  void draw(const std::uint8_t* pattern, std::uint64_t key, std::uint8_t* to) const {
    const auto [channels, height, width] = spec_.shape;
    std::vector<std::uint8_t> flat(static_cast<std::size_t>(width));  // a row of the pattern without noise
    std::uint64_t row = 0;
    for (int c = 0; c < channels; ++c) {
      for (int y = 0, drawn = -1; y < height; ++y, ++row, to += width) {
        const int cell_row = y * kCells / height;
        const std::uint8_t* cells = pattern + (c * kCells + cell_row) * kCells;
        if (cell_row != std::exchange(drawn, cell_row))
          for (int x = 0; x < width; ++x) flat[static_cast<std::size_t>(x)] = cells[x * kCells / width];
        const std::uint8_t* noise = noise_.data() + runtime::mix_keys(key, row) % kNoiseBytes;
        for (int x = 0; x < width; ++x)
          to[x] = static_cast<std::uint8_t>(flat[static_cast<std::size_t>(x)] + noise[x]);
      }
    }
  }

  SyntheticSpec spec_;
  std::vector<std::uint8_t> patterns_, noise_;
};

}  // namespace

std::unique_ptr<Dataset> make_synthetic(const SyntheticSpec& spec) {
  const auto [channels, height, width] = spec.shape;
  const auto in_range = [](std::int64_t value, std::int64_t most) { return value >= 1 && value <= most; };
  if (!in_range(channels, 1024) || !in_range(height, kMostSide) || !in_range(width, kMostSide) ||
      !in_range(spec.classes, 1'000'000) || spec.train_images < 1 || spec.test_images < 0)
    throw runtime::UsageError(
        "synthetic data: channels, sides, classes and images must be at least 1, sides at most " +
        std::to_string(kMostSide));
  return std::make_unique<Synthetic>(spec);
}

}  // namespace octrain::layers
