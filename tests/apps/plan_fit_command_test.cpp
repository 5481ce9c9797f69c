// octrain plan --fit: its answers are the borders that plain octrain plan shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "apps/program.h"

namespace octrain::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kMiB = 1 << 20;

/// A machine with so little memory that a small net's borders lie at small batches.
class PlanFit : public ::testing::Test {
 protected:
  void machine(std::uint64_t device_bytes, std::uint64_t host_bytes, double tier_bytes_per_s = 0) {
    const nlohmann::json fields = {{"name", "small"},
                                   {"device_bytes", device_bytes},
                                   {"host_bytes", host_bytes},
                                   {"tier_bytes_per_s", tier_bytes_per_s},
                                   {"flops_per_s", 1e10},
                                   {"memory_bytes_per_s", 1e10},
                                   {"fault_ns", 1000},
                                   {"link_in_bytes_per_s", 1e9},
                                   {"link_out_bytes_per_s", 1e9}};
    std::ofstream(machine_) << fields.dump();
  }
  [[nodiscard]] Outcome plan(const Arguments& more) const {
    Arguments arguments = {"plan", "--model", model_, "--machine", machine_, "--json", "-"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_octrain(arguments);
  }
  [[nodiscard]] Outcome plan_at(std::int64_t batch, const std::string& policy) const {
    return plan({"--batch", std::to_string(batch), "--policy", policy});
  }
  [[nodiscard]] nlohmann::json fit(const Arguments& more = {}) const {
    Arguments arguments = {"--fit"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = plan(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.json();
  }
  [[nodiscard]] std::uint64_t footprint_at(std::int64_t batch) const {
    return plan_at(batch, "lru").json()["footprint_bytes"];
  }
  [[nodiscard]] std::ptrdiff_t ops_at(std::int64_t batch, int accumulate) const {
    const std::string schedule = directory_ / "schedule.csv";
    const Outcome exported =
        run_octrain({"export", "--model", "lenet", "--batch", std::to_string(batch), "--accumulate",
                     std::to_string(accumulate), "--format", "schedule", "--out", schedule});
    EXPECT_EQ(exported.exit_code, 0) << exported.err;
    std::ifstream file(schedule);
    std::ptrdiff_t ops = 0;
    for (std::string line; std::getline(file, line);) ops += line.starts_with("op,") ? 1 : 0;
    return ops;
  }
  static nlohmann::json row_of(const nlohmann::json& fits, const std::string& policy) {
    for (const auto& row : fits["policies"]) {
      if (row["policy"] == policy) return row;
    }
    ADD_FAILURE() << "no row of " << policy;
    return {};
  }

  TemporaryDirectory directory_;
  std::string model_ = "lenet";
  std::string machine_ = directory_ / "machine.json";
};

TEST_F(PlanFit, TheHostsMemoryLimitsTheFootprint) {
  machine(24 * kMiB, 40 * kMiB);
  const nlohmann::json fits = fit();
  EXPECT_EQ(fits["device_memory_bytes"], 24 * kMiB);
  EXPECT_EQ(fits["host_memory_bytes"], 40 * kMiB);
  for (const std::string policy : {"lookahead", "vdnn-all", "lookahead+sqrt"}) {
    const nlohmann::json row = row_of(fits, policy);
    EXPECT_EQ(row["limited_by"], "host memory") << policy;
    EXPECT_EQ(row["at_least"], false) << policy;
    const auto batch = row["batch"].get<std::int64_t>();
    EXPECT_LE(footprint_at(batch), 64 * kMiB) << policy;
    EXPECT_GT(footprint_at(batch + 1), 64 * kMiB) << policy;
    EXPECT_EQ(row["footprint_bytes"], footprint_at(batch)) << policy;
    EXPECT_EQ(row["host_bytes"], footprint_at(batch) - 24 * kMiB) << policy;
  }
}

TEST_F(PlanFit, TheLargestOpLimitsWhatAnUnlimitedHostLeavesOpen) {
  machine(12 * kMiB, 0);
  const nlohmann::json fits = fit();
  EXPECT_TRUE(fits["host_memory_bytes"].is_null());
  for (const std::string policy : {"lru", "oc-caffe", "naive"}) {
    const nlohmann::json row = row_of(fits, policy);
    EXPECT_EQ(row["limited_by"], "device memory") << policy;
    const auto batch = row["batch"].get<std::int64_t>();
    EXPECT_EQ(plan_at(batch, policy).exit_code, 0) << policy;
    EXPECT_EQ(plan_at(batch + 1, policy).exit_code, 5) << policy;
  }
  // A tier takes what the host does not, so that its memory limits nothing.
  machine(12 * kMiB, 1, 1e9);
  EXPECT_EQ(row_of(fit({"--policy", "lru"}), "lru")["batch"], row_of(fits, "lru")["batch"]);
}

TEST_F(PlanFit, HasARowForEveryPolicyAndWhatPlanSaysOfItThere) {
  machine(24 * kMiB, 40 * kMiB);
  const nlohmann::json fits = fit();
  const auto in_core = row_of(fits, "in core");
  const auto automatic = row_of(fits, "auto");
  EXPECT_EQ(fits["policies"][0], in_core);
  EXPECT_EQ(fits["policies"][1], automatic);
  const Outcome at_batch = plan({"--batch", automatic["batch"].dump()});
  ASSERT_EQ(at_batch.exit_code, 0) << at_batch.err;
  const nlohmann::json plans = at_batch.json();
  EXPECT_EQ(in_core["batch"], plans["largest_batch_in_core"]);
  EXPECT_EQ(in_core["of_ideal"], 1.0);
  EXPECT_EQ(in_core["host_bytes"], 0);
  EXPECT_EQ(fits["policies"].size(), plans["policies"].size() + 1);
  for (const nlohmann::json& planned : plans["policies"]) {
    const nlohmann::json row = row_of(fits, planned["policy"]);
    EXPECT_LE(row["batch"], automatic["batch"]) << row;
    EXPECT_GE(row["batch"], in_core["batch"]) << row;
    if (row["batch"] != automatic["batch"]) continue;
    for (const char* key : {"seconds", "of_ideal", "peak_bytes", "recompute", "made_by"})
      EXPECT_EQ(row[key], planned[key]) << row["policy"] << ' ' << key;
    EXPECT_DOUBLE_EQ(row["images_per_second"], row["batch"].get<double>() / planned["seconds"].get<double>());
  }
}

TEST_F(PlanFit, OnePolicyAndOneMethodCanBeAskedFor) {
  model_ = "resnet-8";
  machine(24 * kMiB, 40 * kMiB);
  const nlohmann::json one = fit({"--policy", "tflms", "--recompute", "sqrt", "--accumulate", "2"});
  ASSERT_EQ(one["policies"].size(), 2u);
  EXPECT_EQ(one["policies"][1]["policy"], "tflms");
  EXPECT_EQ(one["policies"][1]["made_by"], "tflms+sqrt");
  EXPECT_EQ(one["policies"][1]["recompute"], "sqrt");
  EXPECT_DOUBLE_EQ(one["policies"][1]["images_per_second"], 2 * one["policies"][1]["batch"].get<double>() /
                                                                one["policies"][1]["seconds"].get<double>());
}

TEST_F(PlanFit, EndsWhereNothingLimitsTheBatchAndSaysSo) {
  machine(1024 * kMiB, 0);
  const Outcome table = run_octrain(
      {"plan", "--model", "lenet", "--machine", machine_, "--fit", "--policy", "lru", "--accumulate", "20"});
  ASSERT_EQ(table.exit_code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("at least: the search ends here, at 20000 ops"));
  EXPECT_THAT(table.err, HasSubstr("planning batch"));

  const nlohmann::json fits = fit({"--policy", "lru", "--accumulate", "20"});
  const nlohmann::json row = row_of(fits, "lru");
  EXPECT_EQ(fits["most_ops"], 20000);
  EXPECT_EQ(row["at_least"], true);
  EXPECT_EQ(row["limited_by"], "search");
  EXPECT_EQ(row_of(fits, "in core")["at_least"], false);
  const auto batch = row["batch"].get<std::int64_t>();
  EXPECT_GT(batch, row_of(fits, "in core")["batch"]);
  EXPECT_LE(ops_at(batch, 20), 20000);
  EXPECT_GT(ops_at(batch + 1, 20), 20000);
}

TEST_F(PlanFit, SaysWhenNotEvenOneImageFits) {
  machine(2 * kMiB, 0);
  const Outcome outcome = plan({"--fit"});
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_THAT(outcome.error_line(), HasSubstr("not even a batch of one image"));
  EXPECT_EQ(row_of(outcome.json(), "in core")["batch"], 0);
  EXPECT_EQ(row_of(outcome.json(), "lookahead")["batch"], 0);
  EXPECT_EQ(row_of(outcome.json(), "lookahead")["shortfall_bytes"],
            plan_at(1, "lookahead").json()["policies"][0]["shortfall_bytes"]);
}

TEST_F(PlanFit, RefusesWhatContradictsIt) {
  machine(24 * kMiB, 0);
  const auto refused = [&](const Arguments& more, const std::string& part) {
    Arguments arguments = {"plan", "--machine", machine_, "--fit"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run_octrain(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.error_line(), HasSubstr(part));
  };
  refused({"--model", "lenet", "--batch", "8"}, "--batch");
  refused({"--schedule", "schedule.csv"}, "--schedule");
  refused({"--model", "lenet", "--out", "plan.csv"}, "--out");
  refused({}, "--model");
  refused({"--model", "lenet", "--policy", "hope"}, "hope");
}

}  // namespace
}  // namespace octrain::testing
