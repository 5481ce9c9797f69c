// octrain plan, check and export, and the files that pass between them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "apps/program.h"

namespace octrain::testing {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

void write_lines(const std::filesystem::path& path, const std::vector<std::string>& lines) {
  std::ofstream file(path);
  for (const std::string& line : lines) file << line << '\n';
}

/// vgg11's schedule at a small size, and a budget of half its footprint.
class PlanFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    const Outcome exported = run_octrain({"export", "--model", "vgg11", "--batch", "8", "--image-size", "64",
                                          "--format", "schedule", "--out", schedule_});
    ASSERT_EQ(exported.exit_code, 0) << exported.err;
    const Outcome planned = plan("1GiB");
    ASSERT_EQ(planned.exit_code, 0) << planned.err;
    json_ = planned.json();
    budget_ = std::max(json_["footprint_bytes"].get<std::uint64_t>() / 2,
                       json_["largest_op_bytes"].get<std::uint64_t>());
  }
  [[nodiscard]] Outcome plan(const std::string& budget, const Arguments& more = {}) const {
    Arguments arguments = {"plan", "--schedule", schedule_, "--machine", "v100-16g", "--device-memory",
                           budget, "--json",     "-"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_octrain(arguments);
  }
  [[nodiscard]] Outcome check(const std::string& plan_file) const {
    return run_octrain(
        {"check", "--schedule", schedule_, "--plan", plan_file, "--device-memory", std::to_string(budget_)});
  }

  TemporaryDirectory directory_;
  std::string schedule_ = directory_ / "schedule.csv";
  nlohmann::json json_;
  std::uint64_t budget_ = 0;
};

TEST_F(PlanFiles, JsonHasTheDocumentedKeys) {
  for (const char* key : {"machine", "device_memory_bytes", "footprint_bytes", "ideal_seconds",
                          "least_traffic_bytes", "policies"}) {
    EXPECT_TRUE(json_.contains(key)) << key;
  }
  ASSERT_GE(json_["policies"].size(), 5u);
  for (const auto& policy : json_["policies"]) {
    for (const char* key : {"policy", "feasible", "shortfall_bytes", "seconds", "of_ideal", "in_bytes",
                            "out_bytes", "discarded_bytes", "stall_seconds", "recompute_seconds",
                            "peak_bytes", "faults", "fault_in_bytes", "driver_evicted_bytes"}) {
      EXPECT_TRUE(policy.contains(key)) << key;
    }
  }
}

TEST_F(PlanFiles, AutoIsAsGoodAsTheBest) {
  const nlohmann::json json = plan(std::to_string(budget_)).json();
  ASSERT_EQ(json["policies"][0]["policy"], "auto");
  for (const auto& policy : json["policies"]) {
    EXPECT_LE(json["policies"][0]["seconds"], policy["seconds"]) << policy["policy"];
    EXPECT_LE(policy["of_ideal"], 1.0);
  }
}

TEST_F(PlanFiles, NaiveIsJudgedByItsFaultsAndTheOthersHaveNone) {
  const nlohmann::json json = plan(std::to_string(budget_)).json();
  for (const auto& policy : json["policies"]) {
    const bool naive = policy["policy"] == "naive";
    EXPECT_EQ(policy["faults"].get<std::uint64_t>() > 0, naive) << policy["policy"];
    EXPECT_EQ(policy["driver_evicted_bytes"].get<std::uint64_t>() > 0, naive) << policy["policy"];
    EXPECT_EQ(policy["fault_in_bytes"], naive ? policy["in_bytes"] : nlohmann::json(0)) << policy["policy"];
  }
}

TEST_F(PlanFiles, AWrittenPlanIsValidAndADamagedOneIsNot) {
  const std::string file = directory_ / "plan.csv";
  ASSERT_EQ(plan(std::to_string(budget_), {"--out", file}).exit_code, 0);
  const Outcome valid = check(file);
  EXPECT_EQ(valid.exit_code, 0) << valid.err;
  EXPECT_THAT(valid.out, HasSubstr("valid"));

  std::vector<std::string> lines = lines_of(file);
  const auto prefetch = std::find_if(lines.begin(), lines.end(),
                                     [](const std::string& line) { return line.starts_with("prefetch"); });
  ASSERT_NE(prefetch, lines.end());
  lines.erase(prefetch);
  write_lines(file, lines);
  const Outcome damaged = check(file);
  EXPECT_EQ(damaged.exit_code, 3);
  EXPECT_THAT(damaged.out, HasSubstr("reads"));
}

TEST_F(PlanFiles, PolicyOptionsReachThePoliciesThatHaveThem) {
  const auto out_bytes = [&](const Arguments& more) {
    const nlohmann::json json = plan(std::to_string(budget_), more).json();
    std::map<std::string, std::uint64_t> bytes;
    for (const auto& policy : json["policies"]) bytes[policy["policy"]] = policy["out_bytes"];
    return bytes;
  };
  const auto plain = out_bytes({});
  const auto without = out_bytes({"--policy-option", "version=1", "--policy-option", "n_tensors=0"});
  EXPECT_NE(plain.at("tflms"), without.at("tflms"));
  EXPECT_EQ(plain.at("vdnn-all"), without.at("vdnn-all"));
  EXPECT_EQ(out_bytes({"--policy", "tflms", "--policy-option", "version=1", "--policy-option", "n_tensors=0"})
                .at("tflms"),
            without.at("tflms"));
}

TEST_F(PlanFiles, BadFilesAreNamedWithTheirLine) {
  std::vector<std::string> lines = lines_of(schedule_);
  lines[2] = "tensor,1,name,weight,many";
  write_lines(schedule_, lines);
  const Outcome outcome = plan("1GiB");
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.error_line(), HasSubstr(schedule_ + ":3: "));

  const Outcome missing = run_octrain({"plan", "--schedule", directory_ / "none.csv", "--machine", "host"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.error_line(), HasSubstr("none.csv"));
}

TEST_F(PlanFiles, ABudgetBelowTheLargestOpIsRefusedWithTheShortfall) {
  const std::uint64_t largest = json_["largest_op_bytes"];
  const Outcome outcome = plan(std::to_string(largest - 1));
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_THAT(outcome.error_line(), HasSubstr("short"));
  EXPECT_FALSE(outcome.json()["policies"][0]["feasible"]);
  EXPECT_EQ(outcome.json()["policies"][0]["shortfall_bytes"], 1);
}

TEST_F(PlanFiles, MachinesComeFromFilesToo) {
  const std::string file = directory_ / "machine.json";
  std::ofstream(file)
      << R"({"name": "small", "device_bytes": 1073741824, "link_in_bytes_per_s": 1e9, "link_out_bytes_per_s": 1e9})";
  const Outcome outcome = run_octrain({"plan", "--schedule", schedule_, "--machine", file, "--json", "-"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["machine"], "small");
  EXPECT_EQ(outcome.json()["device_memory_bytes"], 1073741824);

  // Without a link that costs anything, faults are all that takes time; overlapped, far less of it.
  const auto naive_seconds = [&](const std::string& overlap) {
    std::ofstream(file)
        << R"({"fault_ns": 1000000, "host_bytes": 1, "tier_bytes_per_s": 1e15, "tracks_writes": true)"
        << overlap << "}";
    const Outcome naive = run_octrain({"plan", "--schedule", schedule_, "--machine", file, "--device-memory",
                                       std::to_string(budget_), "--policy", "naive", "--json", "-"});
    EXPECT_EQ(naive.exit_code, 0) << naive.err;
    return naive.json()["policies"][0]["stall_seconds"].get<double>();
  };
  EXPECT_LT(naive_seconds(R"(, "faults_overlap": true)"), naive_seconds(""));

  // Some weights leave between two reads.
  const auto out_bytes = [&](const std::string& clean) {
    std::ofstream(file) << R"({"clean_evictions_copy": )" << clean << "}";
    const Outcome planned = run_octrain({"plan", "--schedule", schedule_, "--machine", file,
                                         "--device-memory", std::to_string(budget_), "--policy", "vdnn-all",
                                         "--recompute", "none", "--share", "none", "--json", "-"});
    EXPECT_EQ(planned.exit_code, 0) << planned.err;
    return planned.json()["policies"][0]["out_bytes"].get<std::uint64_t>();
  };
  EXPECT_GT(out_bytes("true"), out_bytes("false"));

  std::ofstream(file) << R"({"device_bites": 1})";
  const Outcome misspelt = run_octrain({"plan", "--schedule", schedule_, "--machine", file});
  EXPECT_EQ(misspelt.exit_code, 3);
  EXPECT_THAT(misspelt.error_line(), HasSubstr("device_bites"));
}

TEST(PlanCommand, FindsTheLargestBatchThatFitsInCore) {
  const Arguments arguments = {"plan",     "--model",         "lenet", "--batch", "8", "--machine",
                               "v100-16g", "--device-memory", "64MiB", "--json",  "-"};
  const Outcome outcome = run_octrain(arguments);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto batch = outcome.json()["largest_batch_in_core"].get<std::int64_t>();
  const auto footprint_at = [](std::int64_t size) {
    return run_octrain({"plan", "--model", "lenet", "--batch", std::to_string(size), "--machine", "v100-16g",
                        "--policy", "lookahead", "--json", "-"})
        .json()["footprint_bytes"]
        .get<std::uint64_t>();
  };
  EXPECT_LE(footprint_at(batch), 64u << 20);
  EXPECT_GT(footprint_at(batch + 1), 64u << 20);
}

}  // namespace
}  // namespace octrain::testing
