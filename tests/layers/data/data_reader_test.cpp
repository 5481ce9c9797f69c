#include "octrain/layers/data_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>

#include "data_files.h"
#include "octrain/runtime/error.h"
#include "permutation.h"

namespace octrain::layers {
namespace {

/// Image i has every pixel i, and label i.
class Counting final : public Dataset {
 public:
  explicit Counting(std::int64_t train, std::int64_t test = 0, ImageShape shape = {1, 2, 2})
      : Dataset("counting"), sizes_{train, test}, shape_(shape) {}
  int classes() const override { return 256; }
  ImageShape image_shape() const override { return shape_; }
  std::int64_t size(Split split) const override { return sizes_[split == Split::test]; }
  void read(Split split, std::int64_t index, int, Image& into) const override {
    if (split == Split::train && index == fails_at) throw runtime::BadInput("image.jpg: damaged");
    into.shape = shape_;
    into.label = static_cast<int>(index);
    into.pixels.assign(shape_.elements(), static_cast<std::uint8_t>(index));
  }
  std::int64_t fails_at = -1;

 private:
  std::int64_t sizes_[2];
  ImageShape shape_;
};

const Normalization kPlain{{0}, {1}};

std::vector<int> labels(DataReader& reader, Split split, std::uint64_t index, std::int64_t batch) {
  std::vector<float> values(static_cast<std::size_t>(batch));
  reader.begin_batch(split, index);
  reader.fill_labels(0, batch, values.data());
  return {values.begin(), values.end()};
}

ReaderOptions options(std::int64_t batch, std::uint64_t seed = 1) {
  ReaderOptions result;
  result.batch = batch;
  result.seed = seed;
  result.normalization = kPlain;
  return result;
}

TEST(Permutation, IsOneForEverySize) {
  for (std::uint64_t size : {1, 2, 3, 4, 5, 16, 17, 100, 1000, 4097}) {
    const Permutation permutation(size * 31, size);
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < size; ++i) seen.insert(permutation(i));
    EXPECT_EQ(seen.size(), size);
    EXPECT_LT(*seen.rbegin(), size);
  }
}

TEST(DataReader, EveryEpochHoldsEveryImageOnceInAnOrderOfItsOwn) {
  const auto dataset = std::make_shared<Counting>(23);
  DataReader reader(dataset, options(5));
  std::vector<int> sequence;
  for (std::uint64_t i = 0; i < 23; ++i)  // 115 images: 5 epochs
    for (const int label : labels(reader, Split::train, i, 5)) sequence.push_back(label);
  std::set<std::vector<int>> orders;
  for (auto epoch = sequence.begin(); epoch != sequence.end(); epoch += 23) {
    orders.emplace(epoch, epoch + 23);
    std::vector<int> sorted(epoch, epoch + 23), all(23);
    std::sort(sorted.begin(), sorted.end());
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(sorted, all);
  }
  EXPECT_EQ(orders.size(), 5u);
}

TEST(DataReader, BatchDoesNotDependOnWhatWasReadBefore) {
  const auto dataset = std::make_shared<Counting>(50, 7);
  DataReader straight(dataset, options(8)), jumping(dataset, options(8)), other_seed(dataset, options(8, 2));
  std::map<std::uint64_t, std::vector<int>> expected;
  for (std::uint64_t i = 0; i < 20; ++i) expected[i] = labels(straight, Split::train, i, 8);
  for (const std::uint64_t i : {17, 3, 4, 4, 0, 19}) {
    EXPECT_EQ(labels(jumping, Split::train, i, 8), expected[i]);
    labels(jumping, Split::test, 0, 8);
  }
  EXPECT_NE(labels(other_seed, Split::train, 0, 8), expected[0]);
}

TEST(DataReader, BatchMayHoldSeveralEpochs) {
  DataReader reader(std::make_shared<Counting>(3), options(7));
  const std::vector<int> batch = labels(reader, Split::train, 0, 7);
  EXPECT_EQ((std::set<int>{batch.begin(), batch.begin() + 3}), (std::set<int>{0, 1, 2}));
  EXPECT_EQ((std::set<int>{batch.begin() + 3, batch.begin() + 6}), (std::set<int>{0, 1, 2}));
}

TEST(DataReader, TestSplitIsInOrderAndPadded) {
  DataReader reader(std::make_shared<Counting>(3, 10), options(4));
  EXPECT_EQ(labels(reader, Split::test, 0, 4), (std::vector{0, 1, 2, 3}));
  EXPECT_EQ(labels(reader, Split::test, 2, 4), (std::vector{8, 9, -1, -1}));
  std::vector<float> images(4 * 4, 5.0f);
  reader.fill_images(0, 4, images.data());
  EXPECT_EQ(images[7], 9);
  EXPECT_EQ(images[8], 0);
  EXPECT_EQ(images[15], 0);
  EXPECT_EQ(labels(reader, Split::test, 3, 4), (std::vector{-1, -1, -1, -1}));
}

TEST(DataReader, SlabsAndOrderOfFillingDoNotMatter) {
  const auto dataset = std::make_shared<Counting>(40, 0, ImageShape{3, 6, 5});
  ReaderOptions augmented = options(6);
  augmented.output = {3, 9, 11};
  augmented.crop_margin = 3;
  augmented.mirror = true;
  DataReader reader(dataset, augmented);
  reader.begin_batch(Split::train, 2);
  const std::size_t image = augmented.output.elements();
  std::vector<float> whole(6 * image), pieces(6 * image);
  reader.fill_images(0, 6, whole.data());
  for (const std::int64_t first : {4, 0, 2})
    reader.fill_images(first, 2, pieces.data() + static_cast<std::size_t>(first) * image);
  EXPECT_EQ(whole, pieces);
}

/// One image, whose pixels are 10 x + 40 y + 100 c.
class Ramp final : public Dataset {
 public:
  Ramp(ImageShape shape, bool hide_size) : Dataset("ramp"), shape_(shape), hide_size_(hide_size) {}
  int classes() const override { return 1; }
  ImageShape image_shape() const override { return hide_size_ ? ImageShape{shape_.channels, 0, 0} : shape_; }
  std::int64_t size(Split) const override { return 1; }
  void read(Split, std::int64_t, int, Image& into) const override {
    into.shape = shape_;
    into.label = 0;
    into.pixels.clear();
    for (int c = 0; c < shape_.channels; ++c)
      for (int y = 0; y < shape_.height; ++y)
        for (int x = 0; x < shape_.width; ++x)
          into.pixels.push_back(static_cast<std::uint8_t>(10 * x + 40 * y + 50 * c));
  }

 private:
  ImageShape shape_;
  bool hide_size_;
};

std::vector<float> first_image(const ImageShape& stored, ReaderOptions reader_options, Split split,
                               std::uint64_t index = 0, bool hide_size = false) {
  if (!reader_options.normalization) reader_options.normalization = kPlain;
  DataReader reader(std::make_shared<Ramp>(stored, hide_size), reader_options);
  std::vector<float> image(static_cast<std::size_t>(reader.channels() * reader.height() * reader.width()));
  reader.begin_batch(split, index);
  reader.fill_images(0, 1, image.data());
  return image;
}

TEST(DataReader, LeavesPixelsAloneWhereSizesAgree) {
  const auto image = first_image({1, 2, 3}, {}, Split::train);
  EXPECT_EQ(image, (std::vector<float>{0, 10, 20, 40, 50, 60}));
}

TEST(DataReader, ResizesBilinearly) {
  ReaderOptions to_double;
  to_double.output = {1, 4, 6};
  const auto image = first_image({1, 2, 3}, to_double, Split::test);
  const std::vector<float> columns{0, 2.5, 7.5, 12.5, 17.5, 20}, rows{0, 10, 30, 40};
  for (std::size_t y = 0; y < 4; ++y)
    for (std::size_t x = 0; x < 6; ++x) EXPECT_FLOAT_EQ(image[y * 6 + x], rows[y] + columns[x]);
}

TEST(DataReader, SpreadsGreyAndMixesColour) {
  ReaderOptions colour, grey;
  colour.output = {3, 2, 3};
  const auto three = first_image({1, 2, 3}, colour, Split::train);
  EXPECT_EQ(three, (std::vector<float>{0, 10, 20, 40, 50, 60, 0, 10, 20, 40, 50, 60, 0, 10, 20, 40, 50, 60}));
  grey.output = {1, 2, 3};
  const auto one = first_image({3, 2, 3}, grey, Split::train);
  EXPECT_NEAR(one[0], 0.587 * 50 + 0.114 * 100, 1);
  ReaderOptions five;
  five.output = {5, 2, 3};
  EXPECT_THROW(first_image({3, 2, 3}, five, Split::train), runtime::UsageError);
}

TEST(DataReader, CropsInTheCentreForTheTestAndAnywhereInTraining) {
  ReaderOptions crop;
  crop.output = {1, 2, 3};
  crop.crop_margin = 2;  // the image of 4 x 5 is left at its size
  EXPECT_EQ(first_image({1, 4, 5}, crop, Split::test), (std::vector<float>{50, 60, 70, 90, 100, 110}));
  std::set<float> corners;
  std::set<bool> mirrored;
  crop.mirror = true;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto image = first_image({1, 4, 5}, crop, Split::train, i);
    const bool backwards = image[0] > image[1];
    mirrored.insert(backwards);
    corners.insert(backwards ? image[2] : image[0]);
  }
  EXPECT_EQ(corners, (std::set<float>{0, 10, 20, 40, 50, 60, 80, 90, 100}));
  EXPECT_EQ(mirrored.size(), 2u);
}

TEST(DataReader, FitsImagesOfAnySize) {
  ReaderOptions square;
  square.output = {1, 2, 2};
  // 2 x 6: the centred square are columns 2 and 3.
  EXPECT_EQ(first_image({1, 2, 6}, square, Split::test, 0, true), (std::vector<float>{20, 30, 60, 70}));
  EXPECT_THROW(first_image({1, 2, 6}, {}, Split::test, 0, true), runtime::UsageError);
}

TEST(DataReader, NormalizesByWhatItMeasures) {
  const auto dataset = std::make_shared<Counting>(200);
  ReaderOptions measured;
  measured.batch = 200;
  DataReader reader(dataset, measured);
  std::vector<float> images(200 * 4);
  reader.begin_batch(Split::train, 0);
  reader.fill_images(0, 200, images.data());
  const double mean = std::accumulate(images.begin(), images.end(), 0.0) / 800;
  const double square = std::inner_product(images.begin(), images.end(), images.begin(), 0.0) / 800;
  EXPECT_NEAR(mean, 0, 1e-3);
  EXPECT_NEAR(square, 1, 1e-3);
}

TEST(DataReader, ThrowsWhatTheReadingThreadMet) {
  const auto dataset = std::make_shared<Counting>(10);
  dataset->fails_at = 4;
  DataReader reader(dataset, options(10));
  EXPECT_THROW(reader.begin_batch(Split::train, 0), runtime::BadInput);
  EXPECT_THROW(reader.begin_batch(Split::train, 0), runtime::BadInput) << "again, when it is asked for again";
}

TEST(DataReader, ReadsJpegFolders) {
  test::TemporaryDirectory directory;
  for (int i = 0; i < 6; ++i)
    test::write_file(directory / (i % 2 ? "a" : "b") / (std::to_string(i) + ".jpg"),
                     test::jpeg_bytes(60 + 10 * static_cast<unsigned>(i), 50));
  ReaderOptions jpeg;
  jpeg.batch = 4;
  jpeg.output = {3, 24, 24};
  jpeg.crop_margin = 4;
  DataReader reader(open_dataset(directory.path().string()), jpeg);
  EXPECT_EQ(reader.staging_bytes(), 2u * 4 * 3 * 28 * 28);
  std::vector<float> images(4 * 3 * 24 * 24);
  reader.begin_batch(Split::train, 1);
  reader.fill_images(0, 4, images.data());
  EXPECT_LT(*std::max_element(images.begin(), images.end()), 4);
  EXPECT_GT(*std::min_element(images.begin(), images.end()), -4);
}

}  // namespace
}  // namespace octrain::layers
