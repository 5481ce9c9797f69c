// Where batches come from. A source is positioned by iteration, never by how often it was read: iteration i
// yields the same images on every run of one seed, so that a resumed run continues bit for bit.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace octrain::layers {

enum class Split { train, test };

class DataSource {
 public:
  virtual ~DataSource() = default;
  /// Channels, height and width of one image as fill() writes it (after resizing and cropping).
  virtual int channels() const = 0;
  virtual int height() const = 0;
  virtual int width() const = 0;
  virtual int classes() const = 0;
  /// Images in the split; 0 when there is none (no test set).
  virtual std::int64_t size(Split split) const = 0;
  /// Makes batch `index` of the split current; waits for the reading thread. Training batches follow a
  /// permutation of the set for each epoch, a function of seed and epoch alone. Test batches are in file
  /// order; past the end labels are -1, images zero.
  virtual void begin_batch(Split split, std::uint64_t index) = 0;
  /// Writes `count` images of the current batch, from image `first` on: floats, plain (n, c, h, w). Called
  /// from the compute thread, may use its own threads; any order of `first`.
  virtual void fill_images(std::int64_t first, std::int64_t count, float* to) = 0;
  virtual void fill_labels(std::int64_t first, std::int64_t count, float* to) = 0;
};

}  // namespace octrain::layers
