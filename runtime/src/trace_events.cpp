#include "trace_events.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>

namespace octrain::runtime {
namespace {

/// Lanes, in the order in which they are shown.
constexpr int kIterations = 1, kCompute = 2, kTransfers = 3;
constexpr int lane_of(TransferKind kind) { return kTransfers + static_cast<int>(kind); }

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned>(c));
      result += escaped.data();
    } else {
      result += c;
    }
  }
  return result + '"';
}

/// `"name":value` pairs in braces.
class Fields {
 public:
  Fields& add(std::string_view name, std::uint64_t value) { return raw(name, std::to_string(value)); }
  Fields& add(std::string_view name, std::string_view value) { return raw(name, quoted(value)); }
  Fields& raw(std::string_view name, const std::string& value) {
    text_ += (text_.empty() ? "{" : ",") + quoted(name) + ':' + value;
    return *this;
  }
  /// The format counts microseconds; a nanosecond is its third decimal place.
  Fields& time(std::string_view name, std::uint64_t ns) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%llu.%03u", static_cast<unsigned long long>(ns / 1000),
                  static_cast<unsigned>(ns % 1000));
    return raw(name, text.data());
  }
  [[nodiscard]] std::string text() const { return text_.empty() ? "{}" : text_ + '}'; }

 private:
  std::string text_;
};

class EventWriter {
 public:
  EventWriter(AtomicFile& file, std::uint64_t origin_ns) : file_(file), origin_ns_(origin_ns) {}

  void name_lane(int lane, std::string_view name) {
    put(event("M", "thread_name", lane).raw("args", Fields().add("name", name).text()));
    const auto place = static_cast<std::uint64_t>(lane);
    put(event("M", "thread_sort_index", lane).raw("args", Fields().add("sort_index", place).text()));
  }
  void name_process(std::string_view name) {
    put(event("M", "process_name", 0).raw("args", Fields().add("name", name).text()));
  }
  void slice(int lane, std::string_view name, std::uint64_t start_ns, std::uint64_t end_ns,
             const Fields& args) {
    Fields fields = event("X", name, lane);
    fields.time("ts", since_origin(start_ns)).time("dur", end_ns - start_ns).raw("args", args.text());
    put(fields);
  }
  void counter(std::string_view name, std::uint64_t time_ns, std::uint64_t value) {
    Fields fields = event("C", name, 0);
    put(fields.time("ts", since_origin(time_ns)).raw("args", Fields().add("bytes", value).text()));
  }
  [[nodiscard]] std::uint64_t since_origin(std::uint64_t ns) const { return ns - std::min(ns, origin_ns_); }
  void finish() {
    text_ += "\n]}\n";
    flush();
  }

 private:
  static constexpr std::size_t kFlushBytes = std::size_t{1} << 20;

  static Fields event(std::string_view phase, std::string_view name, int lane) {
    Fields fields;
    fields.add("ph", phase).add("name", name).add("pid", std::uint64_t{1});
    fields.add("tid", static_cast<std::uint64_t>(lane));
    return fields;
  }
  void put(const Fields& fields) {
    text_ += (first_ ? "\n" : ",\n") + fields.text();
    first_ = false;
    if (text_.size() > kFlushBytes) flush();
  }
  void flush() {
    file_.write(std::as_bytes(std::span(text_)));
    text_.clear();
  }

  AtomicFile& file_;
  std::uint64_t origin_ns_;
  std::string text_ = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[";
  bool first_ = true;
};

void write_iteration(EventWriter& events, const advisor::Schedule& schedule,
                     const Trace::Iteration& iteration) {
  const MemoryCounters& memory = iteration.memory;
  Fields args;
  args.add("planned_in_bytes", memory.planned_in_bytes).add("planned_out_bytes", memory.planned_out_bytes);
  args.add("discarded_bytes", memory.discarded_bytes).add("peak_resident_bytes", memory.peak_resident_bytes);
  events.slice(kIterations, "iteration " + std::to_string(iteration.number), iteration.start_ns,
               iteration.end_ns, args);
  for (const OpRun& run : iteration.runs) {
    Fields op;
    op.add("op", std::uint64_t{run.op}).time("stall_us", run.time.stall_ns);
    if (run.again) op.raw("recomputed", "true");
    const std::uint64_t start_ns = run.time.start_ns + run.time.stall_ns;
    events.slice(kCompute, schedule.ops[run.op].name, start_ns, start_ns + run.time.run_ns, op);
  }
}

std::string name_of(const Transfer& transfer, const advisor::Schedule& schedule) {
  if (transfer.tensors.empty()) return std::string(lane_name(transfer.kind));
  std::string name = schedule.tensors[transfer.tensors.front()].name;
  if (transfer.tensors.size() > 1) name += " +" + std::to_string(transfer.tensors.size() - 1);
  return name;
}

bool goes_in(TransferKind kind) { return kind == TransferKind::prefetch || kind == TransferKind::fault; }
bool goes_out(TransferKind kind) { return kind == TransferKind::evict || kind == TransferKind::room; }

/// A lane may have several transfers under way, but slices of a lane may not overlap: each is drawn from
/// where that before it ended, and says when it really began.
void write_transfers(EventWriter& events, const advisor::Schedule& schedule, const TransferLog& log,
                     std::uint64_t end_ns) {
  std::vector<const Transfer*> order;
  for (const Transfer& transfer : log.transfers()) {
    if (transfer.start_ns < end_ns) order.push_back(&transfer);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Transfer* left, const Transfer* right) { return left->end_ns < right->end_ns; });
  std::array<std::uint64_t, kTransferKinds> lane_end{};
  std::uint64_t in_bytes = 0, out_bytes = 0;
  for (const Transfer* transfer : order) {
    std::uint64_t& end = lane_end[static_cast<std::size_t>(transfer->kind)];
    Fields args;
    args.add("bytes", transfer->bytes).add("at", transfer->offset_bytes);
    args.time("began_us", events.since_origin(transfer->start_ns));
    events.slice(lane_of(transfer->kind), name_of(*transfer, schedule), std::max(end, transfer->start_ns),
                 transfer->end_ns, args);
    end = transfer->end_ns;
    if (goes_in(transfer->kind)) events.counter("bytes in", end, in_bytes += transfer->bytes);
    if (goes_out(transfer->kind)) events.counter("bytes out", end, out_bytes += transfer->bytes);
  }
}

}  // namespace

void write_trace_events(AtomicFile& file, const advisor::Schedule& schedule,
                        std::span<const Trace::Iteration> iterations, std::uint64_t written,
                        const TransferLog& log) {
  const std::uint64_t end_ns =
      written < iterations.size() ? iterations[written].start_ns : std::numeric_limits<std::uint64_t>::max();
  iterations = iterations.first(std::min<std::size_t>(written, iterations.size()));
  EventWriter events(file, iterations.empty() ? 0 : iterations.front().start_ns);
  events.name_process("octrain");
  events.name_lane(kIterations, "iterations");
  events.name_lane(kCompute, "compute");
  for (std::size_t i = 0; i < kTransferKinds; ++i) {
    const auto kind = static_cast<TransferKind>(i);
    events.name_lane(lane_of(kind), lane_name(kind));
  }
  for (const Trace::Iteration& iteration : iterations) write_iteration(events, schedule, iteration);
  write_transfers(events, schedule, log, end_ns);
  for (const ResidentSample& sample : log.resident()) {
    if (sample.time_ns < end_ns) events.counter("resident bytes", sample.time_ns, sample.bytes);
  }
  events.finish();
}

}  // namespace octrain::runtime
