// Sets of labelled images, as they are stored: 8 bits a channel. data_reader.h makes batches of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "octrain/layers/data_source.h"

namespace octrain::layers {

struct ImageShape {
  int channels = 0, height = 0, width = 0;
  [[nodiscard]] std::size_t elements() const {
    return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) *
           static_cast<std::size_t>(width);
  }
  friend bool operator==(const ImageShape&, const ImageShape&) = default;
};

struct Image {
  ImageShape shape;
  std::vector<std::uint8_t> pixels;  ///< channel, row, column
  int label = -1;
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;

  [[nodiscard]] virtual int classes() const = 0;
  /// Every image's shape; height and width are 0 where they differ from image to image.
  [[nodiscard]] virtual ImageShape image_shape() const = 0;
  [[nodiscard]] virtual std::int64_t size(Split split) const = 0;
  /// Any thread; `into` keeps its memory from call to call. Images of differing size may come smaller than
  /// they are stored (decoders scale by powers of two cheaply), but not below `least_side` on either side
  /// unless they are stored so. Throws runtime::BadInput naming the file.
  virtual void read(Split split, std::int64_t index, int least_side, Image& into) const = 0;
  /// "Fashion-MNIST: 60000 + 10000 images of 1x28x28, 10 classes", for logs.
  [[nodiscard]] std::string summary() const;

 protected:
  explicit Dataset(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

/// Images made on the fly: each class has a pattern of its own, under noise; a function of seed and index
/// alone.
struct SyntheticSpec {
  ImageShape shape{3, 224, 224};
  int classes = 1000;
  std::int64_t train_images = 1'281'167, test_images = 50'000;  // as ImageNet has
  std::uint64_t seed = 1;
};
[[nodiscard]] std::unique_ptr<Dataset> make_synthetic(const SyntheticSpec& spec);

/// `directory` holds train-images-idx3-ubyte, train-labels-idx1-ubyte and, if there is a test set, t10k-…;
/// each also as .gz.
[[nodiscard]] std::unique_ptr<Dataset> open_idx(const std::filesystem::path& directory);
/// `directory` holds data_batch_1.bin … data_batch_5.bin and test_batch.bin.
[[nodiscard]] std::unique_ptr<Dataset> open_cifar10(const std::filesystem::path& directory);
/// A subdirectory of JPEGs for each class, or train/ and test/ or val/ of such; classes are numbered by name.
[[nodiscard]] std::unique_ptr<Dataset> open_image_folder(const std::filesystem::path& directory);

/// "synthetic" (as `synthetic` says), "fashion-mnist" (Debian's package), or a directory in one of the forms
/// above, told by its contents. Throws runtime::BadInput that says what was looked for.
[[nodiscard]] std::unique_ptr<Dataset> open_dataset(const std::string& name_or_path,
                                                    const SyntheticSpec& synthetic = {});

}  // namespace octrain::layers
