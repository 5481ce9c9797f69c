#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "octrain/runtime/error.h"

namespace octrain::layers {
namespace {

constexpr std::uint64_t kMostInflation = 1032;  ///< deflate makes no more bytes of one
constexpr std::int64_t kMostSide = 65535;
constexpr std::uint8_t kIdxUnsignedByte = 0x08;

struct CloseGzip {
  void operator()(gzFile file) const { gzclose(file); }
};

/// Reads plain and compressed files alike.
class GzipReader {
 public:
  explicit GzipReader(const std::filesystem::path& path) : path_(path), file_(gzopen(path.c_str(), "rb")) {
    if (!file_) throw runtime::IoError(path.string() + ": cannot open", errno);
    gzbuffer(file_.get(), 1 << 17);
  }
  /// How many bytes there may be at most.
  [[nodiscard]] std::uint64_t most_bytes() const {
    const std::uint64_t size = std::filesystem::file_size(path_);
    return gzdirect(file_.get()) != 0 ? size : size * kMostInflation;
  }
  /// Fewer than asked only at the end.
  std::size_t read(std::span<std::uint8_t> to) {
    std::size_t done = 0;
    while (done < to.size()) {
      const auto piece = static_cast<unsigned>(std::min<std::size_t>(to.size() - done, 1 << 30));
      const int got = gzread(file_.get(), to.data() + done, piece);
      int error = Z_OK;
      const char* message = gzerror(file_.get(), &error);
      if (got < 0 || (error != Z_OK && error != Z_STREAM_END))
        bad_file(path_,
                 std::string("the compressed data are damaged or cut off (") + message + "); fetch it again");
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

 private:
  std::filesystem::path path_;
  std::unique_ptr<gzFile_s, CloseGzip> file_;
};

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 |
         std::uint32_t{bytes[3]};
}

}  // namespace

void bad_file(const std::filesystem::path& file, const std::string& what) {
  throw runtime::BadInput(file.string() + ": " + what);
}

ReadOnlyFile::ReadOnlyFile(std::filesystem::path path)
    : path_(std::move(path)), descriptor_(open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0) throw runtime::IoError(path_.string() + ": cannot open", errno);
  struct stat status {};
  if (fstat(descriptor_, &status) == 0) size_ = static_cast<std::uint64_t>(status.st_size);
}

ReadOnlyFile::ReadOnlyFile(ReadOnlyFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

ReadOnlyFile::~ReadOnlyFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void ReadOnlyFile::read_at(std::uint64_t offset, std::span<std::uint8_t> to) const {
  while (!to.empty()) {
    const ssize_t got = pread(descriptor_, to.data(), to.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw runtime::IoError(path_.string() + ": cannot read", errno);
    if (got == 0) bad_file(path_, "ends while it is read; was it changed by another program?");
    offset += static_cast<std::uint64_t>(got);
    to = to.subspan(static_cast<std::size_t>(got));
  }
}

IdxArray read_idx(const std::filesystem::path& path) {
  GzipReader file(path);
  std::array<std::uint8_t, 4> magic{};
  if (file.read(magic) != magic.size() || magic[0] != 0 || magic[1] != 0 || magic[2] != kIdxUnsignedByte ||
      magic[3] == 0 || magic[3] > 4)
    bad_file(path, "expected an IDX file of unsigned bytes (00 00 08 at its start); fetch it again");
  IdxArray array;
  const std::uint64_t limit = file.most_bytes();
  std::uint64_t total = 1;
  for (int d = 0; d < magic[3]; ++d) {
    std::array<std::uint8_t, 4> bytes{};
    if (file.read(bytes) != bytes.size()) bad_file(path, "ends within its IDX header; fetch it again");
    const std::uint32_t dim = big_endian(bytes.data());
    if (dim == 0 || (d > 0 && dim > kMostSide) || total > limit / dim)
      bad_file(path, "its IDX header promises more bytes than the file can hold, or none; fetch it again");
    total *= dim;
    array.dims.push_back(dim);
  }
  array.values.resize(total);
  const std::size_t found = file.read(array.values);
  if (found != total)
    bad_file(path, "expected " + std::to_string(total) + " bytes after its header, found " +
                       std::to_string(found) + "; fetch it again");
  std::array<std::uint8_t, 1> more{};
  if (file.read(more) != 0) bad_file(path, "goes on after the data its header promises; fetch it again");
  return array;
}

}  // namespace octrain::layers
