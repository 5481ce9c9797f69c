// CIFAR-10, binary version: records of a label byte and 3x32x32 pixels.
#include "files.h"
#include "formats.h"
#include "octrain/layers/dataset.h"

namespace octrain::layers {
namespace {

constexpr ImageShape kShape{3, 32, 32};
constexpr int kClasses = 10;
const std::uint64_t kRecordBytes = 1 + kShape.elements();

ReadOnlyFile open_batch(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path))
    bad_file(path, "expected this file of CIFAR-10's binary version");
  ReadOnlyFile file(path);
  if (file.size() == 0 || file.size() % kRecordBytes != 0)
    bad_file(path, "expected records of " + std::to_string(kRecordBytes) + " bytes, found " +
                       std::to_string(file.size()) + " bytes in all; fetch it again");
  return file;
}

class Cifar10 final : public Dataset {
 public:
  explicit Cifar10(const std::filesystem::path& directory) : Dataset("CIFAR-10") {
    for (const char number : {'1', '2', '3', '4', '5'})
      parts_[0].push_back(open_batch(directory / (std::string("data_batch_") + number + ".bin")));
    parts_[1].push_back(open_batch(directory / "test_batch.bin"));
  }
  int classes() const override { return kClasses; }
  ImageShape image_shape() const override { return kShape; }
  std::int64_t size(Split split) const override {
    std::uint64_t records = 0;
    for (const ReadOnlyFile& file : part(split)) records += file.size() / kRecordBytes;
    return static_cast<std::int64_t>(records);
  }
  void read(Split split, std::int64_t index, int, Image& into) const override {
    auto record = static_cast<std::uint64_t>(index);
    auto file = part(split).begin();
    for (; record >= file->size() / kRecordBytes; ++file) record -= file->size() / kRecordBytes;
    std::uint8_t label = 0;
    file->read_at(record * kRecordBytes, {&label, 1});
    if (label >= kClasses)
      bad_file(file->path(), "record " + std::to_string(record) + ": expected a label below 10, found " +
                                 std::to_string(label) + "; fetch it again");
    into.shape = kShape;
    into.label = label;
    into.pixels.resize(kShape.elements());
    file->read_at(record * kRecordBytes + 1, into.pixels);
  }

 private:
  [[nodiscard]] const std::vector<ReadOnlyFile>& part(Split split) const {
    return parts_[split == Split::test];
  }
  std::vector<ReadOnlyFile> parts_[2];
};

}  // namespace

std::optional<std::filesystem::path> find_cifar10(const std::filesystem::path& directory) {
  for (const auto& candidate : {directory, directory / "cifar-10-batches-bin"})
    if (std::filesystem::exists(candidate / "data_batch_1.bin") ||
        std::filesystem::exists(candidate / "test_batch.bin"))
      return candidate;
  return {};
}

std::unique_ptr<Dataset> open_cifar10(const std::filesystem::path& directory) {
  return std::make_unique<Cifar10>(directory);
}

}  // namespace octrain::layers
