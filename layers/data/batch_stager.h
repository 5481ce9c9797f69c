// Which images a batch holds, and their pixels as they wait for the compute thread: 8 bits each, all of one
// shape.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "octrain/layers/data_reader.h"
#include "permutation.h"
#include "resample.h"

namespace octrain::layers {

struct BatchKey {
  Split split = Split::train;
  std::uint64_t index = 0;
  friend bool operator==(const BatchKey&, const BatchKey&) = default;
};

/// Where the crop lies in the resized image, and whether it is mirrored.
struct Placement {
  int top = 0, left = 0;
  bool mirrored = false;
};

struct StagedBatch {
  std::optional<BatchKey> key;
  std::vector<std::uint8_t> pixels;
  std::vector<int> labels;  ///< -1: past the end of the test split, no image
  std::vector<Placement> placements;
};

/// Reads batches from the dataset. A batch is a function of its key.
class BatchStager {
 public:
  BatchStager(std::shared_ptr<const Dataset> dataset, const ReaderOptions& options);

  /// The shape in which images wait: the dataset's, or where sizes differ that of the image before cropping.
  [[nodiscard]] const ImageShape& stored_shape() const { return stored_; }
  void stage(const BatchKey& key, StagedBatch& into);

 private:
  void stage_image(const Image& image, std::uint8_t* to);
  /// The largest centred part of the image that has the stored shape's proportions, resized to it.
  void fit(const Image& image, std::uint8_t* to);
  [[nodiscard]] Placement place(const BatchKey& key, std::uint64_t position) const;

  std::shared_ptr<const Dataset> dataset_;
  ReaderOptions options_;
  ImageShape stored_;
  Image image_;
  std::vector<std::uint8_t> grey_;
  std::vector<float> plane_;
  Resampler resampler_;
};

}  // namespace octrain::layers
