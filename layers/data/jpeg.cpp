#include "jpeg.h"

#include <csetjmp>
#include <cstddef>
#include <cstdio>
// jpeglib.h needs size_t and FILE before it.
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>

#include "files.h"

namespace octrain::layers {
namespace {

constexpr std::uint64_t kMostPixels = 1 << 27;
constexpr std::uint64_t kMostPixelsPerByte = 4096;  ///< a file that promises more is damaged

struct ErrorManager {
  jpeg_error_mgr base{};
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX]{};
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  manager->base.format_message(info, manager->message);
  std::longjmp(manager->jump, 1);
}

/// libjpeg paints grey over what is missing and only warns; a training set must not hold such images
/// unnoticed.
void on_message(j_common_ptr info, int level) {
  const int code = info->err->msg_code;
  const bool harmless = code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM;
  if (level < 0 && !harmless) leave(info);
}

class Decompressor {
 public:
  Decompressor() {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = leave;
    errors_.base.emit_message = on_message;
    errors_.base.output_message = [](j_common_ptr) {};
    jpeg_create_decompress(&info_);
  }
  ~Decompressor() { jpeg_destroy_decompress(&info_); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  jpeg_decompress_struct& info() { return info_; }
  [[nodiscard]] const char* message() const { return errors_.message; }

  /// False when libjpeg failed. libjpeg leaves `step` by longjmp: it must own nothing.
  template <class Step>
  bool run(const Step& step) {
    if (setjmp(errors_.jump) != 0) return false;
    step(info_);
    return true;
  }

 private:
  ErrorManager errors_;
  jpeg_decompress_struct info_{};
};

bool read_header(Decompressor& decompressor, std::span<const std::uint8_t> file, int least_side) {
  return decompressor.run([&](jpeg_decompress_struct& info) {
    jpeg_mem_src(&info, file.data(), static_cast<unsigned long>(file.size()));
    jpeg_read_header(&info, TRUE);
    const bool four = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
    info.out_color_space = four ? JCS_CMYK : JCS_RGB;
    info.scale_num = 1;
    const auto least = static_cast<unsigned>(std::max(least_side, 1));
    const unsigned side = std::min(info.image_width, info.image_height);
    info.scale_denom = side / 8 >= least ? 8 : side / 4 >= least ? 4 : side / 2 >= least ? 2 : 1;
    jpeg_calc_output_dimensions(&info);
  });
}

/// Interleaved pixels to planes. Photoshop stores CMYK inverted, so that colour times black is what is seen.
void store_row(const jpeg_decompress_struct& info, const std::uint8_t* row, std::uint8_t* to,
               std::size_t plane) {
  for (unsigned x = 0; x < info.output_width; ++x)
    for (unsigned c = 0; c < 3; ++c) {
      if (info.output_components == 3) {
        to[c * plane + x] = row[3 * x + c];
        continue;
      }
      const unsigned flip = info.saw_Adobe_marker ? 0 : 255;
      to[c * plane + x] = static_cast<std::uint8_t>((row[4 * x + c] ^ flip) * (row[4 * x + 3] ^ flip) / 255);
    }
}

bool read_rows(Decompressor& decompressor, std::uint8_t* row, Image& into) {
  const std::size_t plane = into.pixels.size() / 3;
  return decompressor.run([&](jpeg_decompress_struct& info) {
    jpeg_start_decompress(&info);
    while (info.output_scanline < info.output_height) {
      const std::size_t offset = std::size_t{info.output_scanline} * info.output_width;
      JSAMPROW rows[1] = {row};
      jpeg_read_scanlines(&info, rows, 1);
      store_row(info, row, into.pixels.data() + offset, plane);
    }
    jpeg_finish_decompress(&info);
  });
}

}  // namespace

void decode_jpeg(std::span<const std::uint8_t> file, const std::filesystem::path& path, int least_side,
                 Image& into) {
  Decompressor decompressor;
  const auto fail = [&](const std::string& why) {
    bad_file(path, "expected a JPEG, found " + why + "; remove it or fetch it again");
  };
  if (!read_header(decompressor, file, least_side)) fail(decompressor.message());
  const jpeg_decompress_struct& info = decompressor.info();
  const std::uint64_t pixels = std::uint64_t{info.image_width} * info.image_height;
  if (pixels > kMostPixels || pixels > kMostPixelsPerByte * file.size())
    fail("a header that promises " + std::to_string(pixels) + " pixels in " + std::to_string(file.size()) +
         " bytes");
  into.shape = {3, static_cast<int>(info.output_height), static_cast<int>(info.output_width)};
  into.pixels.resize(into.shape.elements());
  std::vector<std::uint8_t> row(std::size_t{info.output_width} * 4);
  if (!read_rows(decompressor, row.data(), into)) fail(decompressor.message());
}

}  // namespace octrain::layers
