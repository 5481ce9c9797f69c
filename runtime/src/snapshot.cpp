#include "octrain/runtime/snapshot.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <string_view>

#include "atomic_file.h"
#include "checksum.h"
#include "octrain/runtime/error.h"
#include "parameter_store.h"
#include "snapshot_header.h"

namespace octrain::runtime {
namespace {

static_assert(std::endian::native == std::endian::little && std::numeric_limits<float>::is_iec559,
              "snapshots are little-endian");

constexpr std::string_view kMagic = "OCTSNAP1", kScaledMagic = "OCTSNAP2", kEndMagic = "OCTSNAPE";
constexpr std::uint64_t kMostHeaderBytes = 64 << 20;

std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::size_t sections_of(const SnapshotHeader& header, const SnapshotParameter& parameter) {
  return 1 + (parameter.has_states ? header.state_names.size() : 0);
}

std::string section_name(const SnapshotHeader& header, std::size_t parameter, std::size_t section) {
  const std::string& name = header.parameters[parameter].name;
  return section == 0 ? name : name + "'s " + header.state_names[section - 1];
}

std::uint64_t to_number(std::string_view bytes) {
  std::uint64_t value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace

std::uint64_t SnapshotParameter::elements() const {
  std::uint64_t count = 1;
  for (const std::int64_t dim : dims) count *= static_cast<std::uint64_t>(dim);
  return count;
}

SnapshotHeader describe(const Program& program) {
  SnapshotHeader header;
  header.state_names = program.state_names;
  for (const Parameter& parameter : program.parameters)
    header.parameters.push_back({parameter.name, parameter.dims, section_count(parameter) > 1});
  return header;
}

void save_snapshot(const std::filesystem::path& path, const SnapshotHeader& header, const Program& program,
                   MemorySpace& memory) {
  AtomicFile file(path);
  const std::string payload = encode(header);
  Encoder front;
  front.raw(header.loss_scale ? kScaledMagic : kMagic);
  front.number(static_cast<std::uint64_t>(payload.size()));
  front.raw(payload);
  Encoder checksums;
  checksums.number(crc64(as_bytes(front.bytes())));
  file.write(as_bytes(front.bytes()));
  file.write(as_bytes(checksums.bytes()));

  Encoder table;
  for (const Parameter& parameter : program.parameters)
    for (Section section = 0; section < section_count(parameter); ++section) {
      Crc64 crc;
      read_section(memory, parameter, section, [&](std::span<const float> values) {
        crc.add(std::as_bytes(values));
        file.write(std::as_bytes(values));
      });
      table.number(crc.value());
    }
  checksums.raw(table.bytes());
  const std::uint64_t whole = crc64(as_bytes(checksums.bytes()));
  table.number(whole);
  table.raw(kEndMagic);
  file.write(as_bytes(table.bytes()));
  file.commit();
}

SnapshotReader::SnapshotReader(std::filesystem::path path)
    : path_(std::move(path)), file_(path_, std::ios::binary) {
  std::error_code error;
  const std::uint64_t file_bytes = std::filesystem::file_size(path_, error);
  if (!file_ || error) throw BadInput(path_.string() + ": cannot be read; expected a snapshot (.octsnap)");
  read_table(file_bytes, read_header(file_bytes));
}

void SnapshotReader::fail(const std::string& why) const {
  throw BadInput(path_.string() + ": " + why + "; use another snapshot");
}

std::string SnapshotReader::read_bytes(std::uint64_t size, const char* what) {
  std::string bytes(size, '\0');
  if (!file_.read(bytes.data(), static_cast<std::streamsize>(size)))
    fail(std::string("the snapshot ends within its ") + what);
  return bytes;
}

std::string SnapshotReader::read_header(std::uint64_t file_bytes) {
  std::string front = read_bytes(16, "header");
  const bool scaled = front.starts_with(kScaledMagic);
  if (!scaled && !front.starts_with(kMagic))
    fail("expected a snapshot (\"OCTSNAP1\" or \"OCTSNAP2\" at its start)");
  const std::uint64_t header_bytes = to_number(std::string_view(front).substr(8));
  if (header_bytes > std::min(kMostHeaderBytes, file_bytes)) fail("the snapshot's header is damaged");
  front += read_bytes(header_bytes, "header");
  std::string checksum = read_bytes(8, "header");
  if (to_number(checksum) != crc64(as_bytes(front)))
    fail("the snapshot's header does not match its checksum");
  header_ = decode(std::string_view(front).substr(16), scaled, path_);

  std::uint64_t end = front.size() + checksum.size();
  for (const SnapshotParameter& parameter : header_.parameters) {
    auto& offsets = offsets_.emplace_back();
    for (std::size_t s = 0; s < sections_of(header_, parameter); ++s) {
      offsets.push_back(end);
      end += parameter.elements() * sizeof(float);
      if (end > file_bytes) fail("the snapshot ends within " + section_name(header_, offsets_.size() - 1, s));
    }
  }
  table_offset_ = end;
  return checksum;
}

void SnapshotReader::read_table(std::uint64_t file_bytes, const std::string& header_checksum) {
  std::uint64_t table_bytes = 0;
  for (const auto& offsets : offsets_) table_bytes += 8 * offsets.size();
  const std::uint64_t expected = table_offset_ + table_bytes + 16;
  if (file_bytes != expected)
    fail("expected " + std::to_string(expected) + " bytes, found " + std::to_string(file_bytes));
  file_.seekg(static_cast<std::streamoff>(table_offset_));
  const std::string table = read_bytes(table_bytes + 16, "checksums");
  std::string_view rest = table;
  for (const auto& offsets : offsets_) {
    auto& row = checksums_.emplace_back();
    for (std::size_t s = 0; s < offsets.size(); ++s, rest.remove_prefix(8)) row.push_back(to_number(rest));
  }
  if (to_number(rest) != crc64(as_bytes(header_checksum + table.substr(0, table_bytes))) ||
      !table.ends_with(kEndMagic))
    fail("the snapshot's table of checksums is damaged");
}

void SnapshotReader::read(std::size_t parameter, std::size_t section, std::span<float> to) {
  const auto bytes = std::as_writable_bytes(to);
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(offsets_[parameter][section]));
  file_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file_ || crc64(bytes) != checksums_[parameter][section])
    fail(section_name(header_, parameter, section) + " does not match its checksum");
}

void SnapshotReader::verify() {
  std::vector<float> values;
  for (std::size_t p = 0; p < offsets_.size(); ++p)
    for (std::size_t s = 0; s < offsets_[p].size(); ++s) {
      values.resize(header_.parameters[p].elements());
      read(p, s, values);
    }
}

}  // namespace octrain::runtime
