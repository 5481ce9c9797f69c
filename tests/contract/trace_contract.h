// What a trace tells of a training in any memory: a file of the trace event format, whose slices and bytes
// are those that the memory counted. Instantiate like MemorySpaceContract.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "contract/memory_space_case.h"
#include "contract/op_work.h"
#include "octrain/advisor/check.h"
#include "octrain/runtime/trace.h"
#include "octrain/runtime/units.h"
#include "support/temporary_directory.h"

namespace octrain::runtime {

class TraceContract : public testing::TestWithParam<MemorySpaceCase> {
 protected:
  static constexpr std::uint64_t kBudgetBytes = 16 * kBlockBytes, kWorkspaceBytes = kBlockBytes;
  static constexpr std::uint64_t kTraced = 2, kTrained = 3;
  static constexpr TensorId kW = 0, kA = 1, kB = 2, kC = 3, kG = 4;

  void SetUp() override {
    if (!GetParam().skip.empty()) GTEST_SKIP() << GetParam().skip;
    GetParam().begin();
    make_schedule();
    std::vector<std::uint64_t> bytes;
    for (const advisor::TensorInfo& tensor : schedule_.tensors) bytes.push_back(tensor.bytes);
    const std::uint64_t device_bytes = GetParam().moves ? kBudgetBytes : 0;
    SpaceUnderTest made = GetParam().make({bytes, device_bytes, kWorkspaceBytes});
    work_ = std::move(made.work);
    space_ = std::move(made.space);
    const std::vector<std::byte> weights(bytes[kW], value_of(kW));
    space_->write_contents(kW, 0, weights);
  }
  void TearDown() override {
    if (IsSkipped()) return;
    work_->finish();
    space_.reset();
    work_.reset();
    GetParam().end();
  }

  void make_schedule() {
    using advisor::Phase;
    using advisor::Role;
    schedule_.tensors = {{"w", Role::weight, 2 * kBlockBytes},
                         {"a", Role::activation, 4 * kBlockBytes},
                         {"b", Role::activation, 4 * kBlockBytes},
                         {"c", Role::activation, 4 * kBlockBytes},
                         {"g", Role::gradient, 2 * kBlockBytes}};
    schedule_.ops = {{"the \"first\"\\\n op", Phase::forward, 10, 0, {kW}, {kA}},  // names are free text
                     {"make b", Phase::forward, 10, kWorkspaceBytes, {kA}, {kB}},
                     {"make c", Phase::forward, 10, 0, {kB}, {kC}},
                     {"make g", Phase::backward, 10, 0, {kC, kA}, {kG}},
                     {"update", Phase::update, 10, 0, {kG, kW}, {kW}}};
  }
  /// w comes and goes twice, a once; b and c are computed twice.
  [[nodiscard]] advisor::Plan plan() const {
    using enum advisor::ActionKind;
    if (!GetParam().moves || GetParam().demand_only) return {};
    return {{{prefetch, 0, kW, 0},
             {evict, 0, kW, 0},
             {evict, 1, kA, 0},
             {discard, 2, kB, 0},
             {discard, 2, kC, 0},
             {prefetch, 3, kA, 0},
             {recompute, 3, 1, 0},
             {recompute, 3, 2, 0},
             {discard, 3, kA, 0},
             {discard, 3, kB, 0},
             {discard, 3, kC, 0},
             {prefetch, 4, kW, 0},
             {discard, 4, kG, 0},
             {evict, 4, kW, 0}}};
  }
  static std::byte value_of(TensorId tensor) { return static_cast<std::byte>(tensor + 1); }
  [[nodiscard]] std::vector<OpFunction> functions() {
    std::vector<OpFunction> functions;
    for (const advisor::Op& op : schedule_.ops) {
      functions.emplace_back([this, &op](const OpContext& context) {
        for (const TensorId tensor : op.reads)
          work_->expect_filled(context.memory.address(tensor), value_of(tensor),
                               schedule_.tensors[tensor].bytes);
        for (const TensorId tensor : op.writes)
          work_->fill(context.memory.address(tensor), value_of(tensor), schedule_.tensors[tensor].bytes);
      });
    }
    return functions;
  }

  /// Trains, and reads what was written; counts what moved while it was recorded.
  nlohmann::json traced() {
    const advisor::Plan made = plan();
    if (!made.actions.empty()) {
      EXPECT_TRUE(advisor::check(schedule_, made, kBudgetBytes).ok());
    }
    const test::TemporaryDirectory directory;
    Trace trace(directory / "trace.json", kTraced);
    const std::vector<OpFunction> ops = functions();
    Executor executor(schedule_, ops, *space_, made);
    for (std::uint64_t iteration = 0; iteration < kTrained; ++iteration) {
      const bool recorded = trace.wants_more();
      EXPECT_EQ(recorded, iteration < kTraced);
      if (recorded) trace.resume(*space_);
      IterationMetrics metrics = executor.run({.iteration = iteration, .keeps_runs = recorded});
      EXPECT_EQ(metrics.runs.empty(), !recorded);
      if (!recorded) continue;
      count(metrics.memory);
      peak_ = std::max(peak_, metrics.memory.peak_resident_bytes);
      trace.add(iteration, metrics, *space_);
      space_->quiesce();
      count(space_->take_counters());  // what was under way at the end
    }
    trace.write(schedule_, *space_);
    EXPECT_FALSE(std::filesystem::exists(directory / "trace.json.tmp"));
    return nlohmann::json::parse(std::ifstream(directory / "trace.json"));
  }
  void count(const MemoryCounters& counters) {
    moved_.planned_in_bytes += counters.planned_in_bytes;
    moved_.planned_out_bytes += counters.planned_out_bytes;
    moved_.discarded_bytes += counters.discarded_bytes;
    moved_.fault_in_bytes += counters.fault_in_bytes;
    moved_.driver_evicted_bytes += counters.driver_evicted_bytes;
  }

  advisor::Schedule schedule_;
  std::unique_ptr<OpWork> work_;
  std::unique_ptr<MemorySpace> space_;
  MemoryCounters moved_;
  std::uint64_t peak_ = 0;
};

/// The slices of a trace by the name of their lane.
class TraceLanes {
 public:
  struct Slice {
    std::string name;
    std::int64_t start_ns = 0, end_ns = 0;
    nlohmann::json args;
  };
  struct Sample {
    std::int64_t time_ns = 0;
    std::uint64_t bytes = 0;
  };

  explicit TraceLanes(const nlohmann::json& trace) {
    std::map<int, std::string> names;
    for (const nlohmann::json& event : trace.at("traceEvents")) {
      const std::string phase = event.at("ph");
      const int lane = event.at("tid");
      if (phase == "M" && event.at("name") == "thread_name") names[lane] = event.at("args").at("name");
      if (phase == "X") {
        const std::int64_t start = ns(event.at("ts"));
        slices_[names.at(lane)].push_back(
            {event.at("name"), start, start + ns(event.at("dur")), event.at("args")});
      }
      if (phase == "C")
        samples_[event.at("name")].push_back({ns(event.at("ts")), event.at("args").at("bytes")});
    }
  }
  [[nodiscard]] const std::vector<Slice>& operator[](const std::string& lane) { return slices_[lane]; }
  [[nodiscard]] const std::vector<Sample>& counter(const std::string& name) { return samples_[name]; }
  [[nodiscard]] const std::map<std::string, std::vector<Slice>>& all() const { return slices_; }
  [[nodiscard]] std::uint64_t bytes(const std::string& lane) {
    std::uint64_t sum = 0;
    for (const Slice& slice : slices_[lane]) sum += slice.args.at("bytes").get<std::uint64_t>();
    return sum;
  }

 private:
  static std::int64_t ns(double microseconds) { return std::llround(microseconds * 1000); }

  std::map<std::string, std::vector<Slice>> slices_;
  std::map<std::string, std::vector<Sample>> samples_;
};

TEST_P(TraceContract, EveryRunOfAnOpIsASliceWithinItsIteration) {
  TraceLanes lanes(traced());
  const auto& iterations = lanes["iterations"];
  ASSERT_EQ(iterations.size(), kTraced);
  const bool again = !plan().actions.empty();
  const std::vector<int> order = again ? std::vector{0, 1, 2, 1, 2, 3, 4} : std::vector{0, 1, 2, 3, 4};
  const auto& ops = lanes["compute"];
  ASSERT_EQ(ops.size(), kTraced * order.size());
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const auto& iteration = iterations[i / order.size()];
    const std::size_t place = i % order.size();
    EXPECT_EQ(ops[i].args.at("op"), order[place]);
    EXPECT_EQ(ops[i].name, schedule_.ops[static_cast<std::size_t>(order[place])].name);
    EXPECT_EQ(ops[i].args.contains("recomputed"), again && (place == 3 || place == 4));
    EXPECT_GE(ops[i].start_ns, iteration.start_ns);
    EXPECT_LE(ops[i].end_ns, iteration.end_ns);
  }
  EXPECT_EQ(iterations[0].start_ns, 0) << "times count from there";
}

TEST_P(TraceContract, SlicesOfALaneDoNotOverlap) {
  const TraceLanes lanes(traced());
  for (const auto& [lane, slices] : lanes.all()) {
    for (std::size_t i = 0; i < slices.size(); ++i) {
      EXPECT_LE(slices[i].start_ns, slices[i].end_ns) << lane << ' ' << i;
      EXPECT_GE(slices[i].start_ns, i == 0 ? 0 : slices[i - 1].end_ns) << lane << ' ' << i;
    }
  }
}

TEST_P(TraceContract, BytesAreThoseThatTheMemoryCounts) {
  TraceLanes lanes(traced());
  EXPECT_EQ(lanes.bytes("prefetch"), moved_.planned_in_bytes);
  EXPECT_EQ(lanes.bytes("evict"), moved_.planned_out_bytes);
  EXPECT_EQ(lanes.bytes("evict for room"), moved_.driver_evicted_bytes);
  // Dead pages may stay until their room is wanted; there is too little for all of them.
  if (moved_.discarded_bytes > 0) {
    EXPECT_GT(lanes.bytes("drop"), 0U);
  }
  const std::uint64_t faulted = GetParam().records_faults ? moved_.fault_in_bytes : 0;
  EXPECT_EQ(lanes.bytes("faults"), faulted);
  if (!plan().actions.empty()) {
    EXPECT_EQ(lanes.bytes("prefetch"), kTraced * 8 * kBlockBytes) << "w, a, w";
    EXPECT_GE(lanes.bytes("reserve"), kTraced * 4 * kBlockBytes);
  }
  const auto& in = lanes.counter("bytes in");
  ASSERT_EQ(in.empty(), moved_.planned_in_bytes + faulted == 0);
  if (!in.empty()) {
    EXPECT_EQ(in.back().bytes, moved_.planned_in_bytes + faulted);
  }
}

TEST_P(TraceContract, ResidentBytesReachThePeak) {
  TraceLanes lanes(traced());
  const auto& samples = lanes.counter("resident bytes");
  if (!GetParam().moves) {
    EXPECT_TRUE(samples.empty()) << "nothing comes or goes";
    return;
  }
  std::uint64_t most = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    EXPECT_GE(samples[i].time_ns, i == 0 ? 0 : samples[i - 1].time_ns);
    most = std::max(most, samples[i].bytes);
  }
  EXPECT_EQ(most, peak_);
}

}  // namespace octrain::runtime
