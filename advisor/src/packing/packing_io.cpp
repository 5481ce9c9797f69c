// The text form of a packing problem and its answer, as minimalloc has it.
#include <algorithm>
#include <array>
#include <set>

#include "../text_record.h"
#include "octrain/advisor/text_io.h"

namespace octrain::advisor {
namespace {

constexpr std::string_view kForm = "id,lower,upper,size";
constexpr std::array<std::string_view, 5> kColumns = {"id", "lower", "upper", "size", "offset"};
constexpr std::size_t kRequired = 4;
/// Sums of sizes stay below this, so that nobody who adds them up overflows.
constexpr std::uint64_t kLargestSum = std::uint64_t{1} << 62;

class PackingReader {
 public:
  explicit PackingReader(std::istream& in) : reader_(in) {}

  PackingProblem read() {
    read_header();
    while (reader_.next()) problem_.buffers.push_back(read_buffer());
    return std::move(problem_);
  }

 private:
  static constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);

  void read_header() {
    if (!reader_.next()) throw TextError(1, "expected '" + std::string(kForm) + "', found an empty file");
    field_of_.fill(kAbsent);
    for (std::size_t field = 0; field < reader_.fields().size(); ++field) {
      const std::string& name = reader_.fields()[field];
      const auto column = std::find(kColumns.begin(), kColumns.end(), name);
      if (column == kColumns.end()) reader_.fail("the columns " + std::string(kForm) + " in any order", name);
      std::size_t& place = field_of_[static_cast<std::size_t>(column - kColumns.begin())];
      if (place != kAbsent) reader_.fail("each column once", name);
      place = field;
      header_ += (field == 0 ? "" : ",") + name;
    }
    for (std::size_t column = 0; column < kRequired; ++column) {
      if (field_of_[column] == kAbsent) reader_.fail("a column " + std::string(kColumns[column]), header_);
    }
    columns_ = reader_.fields().size();
  }

  Buffer read_buffer() {
    reader_.expect_fields(columns_, header_);
    Buffer buffer;
    buffer.id = reader_.fields()[field_of_[0]];
    if (!ids_.insert(buffer.id).second) reader_.fail("each id once", buffer.id);
    buffer.lower = reader_.number(field_of_[1], "lower", kLargestSum);
    buffer.upper = reader_.number(field_of_[2], "upper", kLargestSum);
    if (buffer.upper < buffer.lower) {
      reader_.fail("upper of at least lower (" + std::to_string(buffer.lower) + ")",
                   std::to_string(buffer.upper));
    }
    buffer.size_bytes = reader_.number(field_of_[3], "size", kLargestSum);
    bytes_ += buffer.size_bytes;
    if (bytes_ > kLargestSum) reader_.fail("a sum of sizes below 2^62", reader_.fields()[field_of_[3]]);
    return buffer;
  }

  RecordReader reader_;
  PackingProblem problem_;
  std::array<std::size_t, kColumns.size()> field_of_{};
  std::string header_;
  std::size_t columns_ = 0;
  std::set<std::string> ids_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

PackingProblem read_packing(std::istream& in) { return PackingReader(in).read(); }

void write_packing(std::ostream& out, const PackingProblem& problem, const PackingSolution& solution) {
  out << kForm << ",offset\n";
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    const Buffer& buffer = problem.buffers[i];
    out << csv_field(buffer.id) << ',' << buffer.lower << ',' << buffer.upper << ',' << buffer.size_bytes
        << ',' << solution.offsets[i] << '\n';
  }
}

}  // namespace octrain::advisor
