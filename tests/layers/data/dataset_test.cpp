#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "data_files.h"
#include "octrain/runtime/error.h"

namespace octrain::layers {
namespace {

using test::TemporaryDirectory;
using test::write_file;
using testing::AllOf;
using testing::HasSubstr;

/// What the set says when it is opened and read through; empty when it does not complain.
std::string complaint(const std::filesystem::path& directory) {
  try {
    const auto dataset = open_dataset(directory.string());
    Image image;
    for (const Split split : {Split::train, Split::test})
      for (std::int64_t i = 0; i < dataset->size(split); ++i) dataset->read(split, i, 8, image);
    return "";
  } catch (const runtime::BadInput& error) {
    return error.what();
  }
}

void expect_image(const Dataset& dataset, Split split, std::int64_t index) {
  Image image;
  dataset.read(split, index, 1, image);
  EXPECT_EQ(image.label, index % 10);
  EXPECT_EQ(image.shape, dataset.image_shape());
  ASSERT_EQ(image.pixels.size(), dataset.image_shape().elements());
  for (std::size_t k = 0; k < image.pixels.size(); ++k)
    ASSERT_EQ(image.pixels[k], test::pixel_of(static_cast<std::size_t>(index), k));
}

TEST(Idx, ReadsPlainAndCompressed) {
  TemporaryDirectory directory;
  test::write_idx_set(directory.path(), 23, 12);
  const auto dataset = open_dataset(directory.path().string() + "/");
  EXPECT_EQ(dataset->classes(), 10);
  EXPECT_EQ(dataset->image_shape(), (ImageShape{1, 5, 4}));
  EXPECT_EQ(dataset->size(Split::train), 23);
  EXPECT_EQ(dataset->size(Split::test), 12);
  for (const std::int64_t i : {0, 11, 22}) expect_image(*dataset, Split::train, i);
  for (const std::int64_t i : {0, 11}) expect_image(*dataset, Split::test, i);
  EXPECT_THAT(dataset->summary(), HasSubstr("23 + 12 images of 1x5x4, 10 classes"));
}

TEST(Idx, NeedsNoTestSet) {
  TemporaryDirectory directory;
  test::write_idx_set(directory.path(), 11, 0);
  EXPECT_EQ(open_dataset(directory.path().string())->size(Split::test), 0);
}

TEST(Idx, NamesWhatIsWrong) {
  TemporaryDirectory directory;
  const auto images = directory / "train-images-idx3-ubyte", labels = directory / "train-labels-idx1-ubyte";
  test::write_idx_set(directory.path(), 20, 0);
  auto bytes = test::idx_images(20, 5, 4);

  write_file(images, std::span(bytes).first(300));
  EXPECT_THAT(complaint(directory.path()), AllOf(HasSubstr(images.string()), HasSubstr("more bytes than")));
  bytes.push_back(0);
  write_file(images, bytes);
  EXPECT_THAT(complaint(directory.path()), HasSubstr("goes on after"));
  write_file(images, test::idx_bytes({0xFFFFFFFF, 0xFFFF, 0xFFFF}, {}));
  EXPECT_THAT(complaint(directory.path()), HasSubstr("more bytes than"));
  write_file(images, test::idx_labels(20, 10));
  EXPECT_THAT(complaint(directory.path()), HasSubstr("is it the label file?"));
  write_file(images, test::idx_images(21, 5, 4));
  EXPECT_THAT(complaint(directory.path()),
              AllOf(HasSubstr(labels.string()), HasSubstr("expected 21 labels")));
  std::filesystem::remove(labels);
  EXPECT_THAT(complaint(directory.path()), HasSubstr("beside the other file"));
}

TEST(Idx, NamesDamagedCompression) {
  TemporaryDirectory directory;
  test::write_idx_set(directory.path(), 5, 400);
  const auto path = directory / "t10k-images-idx3-ubyte.gz";
  const auto whole = test::read_file(path);
  write_file(path, std::span(whole).first(whole.size() - 5));
  EXPECT_THAT(complaint(directory.path()), AllOf(HasSubstr(path.string()), HasSubstr("damaged or cut off")));
  auto flipped = whole;
  flipped[flipped.size() - 6] ^= 1;  // the checksum
  write_file(path, flipped);
  EXPECT_THAT(complaint(directory.path()), HasSubstr("damaged or cut off"));
}

TEST(Cifar10, ReadsAllBatches) {
  TemporaryDirectory directory;
  for (const char* name : {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"})
    write_file(directory / "cifar-10-batches-bin" / (std::string(name) + ".bin"), test::cifar_records(20));
  const auto test_batch = directory / "cifar-10-batches-bin" / "test_batch.bin";
  write_file(test_batch, test::cifar_records(10));
  const auto dataset = open_dataset(directory.path().string());
  EXPECT_EQ(dataset->size(Split::train), 100);
  EXPECT_EQ(dataset->image_shape(), (ImageShape{3, 32, 32}));
  expect_image(*dataset, Split::test, 9);
  Image first, second;
  dataset->read(Split::train, 3, 1, first);
  dataset->read(Split::train, 83, 1, second);
  EXPECT_EQ(first.pixels, second.pixels);

  auto bytes = test::cifar_records(10);
  bytes[3073 * 4] = 10;
  write_file(test_batch, bytes);
  EXPECT_THAT(complaint(directory.path()), AllOf(HasSubstr("record 4"), HasSubstr("label below 10")));
  bytes.pop_back();
  write_file(test_batch, bytes);
  EXPECT_THAT(complaint(directory.path()), AllOf(HasSubstr("test_batch.bin"), HasSubstr("3073")));
  std::filesystem::remove(directory / "cifar-10-batches-bin" / "data_batch_3.bin");
  EXPECT_THAT(complaint(directory.path()), HasSubstr("data_batch_3.bin"));
}

TEST(ImageFolder, ReadsJpegsByClass) {
  TemporaryDirectory directory;
  write_file(directory / "train" / "dog" / "a.JPG", test::jpeg_bytes(64, 48));
  write_file(directory / "train" / "cat" / "b.jpeg", test::jpeg_bytes(40, 80, JCS_GRAYSCALE));
  write_file(directory / "train" / "cat" / "a.jpg", test::jpeg_bytes(33, 35, JCS_CMYK));
  write_file(directory / "train" / "cat" / "notes.txt", test::Bytes{1, 2});
  write_file(directory / "val" / "dog" / "c.jpg", test::jpeg_bytes(64, 48));
  const auto dataset = open_dataset(directory.path().string());
  EXPECT_EQ(dataset->classes(), 2);
  EXPECT_EQ(dataset->size(Split::train), 3);
  EXPECT_EQ(dataset->size(Split::test), 1);
  EXPECT_EQ(dataset->image_shape(), (ImageShape{3, 0, 0}));

  Image image;
  dataset->read(Split::train, 2, 48, image);
  EXPECT_EQ(image.label, 1);
  EXPECT_EQ(image.shape, (ImageShape{3, 48, 64}));
  EXPECT_NEAR(image.pixels[0], 40, 4);                  // red, upper left
  EXPECT_NEAR(image.pixels[2 * 48 * 64 + 63], 160, 4);  // blue, upper right
  EXPECT_NEAR(image.pixels[48 * 64 - 1], 200, 4);       // red, lower right
  dataset->read(Split::train, 2, 24, image);
  EXPECT_EQ(image.shape, (ImageShape{3, 24, 32})) << "half the size is enough";
  dataset->read(Split::train, 1, 1000, image);
  EXPECT_EQ(image.shape, (ImageShape{3, 80, 40})) << "grey becomes 3 channels; nothing is enlarged";
  EXPECT_EQ(image.pixels[5], image.pixels[80 * 40 + 5]);
  dataset->read(Split::train, 0, 1000, image);
  EXPECT_EQ(image.shape, (ImageShape{3, 35, 33}));
}

TEST(ImageFolder, NamesBadJpegs) {
  TemporaryDirectory directory;
  write_file(directory / "a" / "good.jpg", test::jpeg_bytes(16, 16));
  const auto bad = directory / "b" / "bad.jpg";
  const auto bytes = test::jpeg_bytes(64, 64);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100}, bytes.size() / 2}) {
    write_file(bad, std::span(bytes).first(size));
    EXPECT_THAT(complaint(directory.path()), AllOf(HasSubstr(bad.string()), HasSubstr("expected a JPEG")));
  }
}

TEST(ImageFolder, RefusesAnUnknownTestClass) {
  TemporaryDirectory directory;
  write_file(directory / "train" / "a" / "1.jpg", test::jpeg_bytes(16, 16));
  write_file(directory / "test" / "b" / "1.jpg", test::jpeg_bytes(16, 16));
  EXPECT_THAT(complaint(directory.path()), HasSubstr("training set has too"));
}

TEST(OpenDataset, SaysWhatItLookedFor) {
  TemporaryDirectory directory;
  EXPECT_THAT(complaint(directory.path()),
              AllOf(HasSubstr("train-images"), HasSubstr("data_batch_1.bin"), HasSubstr(".jpg")));
  EXPECT_THAT(complaint(directory / "nowhere"), HasSubstr("found neither"));
}

TEST(Synthetic, IsAFunctionOfSeedAndIndex) {
  const SyntheticSpec spec{
      .shape = {3, 20, 30}, .classes = 5, .train_images = 100, .test_images = 10, .seed = 3};
  SyntheticSpec other_seed = spec;
  other_seed.seed = 4;
  Image a, b, c, d;
  make_synthetic(spec)->read(Split::train, 7, 1, a);
  make_synthetic(spec)->read(Split::train, 7, 1, b);
  make_synthetic(other_seed)->read(Split::train, 7, 1, c);
  make_synthetic(spec)->read(Split::test, 7, 1, d);
  EXPECT_EQ(a.pixels, b.pixels);
  EXPECT_EQ(a.label, b.label);
  EXPECT_NE(a.pixels, c.pixels);
  EXPECT_NE(a.pixels, d.pixels);
}

/// The nearest class mean, learned from the training split, tells the class of test images: what a net can
/// learn at least.
TEST(Synthetic, IsLearnable) {
  const auto dataset =
      make_synthetic({.shape = {1, 28, 28}, .classes = 10, .train_images = 1000, .test_images = 200});
  std::map<int, std::vector<double>> sums;
  std::map<int, int> counts;
  Image image;
  for (std::int64_t i = 0; i < 1000; ++i) {
    dataset->read(Split::train, i, 1, image);
    auto& sum = sums[image.label];
    sum.resize(image.pixels.size());
    ++counts[image.label];
    for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += image.pixels[k];
  }
  EXPECT_EQ(counts.size(), 10u);
  int correct = 0;
  for (std::int64_t i = 0; i < 200; ++i) {
    dataset->read(Split::test, i, 1, image);
    std::map<double, int> by_distance;
    for (const auto& [label, sum] : sums) {
      double distance = 0;
      for (std::size_t k = 0; k < sum.size(); ++k) {
        const double difference = image.pixels[k] - sum[k] / counts[label];
        distance += difference * difference;
      }
      by_distance[distance] = label;
    }
    correct += by_distance.begin()->second == image.label;
  }
  EXPECT_GE(correct, 190);
}

TEST(Synthetic, RefusesImpossibleShapes) {
  EXPECT_THROW(make_synthetic({.shape = {0, 8, 8}}), runtime::UsageError);
  EXPECT_THROW(make_synthetic({.shape = {3, 8, 1 << 20}}), runtime::UsageError);
  EXPECT_THROW(make_synthetic({.classes = 0}), runtime::UsageError);
}

}  // namespace
}  // namespace octrain::layers
