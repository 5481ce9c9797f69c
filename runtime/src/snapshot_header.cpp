#include "snapshot_header.h"

#include "octrain/runtime/error.h"

namespace octrain::runtime {
namespace {

constexpr std::uint64_t kMostElements = std::uint64_t{1} << 48;

/// Takes them apart; every count is checked against what is left.
class Decoder {
 public:
  Decoder(std::string_view bytes, const std::filesystem::path& path) : bytes_(bytes), path_(path) {}
  std::string_view raw(std::size_t size) {
    if (size > bytes_.size()) fail();
    const std::string_view result = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return result;
  }
  template <class Number>
  Number number() {
    Number value;
    std::memcpy(&value, raw(sizeof value).data(), sizeof value);
    return value;
  }
  std::string text() { return std::string(raw(number<std::uint32_t>())); }
  /// How many records of at least `least_bytes` each follow.
  std::size_t count(std::size_t least_bytes) {
    const auto value = number<std::uint32_t>();
    if (value > bytes_.size() / least_bytes) fail();
    return value;
  }
  [[nodiscard]] bool at_end() const { return bytes_.empty(); }
  [[noreturn]] void fail() const {
    throw BadInput(path_.string() + ": the snapshot's header is malformed; use another snapshot");
  }

 private:
  std::string_view bytes_;
  const std::filesystem::path& path_;
};

SnapshotParameter decode_parameter(Decoder& in) {
  SnapshotParameter parameter;
  parameter.name = in.text();
  parameter.has_states = in.number<std::uint8_t>() != 0;
  parameter.dims.resize(in.count(sizeof(std::int64_t)));
  std::uint64_t elements = 1;
  for (std::int64_t& dim : parameter.dims) {
    dim = in.number<std::int64_t>();
    if (dim < 0 || (dim > 0 && elements > kMostElements / static_cast<std::uint64_t>(dim))) in.fail();
    elements *= static_cast<std::uint64_t>(dim);
  }
  return parameter;
}

LossScaleState decode_loss_scale(Decoder& in) {
  LossScaleState state;
  state.scale = in.number<float>();
  state.clean_iterations = in.number<std::uint64_t>();
  const bool usable = state.scale >= LossScale::kLeast && state.scale <= LossScale::kMost;
  if (!usable || state.clean_iterations >= LossScale::kCleanIterations) in.fail();
  return state;
}

}  // namespace

std::string encode(const SnapshotHeader& header) {
  Encoder out;
  out.text(header.net);
  out.number(header.iteration);
  out.number(header.seed);
  if (header.loss_scale) {
    out.number(header.loss_scale->scale);
    out.number(header.loss_scale->clean_iterations);
  }
  out.number(static_cast<std::uint32_t>(header.state_names.size()));
  for (const std::string& name : header.state_names) out.text(name);
  out.number(static_cast<std::uint32_t>(header.parameters.size()));
  for (const SnapshotParameter& parameter : header.parameters) {
    out.text(parameter.name);
    out.number(static_cast<std::uint8_t>(parameter.has_states));
    out.number(static_cast<std::uint32_t>(parameter.dims.size()));
    for (const std::int64_t dim : parameter.dims) out.number(dim);
  }
  return out.bytes();
}

SnapshotHeader decode(std::string_view bytes, bool scaled, const std::filesystem::path& path) {
  Decoder in(bytes, path);
  SnapshotHeader header;
  header.net = in.text();
  header.iteration = in.number<std::uint64_t>();
  header.seed = in.number<std::uint64_t>();
  if (scaled) header.loss_scale = decode_loss_scale(in);
  header.state_names.resize(in.count(sizeof(std::uint32_t)));
  for (std::string& name : header.state_names) name = in.text();
  header.parameters.resize(in.count(2 * sizeof(std::uint32_t) + 1));
  for (SnapshotParameter& parameter : header.parameters) parameter = decode_parameter(in);
  if (!in.at_end()) in.fail();
  return header;
}

}  // namespace octrain::runtime
