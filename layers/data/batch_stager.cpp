#include "batch_stager.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "octrain/runtime/error.h"
#include "octrain/runtime/random.h"

namespace octrain::layers {
namespace {

enum Stream : std::uint64_t { kOrder = 0x0DE2, kAugmentation };

ImageShape choose_stored_shape(const Dataset& dataset, const ReaderOptions& options) {
  const ImageShape image = dataset.image_shape(), output = options.output;
  if (image.channels != output.channels && image.channels != 1 &&
      !(image.channels == 3 && output.channels == 1))
    throw runtime::UsageError("the model wants " + std::to_string(output.channels) +
                              " channels, but the data have " + std::to_string(image.channels));
  const int channels = std::min(image.channels, output.channels);
  if (image.height != 0) return {channels, image.height, image.width};
  return {channels, output.height + options.crop_margin, output.width + options.crop_margin};
}

/// ITU-R BT.601, in 8-bit arithmetic.
void to_grey(const Image& image, std::vector<std::uint8_t>& grey) {
  const std::size_t plane = image.pixels.size() / 3;
  grey.resize(plane);
  for (std::size_t i = 0; i < plane; ++i)
    grey[i] = static_cast<std::uint8_t>(
        (77 * image.pixels[i] + 150 * image.pixels[plane + i] + 29 * image.pixels[2 * plane + i]) >> 8);
}

}  // namespace

BatchStager::BatchStager(std::shared_ptr<const Dataset> dataset, const ReaderOptions& options)
    : dataset_(std::move(dataset)), options_(options), stored_(choose_stored_shape(*dataset_, options)) {}

void BatchStager::stage(const BatchKey& key, StagedBatch& into) {
  into.key.reset();
  const auto batch = static_cast<std::uint64_t>(options_.batch);
  const auto size = static_cast<std::uint64_t>(dataset_->size(key.split));
  into.pixels.resize(batch * stored_.elements());
  into.labels.assign(batch, -1);
  into.placements.assign(batch, {});
  for (std::uint64_t i = 0; i < batch; ++i) {
    const std::uint64_t position = key.index * batch + i;
    std::uint64_t image = position;
    if (key.split == Split::train) {
      const std::uint64_t order =
          runtime::mix_keys(runtime::mix_keys(options_.seed, kOrder), position / size);
      image = Permutation(order, size)(position % size);
    } else if (position >= size) {
      break;
    }
    const int least_side = std::max(stored_.height, stored_.width);
    dataset_->read(key.split, static_cast<std::int64_t>(image), least_side, image_);
    stage_image(image_, into.pixels.data() + i * stored_.elements());
    into.labels[i] = image_.label;
    into.placements[i] = place(key, position);
  }
  into.key = key;
}

void BatchStager::stage_image(const Image& image, std::uint8_t* to) {
  const bool fits = image.shape.height == stored_.height && image.shape.width == stored_.width;
  if (!fits) return fit(image, to);
  if (image.shape.channels == stored_.channels) {
    std::copy(image.pixels.begin(), image.pixels.end(), to);
  } else {
    to_grey(image, grey_);
    std::copy(grey_.begin(), grey_.end(), to);
  }
}

void BatchStager::fit(const Image& image, std::uint8_t* to) {
  const auto [channels, height, width] = image.shape;
  const double scale =
      std::min(static_cast<double>(height) / stored_.height, static_cast<double>(width) / stored_.width);
  const double part_height = scale * stored_.height, part_width = scale * stored_.width;
  const Axis rows = make_axis(height, (height - part_height) / 2, part_height, stored_.height);
  const Axis columns = make_axis(width, (width - part_width) / 2, part_width, stored_.width);
  const std::uint8_t* plane = image.pixels.data();
  if (channels != stored_.channels) {
    to_grey(image, grey_);
    plane = grey_.data();
  }
  plane_.resize(static_cast<std::size_t>(stored_.height) * static_cast<std::size_t>(stored_.width));
  for (int c = 0; c < stored_.channels; ++c, plane += static_cast<std::ptrdiff_t>(height) * width) {
    resampler_.run(plane, width, {&rows, 0, stored_.height}, {&columns, 0, stored_.width}, 0, 1,
                   plane_.data());
    to = std::transform(plane_.begin(), plane_.end(), to,
                        [](float value) { return static_cast<std::uint8_t>(std::lround(value)); });
  }
}

Placement BatchStager::place(const BatchKey& key, std::uint64_t position) const {
  const int margin = options_.crop_margin;
  if (key.split == Split::test) return {margin / 2, margin / 2, false};
  const auto words = runtime::Philox(runtime::mix_keys(options_.seed, kAugmentation))(position);
  const auto places = static_cast<std::uint32_t>(margin) + 1;
  return {static_cast<int>(words[0] % places), static_cast<int>(words[1] % places),
          options_.mirror && words[2] % 2 == 1};
}

}  // namespace octrain::layers
