// A folder of JPEGs, a subfolder for each class.
#include <algorithm>
#include <map>

#include "files.h"
#include "formats.h"
#include "jpeg.h"
#include "octrain/layers/dataset.h"

namespace octrain::layers {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostFileBytes = 1 << 30;

bool is_jpeg(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return extension == ".jpg" || extension == ".jpeg";
}

using FilesByClass = std::map<std::string, std::vector<std::string>>;  // in order of names: numbers must not
                                                                       // depend on the disk

FilesByClass scan(const fs::path& root, bool first_only = false) {
  FilesByClass found;
  std::error_code error;
  for (const auto& directory : fs::directory_iterator(root, error)) {
    if (!directory.is_directory()) continue;
    for (const auto& file : fs::directory_iterator(directory.path(), error)) {
      if (!is_jpeg(file.path())) continue;
      found[directory.path().filename().string()].push_back(file.path().filename().string());
      if (first_only) return found;
    }
  }
  for (auto& [name, files] : found) std::sort(files.begin(), files.end());
  return found;
}

fs::path train_root(const fs::path& directory) {
  const fs::path train = directory / "train";
  return fs::is_directory(train) ? train : directory;
}

class ImageFolder final : public Dataset {
 public:
  explicit ImageFolder(const fs::path& directory) : Dataset(directory.filename().string()) {
    const fs::path train = train_root(directory);
    const FilesByClass files = scan(train);
    if (files.empty()) bad_file(train, "expected a subdirectory of JPEGs for each class, found none");
    for (const auto& [name, list] : files) class_numbers_.emplace(name, std::ssize(class_numbers_));
    add(parts_[0], train, files);
    if (train == directory) return;
    for (const char* name : {"test", "val"})
      if (parts_[1].files.empty()) add(parts_[1], directory / name, scan(directory / name));
  }
  int classes() const override { return static_cast<int>(class_numbers_.size()); }
  ImageShape image_shape() const override { return {3, 0, 0}; }
  std::int64_t size(Split split) const override { return std::ssize(part(split).files); }
  void read(Split split, std::int64_t index, int least_side, Image& into) const override {
    const Entry& entry = part(split).files[static_cast<std::size_t>(index)];
    const ReadOnlyFile file(part(split).root / entry.class_name->first / entry.file);
    if (file.size() == 0 || file.size() > kMostFileBytes)
      bad_file(file.path(), "expected a JPEG, found " + std::to_string(file.size()) +
                                " bytes; remove it or fetch it again");
    std::vector<std::uint8_t> bytes(file.size());
    file.read_at(0, bytes);
    decode_jpeg(bytes, file.path(), least_side, into);
    into.label = entry.class_name->second;
  }

 private:
  using ClassNumbers = std::map<std::string, int>;
  struct Entry {
    ClassNumbers::const_iterator class_name;
    std::string file;
  };
  struct Part {
    fs::path root;
    std::vector<Entry> files;
  };

  void add(Part& to, const fs::path& root, const FilesByClass& files) {
    to.root = root;
    for (const auto& [name, list] : files) {
      const auto number = class_numbers_.find(name);
      if (number == class_numbers_.end())
        bad_file(root / name, "expected a class that the training set has too; remove the directory");
      for (const std::string& file : list) to.files.push_back({number, file});
    }
  }
  [[nodiscard]] const Part& part(Split split) const { return parts_[split == Split::test]; }

  ClassNumbers class_numbers_;
  Part parts_[2];
};

}  // namespace

bool looks_like_image_folder(const fs::path& directory) { return !scan(train_root(directory), true).empty(); }

std::unique_ptr<Dataset> open_image_folder(const fs::path& directory) {
  return std::make_unique<ImageFolder>(directory);
}

}  // namespace octrain::layers
