// Batches of a dataset, read and decoded by a thread of its own while the batch before is trained on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "octrain/layers/data_source.h"
#include "octrain/layers/dataset.h"

namespace octrain::layers {

/// value = (pixel - mean) * scale, a channel; one entry serves all channels.
struct Normalization {
  std::vector<float> mean, scale;
};

struct ReaderOptions {
  std::int64_t batch = 1;
  ImageShape output{};  ///< what the model wants; all 0: as the dataset's images are
  int crop_margin = 0;  ///< images are resized to this much more than `output` on either side, then cropped
                        ///< (centre in the test)
  bool mirror = false;  ///< half of the training images, chosen by counter
  std::optional<Normalization>
      normalization;  ///< default: measured, so that pixels get mean 0 and deviation 1
  std::uint64_t seed = 1;
};

/// Training batches: the images of all epochs in a row, each epoch in its own order (a function of seed and
/// epoch), cut every `batch` images; so no image is dropped at an epoch's end, and batch i is the same
/// whatever was read before.
class DataReader final : public DataSource {
 public:
  /// Throws runtime::UsageError for an output it cannot make, runtime::BadInput as the dataset does.
  DataReader(std::shared_ptr<const Dataset> dataset, const ReaderOptions& options);
  ~DataReader() override;

  int channels() const override;
  int height() const override;
  int width() const override;
  int classes() const override;
  std::int64_t size(Split split) const override;
  void begin_batch(Split split, std::uint64_t index) override;
  void fill_images(std::int64_t first, std::int64_t count, float* to) override;
  void fill_labels(std::int64_t first, std::int64_t count, float* to) override;

  [[nodiscard]] const Normalization& normalization() const;
  /// What the reader holds of images that wait, on the host.
  [[nodiscard]] std::uint64_t staging_bytes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Mean and deviation of each channel over training images spread evenly over the set.
[[nodiscard]] Normalization measure_normalization(const Dataset& dataset);

}  // namespace octrain::layers
