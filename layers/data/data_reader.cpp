#include "octrain/layers/data_reader.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "batch_stager.h"
#include "octrain/runtime/error.h"

namespace octrain::layers {
namespace {

constexpr std::int64_t kMeasuredImages = 256;

ReaderOptions complete(ReaderOptions options, const Dataset& dataset) {
  if (options.batch < 1) throw runtime::UsageError("the batch must hold at least one image");
  if (dataset.size(Split::train) < 1) throw runtime::UsageError("the data have no training images");
  if (options.output == ImageShape{}) options.output = dataset.image_shape();
  const auto [channels, height, width] = options.output;
  if (channels < 1 || height < 1 || width < 1)
    throw runtime::UsageError(
        "the data's images differ in size: the model must say what size it wants (--input-size)");
  if (options.crop_margin < 0) throw runtime::UsageError("the crop margin must not be negative");
  return options;
}

}  // namespace

/// Owns two staged batches: the current one, which the compute thread reads, and the next, which the reading
/// thread writes. They change hands only while the reading thread is idle.
class DataReader::Impl {
 public:
  Impl(std::shared_ptr<const Dataset> dataset, const ReaderOptions& options)
      : dataset_(std::move(dataset)),
        options_(complete(options, *dataset_)),
        stager_(dataset_, options_),
        normalization_(options.normalization ? *options.normalization : measure_normalization(*dataset_)),
        rows_(whole_axis(stager_.stored_shape().height, options_.output.height)),
        columns_(whole_axis(stager_.stored_shape().width, options_.output.width)),
        thread_([this](const std::stop_token& stop) { read_on_request(stop); }) {}

  void begin_batch(const BatchKey& key) {
    std::unique_lock lock(mutex_);
    if (current_.key == key) return;
    idle_.wait(lock, [this] { return !request_; });
    if (requested_ != key) {
      request(key);
      idle_.wait(lock, [this] { return !request_; });
    }
    requested_.reset();
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    std::swap(current_, next_);
    const BatchKey following{key.split, key.index + 1};
    if (key.split == Split::train || following.index * static_cast<std::uint64_t>(options_.batch) <
                                         static_cast<std::uint64_t>(size(key.split)))
      request(following);
  }

  void fill_images(std::int64_t first, std::int64_t count, float* to) {
    const ImageShape& output = options_.output;
    for (std::int64_t i = first; i < first + count; ++i, to += output.elements()) {
      if (current_.labels[static_cast<std::size_t>(i)] < 0)
        std::fill_n(to, output.elements(), 0.0f);
      else
        fill_image(static_cast<std::size_t>(i), to);
    }
  }

  void fill_labels(std::int64_t first, std::int64_t count, float* to) const {
    for (std::int64_t i = first; i < first + count; ++i)
      *to++ = static_cast<float>(current_.labels[static_cast<std::size_t>(i)]);
  }

  [[nodiscard]] const ImageShape& output() const { return options_.output; }
  [[nodiscard]] int classes() const { return dataset_->classes(); }
  [[nodiscard]] std::int64_t size(Split split) const { return dataset_->size(split); }
  [[nodiscard]] const Normalization& normalization() const { return normalization_; }
  [[nodiscard]] std::uint64_t staging_bytes() const {
    return 2 * static_cast<std::uint64_t>(options_.batch) * stager_.stored_shape().elements();
  }

 private:
  [[nodiscard]] Axis whole_axis(int in, int out) const {
    return make_axis(in, 0, in, out + options_.crop_margin);
  }

  void request(const BatchKey& key) {
    requested_ = request_ = key;
    wake_.notify_one();
  }

  void read_on_request(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (wake_.wait(lock, stop, [this] { return request_.has_value(); })) {
      const BatchKey key = *request_;
      lock.unlock();
      std::exception_ptr error;
      try {
        stager_.stage(key, next_);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      error_ = error;
      request_.reset();
      idle_.notify_one();
    }
  }

  /// A value that the user may give once for all channels.
  static float of_channel(const std::vector<float>& values, int channel) {
    return values[std::min(static_cast<std::size_t>(channel), values.size() - 1)];
  }

  void fill_image(std::size_t image, float* to) {
    const ImageShape& stored = stager_.stored_shape();
    const auto [channels, height, width] = options_.output;
    const Placement& place = current_.placements[image];
    const std::uint8_t* plane = current_.pixels.data() + image * stored.elements();
    const std::ptrdiff_t out_plane = static_cast<std::ptrdiff_t>(height) * width;
    for (int c = 0; c < channels; ++c, to += out_plane) {
      if (c >= stored.channels) {  // grey for a model that wants colours
        std::copy_n(to - out_plane, out_plane, to);
        continue;
      }
      resampler_.run(plane, stored.width, {&rows_, place.top, height},
                     {&columns_, place.left, width, place.mirrored}, of_channel(normalization_.mean, c),
                     of_channel(normalization_.scale, c), to);
      plane += static_cast<std::ptrdiff_t>(stored.height) * stored.width;
    }
  }

  std::shared_ptr<const Dataset> dataset_;
  ReaderOptions options_;
  BatchStager stager_;
  Normalization normalization_;
  Axis rows_, columns_;
  Resampler resampler_;
  StagedBatch current_, next_;

  std::mutex mutex_;
  std::condition_variable_any wake_, idle_;
  std::optional<BatchKey> request_;    ///< being read; nothing when the thread is idle
  std::optional<BatchKey> requested_;  ///< what next_ (or error_) is the answer to
  std::exception_ptr error_;
  std::jthread thread_;  // last: it uses all of the above
};

DataReader::DataReader(std::shared_ptr<const Dataset> dataset, const ReaderOptions& options)
    : impl_(std::make_unique<Impl>(std::move(dataset), options)) {}
DataReader::~DataReader() = default;

int DataReader::channels() const { return impl_->output().channels; }
int DataReader::height() const { return impl_->output().height; }
int DataReader::width() const { return impl_->output().width; }
int DataReader::classes() const { return impl_->classes(); }
std::int64_t DataReader::size(Split split) const { return impl_->size(split); }
void DataReader::begin_batch(Split split, std::uint64_t index) { impl_->begin_batch({split, index}); }
void DataReader::fill_images(std::int64_t first, std::int64_t count, float* to) {
  impl_->fill_images(first, count, to);
}
void DataReader::fill_labels(std::int64_t first, std::int64_t count, float* to) {
  impl_->fill_labels(first, count, to);
}
const Normalization& DataReader::normalization() const { return impl_->normalization(); }
std::uint64_t DataReader::staging_bytes() const { return impl_->staging_bytes(); }

Normalization measure_normalization(const Dataset& dataset) {
  const auto channels = static_cast<std::size_t>(dataset.image_shape().channels);
  std::vector<double> sums(channels), squares(channels);
  double pixels = 0;  // of one channel
  const std::int64_t size = dataset.size(Split::train), sample = std::min(size, kMeasuredImages);
  Image image;
  for (std::int64_t i = 0; i < sample; ++i) {
    dataset.read(Split::train, i * size / sample, 64, image);
    const std::size_t plane = image.pixels.size() / channels;
    for (std::size_t c = 0; c < channels; ++c) {
      std::uint64_t sum = 0, square = 0;
      for (std::size_t k = c * plane; k < (c + 1) * plane; ++k) {
        const std::uint64_t value = image.pixels[k];
        sum += value;
        square += value * value;
      }
      sums[c] += static_cast<double>(sum);
      squares[c] += static_cast<double>(square);
    }
    pixels += static_cast<double>(plane);
  }
  Normalization result;
  for (std::size_t c = 0; c < channels; ++c) {
    const double mean = sums[c] / pixels, variance = squares[c] / pixels - mean * mean;
    result.mean.push_back(static_cast<float>(mean));
    result.scale.push_back(static_cast<float>(1 / std::max(std::sqrt(std::max(variance, 0.0)), 1.0)));
  }
  return result;
}

}  // namespace octrain::layers
