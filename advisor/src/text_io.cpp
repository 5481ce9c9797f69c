#include "octrain/advisor/text_io.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string_view>

#include "text_record.h"

namespace octrain::advisor {
namespace {

constexpr std::string_view kScheduleHeader = "octrain-schedule,1";
constexpr std::string_view kPlanHeader = "octrain-plan,1";
constexpr std::string_view kTensorForm = "tensor,<id>,<name>,<role>,<bytes>";
constexpr std::string_view kOpForm =
    "op,<index>,<name>,<phase>,<time_ns>,<workspace_bytes>,<ids read>,<ids written>";
constexpr std::string_view kOverwriteForm = "overwrite,<op index>,<id read>,<id written>";
constexpr std::array kRoles = {Role::input,      Role::weight, Role::gradient,
                               Role::activation, Role::state,  Role::workspace};
constexpr std::array kPhases = {Phase::forward, Phase::backward, Phase::update};
constexpr std::array kActions = {ActionKind::prefetch,  ActionKind::evict, ActionKind::discard,
                                 ActionKind::recompute, ActionKind::place, ActionKind::free};
constexpr std::uint64_t kLargestIndex = std::numeric_limits<std::uint32_t>::max();
/// Sums of bytes and of times stay below this, so that nobody who adds them up overflows.
constexpr std::uint64_t kLargestSum = std::uint64_t{1} << 62;

void expect_header(RecordReader& reader, std::string_view header) {
  if (!reader.next()) throw TextError(1, "expected '" + std::string(header) + "', found an empty file");
  std::string text = reader.fields().front();
  for (std::size_t i = 1; i < reader.fields().size(); ++i) text.append(",").append(reader.fields()[i]);
  if (text != header) reader.fail(std::string(header), text);
}

template <typename Enum>
Enum one_of(const RecordReader& reader, std::size_t field, std::span<const Enum> values) {
  std::string names;
  for (const Enum value : values) {
    if (to_string(value) == reader.fields()[field]) return value;
    names += (names.empty() ? "" : ", ") + std::string(to_string(value));
  }
  reader.fail("one of " + names, reader.fields()[field]);
}

/// Ids count up from 0 in file order: a huge id can neither allocate memory nor leave a hole.
void expect_index(const RecordReader& reader, std::string_view what, std::size_t expected) {
  if (reader.number(1, what, kLargestIndex) == expected) return;
  reader.fail(std::string(what) + " " + std::to_string(expected) + " (they count up from 0)",
              reader.fields()[1]);
}

std::vector<TensorId> ids(const RecordReader& reader, std::size_t field, std::size_t tensor_count) {
  std::vector<TensorId> result;
  const std::string_view text = reader.fields()[field];
  std::size_t at = 0;
  while ((at = text.find_first_not_of(' ', at)) != std::string_view::npos) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    std::uint64_t id = 0;
    if (!parse_number(word, kLargestIndex, id) || id >= tensor_count) {
      reader.fail("the id of a tensor above (" + std::to_string(tensor_count) + " so far)", word);
    }
    result.push_back(static_cast<TensorId>(id));
    at = end;
  }
  std::vector<TensorId> sorted = result;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) reader.fail("each id once", std::to_string(*twice) + " twice");
  return result;
}

bool contains(const std::vector<TensorId>& ids, TensorId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

void write_ids(std::ostream& out, const std::vector<TensorId>& ids) {
  for (std::size_t i = 0; i < ids.size(); ++i) out << (i == 0 ? "" : " ") << ids[i];
}

/// Reads the records of a schedule one by one and watches its sums.
class ScheduleReader {
 public:
  explicit ScheduleReader(std::istream& in) : reader_(in) {}

  Schedule read() {
    expect_header(reader_, kScheduleHeader);
    while (reader_.next()) {
      const std::string& record = reader_.fields().front();
      if (record == "tensor") {
        read_tensor();
      } else if (record == "op") {
        read_op();
      } else if (record == "overwrite") {
        read_overwrite();
      } else {
        reader_.fail("a record 'tensor', 'op' or 'overwrite'", record);
      }
    }
    return std::move(schedule_);
  }

 private:
  void read_tensor() {
    reader_.expect_fields(5, kTensorForm);
    expect_index(reader_, "tensor id", schedule_.tensors.size());
    const Role role = one_of<Role>(reader_, 3, kRoles);
    schedule_.tensors.push_back({reader_.fields()[2], role, add_up(4, "bytes", bytes_)});
  }

  void read_op() {
    reader_.expect_fields(8, kOpForm);
    expect_index(reader_, "op index", schedule_.ops.size());
    Op op;
    op.name = reader_.fields()[2];
    op.phase = one_of<Phase>(reader_, 3, kPhases);
    op.time_ns = add_up(4, "time_ns", time_ns_);
    op.workspace_bytes = reader_.number(5, "workspace_bytes", kLargestSum);
    op.reads = ids(reader_, 6, schedule_.tensors.size());
    op.writes = ids(reader_, 7, schedule_.tensors.size());
    schedule_.ops.push_back(std::move(op));
  }

  void read_overwrite() {
    reader_.expect_fields(4, kOverwriteForm);
    const std::uint64_t index = reader_.number(1, "op index", kLargestIndex);
    if (index >= schedule_.ops.size()) {
      reader_.fail("the index of an op above (" + std::to_string(schedule_.ops.size()) + " so far)",
                   reader_.fields()[1]);
    }
    Op& op = schedule_.ops[index];
    const auto id = [&](std::size_t field, const char* what, bool read) {
      const auto tensor = static_cast<TensorId>(reader_.number(field, "tensor id", kLargestIndex));
      if (contains(op.reads, tensor) != read || contains(op.writes, tensor) == read)
        reader_.fail("a tensor that op " + std::to_string(index) + what, reader_.fields()[field]);
      return tensor;
    };
    const Overwrite pair{id(2, " reads and does not write", true), id(3, " writes and does not read", false)};
    if (std::find(op.overwrites.begin(), op.overwrites.end(), pair) != op.overwrites.end())
      reader_.fail("each pair once", "the same pair again");
    op.overwrites.push_back(pair);
  }

  std::uint64_t add_up(std::size_t field, std::string_view what, std::uint64_t& sum) {
    const std::uint64_t value = reader_.number(field, what, kLargestSum);
    sum += value;
    if (sum > kLargestSum)
      reader_.fail("a sum of " + std::string(what) + " below 2^62", reader_.fields()[field]);
    return value;
  }

  RecordReader reader_;
  Schedule schedule_;
  std::uint64_t bytes_ = 0;
  std::uint64_t time_ns_ = 0;
};

Action read_action(const RecordReader& reader) {
  Action action;
  action.kind = one_of<ActionKind>(reader, 0, kActions);
  const auto index = [&](std::size_t field, std::string_view what) {
    return static_cast<std::uint32_t>(reader.number(field, what, kLargestIndex));
  };
  if (action.kind == ActionKind::place) {
    reader.expect_fields(3, "place,<tensor>,<offset_bytes>");
    action.target = index(1, "tensor id");
    action.offset_bytes = reader.number(2, "offset_bytes", kLargestSum);
    return action;
  }
  const bool recompute = action.kind == ActionKind::recompute;
  reader.expect_fields(3, std::string(to_string(action.kind)) + ",<op>," + (recompute ? "<op>" : "<tensor>"));
  action.op = index(1, "op index");
  action.target = index(2, recompute ? "op index" : "tensor id");
  return action;
}

}  // namespace

TextError::TextError(std::size_t line, const std::string& message)
    : std::runtime_error("line " + std::to_string(line) + ": " + message), line_(line) {}

void write_schedule(std::ostream& out, const Schedule& schedule) {
  out << kScheduleHeader << '\n';
  for (std::size_t id = 0; id < schedule.tensors.size(); ++id) {
    const TensorInfo& tensor = schedule.tensors[id];
    out << "tensor," << id << ',' << csv_field(tensor.name) << ',' << to_string(tensor.role) << ','
        << tensor.bytes << '\n';
  }
  for (std::size_t index = 0; index < schedule.ops.size(); ++index) {
    const Op& op = schedule.ops[index];
    out << "op," << index << ',' << csv_field(op.name) << ',' << to_string(op.phase) << ',' << op.time_ns
        << ',' << op.workspace_bytes << ',';
    write_ids(out, op.reads);
    out << ',';
    write_ids(out, op.writes);
    out << '\n';
  }
  for (std::size_t index = 0; index < schedule.ops.size(); ++index) {
    for (const Overwrite& pair : schedule.ops[index].overwrites) {
      out << "overwrite," << index << ',' << pair.read << ',' << pair.written << '\n';
    }
  }
}

Schedule read_schedule(std::istream& in) { return ScheduleReader(in).read(); }

void write_plan(std::ostream& out, const Plan& plan) {
  out << kPlanHeader << '\n';
  for (const Action& action : plan.actions) {
    out << to_string(action.kind) << ',';
    if (action.kind == ActionKind::place) {
      out << action.target << ',' << action.offset_bytes << '\n';
    } else {
      out << action.op << ',' << action.target << '\n';
    }
  }
}

Plan read_plan(std::istream& in) {
  RecordReader reader(in);
  expect_header(reader, kPlanHeader);
  Plan plan;
  while (reader.next()) plan.actions.push_back(read_action(reader));
  return plan;
}

}  // namespace octrain::advisor
