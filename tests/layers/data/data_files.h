// Small data sets in every form, made by the tests themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
// jpeglib.h needs size_t and FILE before it.
#include <jpeglib.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>

#include "octrain/layers/dataset.h"
#include "support/temporary_directory.h"

namespace octrain::test {

/// The pixel values of image `index` in the sets made here.
inline std::uint8_t pixel_of(std::size_t index, std::size_t position) {
  return static_cast<std::uint8_t>(index * 7 + position * 3);
}

inline Bytes idx_bytes(const std::vector<std::uint32_t>& dims, std::span<const std::uint8_t> values) {
  Bytes bytes{0, 0, 8, static_cast<std::uint8_t>(dims.size())};
  for (const std::uint32_t dim : dims)
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::uint8_t>(dim >> shift));
  bytes.insert(bytes.end(), values.begin(), values.end());
  return bytes;
}

inline Bytes idx_images(std::uint32_t count, std::uint32_t height, std::uint32_t width) {
  Bytes values;
  for (std::uint32_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < std::size_t{height} * width; ++k) values.push_back(pixel_of(i, k));
  return idx_bytes({count, height, width}, values);
}

/// Label i mod classes.
inline Bytes idx_labels(std::uint32_t count, std::uint32_t classes) {
  Bytes values;
  for (std::uint32_t i = 0; i < count; ++i) values.push_back(static_cast<std::uint8_t>(i % classes));
  return idx_bytes({count}, values);
}

inline Bytes gzip(const Bytes& bytes) {
  TemporaryDirectory directory;
  const std::string path = (directory / "a.gz").string();
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return read_file(path);
}

inline void write_idx_set(const std::filesystem::path& directory, std::uint32_t train, std::uint32_t test,
                          std::uint32_t height = 5, std::uint32_t width = 4) {
  write_file(directory / "train-images-idx3-ubyte", idx_images(train, height, width));
  write_file(directory / "train-labels-idx1-ubyte", idx_labels(train, 10));
  if (test == 0) return;
  write_file(directory / "t10k-images-idx3-ubyte.gz", gzip(idx_images(test, height, width)));
  write_file(directory / "t10k-labels-idx1-ubyte.gz", gzip(idx_labels(test, 10)));
}

inline Bytes cifar_records(std::size_t count) {
  Bytes bytes;
  for (std::size_t i = 0; i < count; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i % 10));
    for (std::size_t k = 0; k < 3072; ++k) bytes.push_back(pixel_of(i, k));
  }
  return bytes;
}

/// Rows of RGB, of one colour a quadrant.
inline Bytes jpeg_bytes(unsigned width, unsigned height, J_COLOR_SPACE space = JCS_RGB) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = width;
  info.image_height = height;
  info.input_components = space == JCS_GRAYSCALE ? 1 : space == JCS_CMYK ? 4 : 3;
  info.in_color_space = space;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  jpeg_start_compress(&info, TRUE);
  Bytes row(std::size_t{width} * static_cast<std::size_t>(info.input_components));
  while (info.next_scanline < height) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool right = i / static_cast<std::size_t>(info.input_components) >= width / 2;
      const bool low = info.next_scanline >= height / 2;
      row[i] = static_cast<std::uint8_t>(40 + 100 * right + 60 * low + 10 * (i % 3));
    }
    JSAMPROW rows[1] = {row.data()};
    jpeg_write_scanlines(&info, rows, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  Bytes bytes(memory, memory + size);
  std::free(memory);
  return bytes;
}

}  // namespace octrain::test
