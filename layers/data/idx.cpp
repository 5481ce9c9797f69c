// MNIST, Fashion-MNIST and whatever else comes as pairs of IDX files.
#include <algorithm>
#include <optional>

#include "files.h"
#include "formats.h"
#include "octrain/layers/dataset.h"
#include "octrain/runtime/error.h"

namespace octrain::layers {
namespace {

/// "train-images-idx3-ubyte" as it is, unpacked by other tools (a dot before idx), and compressed.
std::optional<std::filesystem::path> find(const std::filesystem::path& directory, const std::string& stem,
                                          const std::string& kind) {
  for (const char* separator : {"-", "."})
    for (const char* suffix : {"-ubyte", "-ubyte.gz"}) {
      std::string name = stem;
      name.append(separator).append(kind).append(suffix);
      std::filesystem::path path = directory / name;
      if (std::filesystem::is_regular_file(path)) return path;
    }
  return {};
}

struct Part {
  ImageShape shape;
  std::vector<std::uint8_t> pixels, labels;
};

Part read_part(const std::filesystem::path& images, const std::filesystem::path& labels) {
  IdxArray pixels = read_idx(images), classes = read_idx(labels);
  if (pixels.dims.size() < 3) bad_file(images, "expected images (3 or 4 dimensions); is it the label file?");
  if (classes.dims.size() != 1) bad_file(labels, "expected labels (1 dimension); is it the image file?");
  if (pixels.dims[0] != classes.dims[0])
    bad_file(labels, "expected " + std::to_string(pixels.dims[0]) +
                         " labels, as many as there are images in " + images.filename().string() +
                         ", found " + std::to_string(classes.dims[0]));
  const auto side = [&](std::size_t from_end) {
    return static_cast<int>(pixels.dims[pixels.dims.size() - from_end]);
  };
  return {{pixels.dims.size() == 4 ? side(3) : 1, side(2), side(1)},
          std::move(pixels.values),
          std::move(classes.values)};
}

class IdxDataset final : public Dataset {
 public:
  IdxDataset(std::string name, Part train, Part test)
      : Dataset(std::move(name)), parts_{std::move(train), std::move(test)} {
    for (const Part& part : parts_)
      for (const std::uint8_t label : part.labels) classes_ = std::max(classes_, label + 1);
  }
  int classes() const override { return classes_; }
  ImageShape image_shape() const override { return parts_[0].shape; }
  std::int64_t size(Split split) const override { return std::ssize(part(split).labels); }
  void read(Split split, std::int64_t index, int, Image& into) const override {
    const Part& from = part(split);
    const std::size_t elements = from.shape.elements();
    into.shape = from.shape;
    into.label = from.labels[static_cast<std::size_t>(index)];
    into.pixels.assign(from.pixels.data() + static_cast<std::size_t>(index) * elements,
                       from.pixels.data() + static_cast<std::size_t>(index + 1) * elements);
  }

 private:
  [[nodiscard]] const Part& part(Split split) const { return parts_[split == Split::test]; }
  Part parts_[2];
  int classes_ = 1;
};

}  // namespace

bool looks_like_idx(const std::filesystem::path& directory) {
  return find(directory, "train-images", "idx3") || find(directory, "train-labels", "idx1");
}

std::unique_ptr<Dataset> open_idx(const std::filesystem::path& directory) {
  const auto part = [&](const std::string& prefix) {
    const auto images = find(directory, prefix + "-images", "idx3");
    const auto labels = find(directory, prefix + "-labels", "idx1");
    if (!images != !labels)
      bad_file(directory / (prefix + (images ? "-labels-idx1-ubyte" : "-images-idx3-ubyte")),
               "expected it (or the same with .gz) beside the other file of the pair");
    return images ? read_part(*images, *labels) : Part{};
  };
  Part train = part("train"), test = part("t10k");
  if (train.labels.empty()) bad_file(directory, "expected train-images-idx3-ubyte[.gz]");
  if (!test.labels.empty() && test.shape != train.shape)
    bad_file(directory, "the test images differ from the training images in size");
  return std::make_unique<IdxDataset>(directory.filename().string(), std::move(train), std::move(test));
}

}  // namespace octrain::layers
