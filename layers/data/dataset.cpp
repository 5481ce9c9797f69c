#include "octrain/layers/dataset.h"

#include "files.h"
#include "formats.h"
#include "octrain/runtime/error.h"

namespace octrain::layers {
namespace {

constexpr const char* kFashionMnist = "/usr/share/datasets/fashion-mnist";  // Debian's dataset-fashion-mnist

}  // namespace

std::string Dataset::summary() const {
  const ImageShape shape = image_shape();
  const std::string sides = shape.height == 0
                                ? "JPEG images of any size"
                                : "images of " + std::to_string(shape.channels) + "x" +
                                      std::to_string(shape.height) + "x" + std::to_string(shape.width);
  return name_ + ": " + std::to_string(size(Split::train)) + " + " + std::to_string(size(Split::test)) + " " +
         sides + ", " + std::to_string(classes()) + " classes";
}

std::unique_ptr<Dataset> open_dataset(const std::string& name_or_path, const SyntheticSpec& synthetic) {
  if (name_or_path == "synthetic") return make_synthetic(synthetic);
  if (name_or_path == "fashion-mnist") {
    if (!looks_like_idx(kFashionMnist))
      bad_file(kFashionMnist, "Fashion-MNIST is not here; apt-get install dataset-fashion-mnist");
    return open_idx(kFashionMnist);
  }
  // A trailing slash must not make the data set's name empty.
  const std::filesystem::path path = std::filesystem::path(name_or_path + "/").parent_path();
  if (!std::filesystem::is_directory(path))
    bad_file(name_or_path, "expected \"synthetic\", \"fashion-mnist\" or a directory, found neither");
  if (looks_like_idx(path)) return open_idx(path);
  if (const auto cifar10 = find_cifar10(path)) return open_cifar10(*cifar10);
  if (looks_like_image_folder(path)) return open_image_folder(path);
  bad_file(path,
           "no data set was found here; looked for train-images-idx3-ubyte[.gz] (IDX), data_batch_1.bin "
           "(CIFAR-10, "
           "binary version), and a subdirectory of .jpg or .jpeg files for each class, here or below train/");
}

}  // namespace octrain::layers
