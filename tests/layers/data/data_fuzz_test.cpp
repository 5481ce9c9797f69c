// Damaged files of every form: either they read, or they are refused with BadInput; never a crash, never an
// absurd allocation.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <functional>

#include "data_files.h"
#include "octrain/runtime/error.h"
#include "octrain/runtime/random.h"

namespace octrain::layers {
namespace {

constexpr int kDamages = 400;

test::Bytes damage(test::Bytes bytes, int round) {
  const runtime::Philox philox(static_cast<std::uint64_t>(round));
  const auto words = philox(0);
  if (words[0] % 3 == 0) bytes.resize(words[1] % (bytes.size() + 1));
  const std::uint32_t flips = words[0] % 3 == 1 ? 1 : words[2] % 8;
  for (std::uint32_t i = 0; i < flips && !bytes.empty(); ++i) {
    const auto flip = philox(i + 1);
    // Half of them near the start, where the sizes are.
    const std::size_t range = flip[0] % 2 == 0 ? std::min<std::size_t>(bytes.size(), 32) : bytes.size();
    bytes[flip[1] % range] = static_cast<std::uint8_t>(flip[2]);
  }
  return bytes;
}

void read_all(const std::filesystem::path& directory) {
  try {
    const auto dataset = open_dataset(directory.string());
    Image image;
    for (const Split split : {Split::train, Split::test})
      for (std::int64_t i = 0; i < dataset->size(split); ++i) dataset->read(split, i, 8, image);
  } catch (const runtime::BadInput& error) {
    EXPECT_NE(std::string(error.what()).find(directory.string()), std::string::npos) << error.what();
  }
}

std::int64_t peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

void fuzz(const std::filesystem::path& directory, const std::filesystem::path& file) {
  const test::Bytes whole = test::read_file(file);
  const std::int64_t before = peak_kib();
  for (int round = 0; round < kDamages; ++round) {
    SCOPED_TRACE(round);
    test::write_file(file, damage(whole, round));
    read_all(directory);
  }
  EXPECT_LT(peak_kib() - before, 256 * 1024);
}

TEST(DataFuzz, IdxImages) {
  test::TemporaryDirectory directory;
  test::write_idx_set(directory.path(), 20, 0);
  fuzz(directory.path(), directory / "train-images-idx3-ubyte");
}

TEST(DataFuzz, IdxLabels) {
  test::TemporaryDirectory directory;
  test::write_idx_set(directory.path(), 20, 0);
  fuzz(directory.path(), directory / "train-labels-idx1-ubyte");
}

TEST(DataFuzz, CompressedIdx) {
  test::TemporaryDirectory directory;
  test::write_idx_set(directory.path(), 3, 50);
  fuzz(directory.path(), directory / "t10k-images-idx3-ubyte.gz");
}

TEST(DataFuzz, Cifar10) {
  test::TemporaryDirectory directory;
  for (const char* name : {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                           "data_batch_5.bin", "test_batch.bin"})
    test::write_file(directory / name, test::cifar_records(2));
  fuzz(directory.path(), directory / "data_batch_2.bin");
}

TEST(DataFuzz, Jpeg) {
  test::TemporaryDirectory directory;
  test::write_file(directory / "a" / "1.jpg", test::jpeg_bytes(100, 70));
  fuzz(directory.path(), directory / "a" / "1.jpg");
}

}  // namespace
}  // namespace octrain::layers
