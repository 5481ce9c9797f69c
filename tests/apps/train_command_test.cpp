// octrain train: results, their JSON, and that training learns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "apps/program.h"

namespace octrain::testing {
namespace {

using ::testing::HasSubstr;

const Arguments kLenet = {"--model", "lenet", "--batch", "16"};

Arguments with(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Train, JsonHasTheDocumentedKeys) {
  const Outcome outcome =
      run_octrain(with(kLenet, {"--mode", "explicit", "--iterations", "3", "--json", "-"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json json = outcome.json();
  for (const char* key :
       {"model", "batch", "mode", "policy", "backend", "precision", "seed", "device_memory_bytes",
        "footprint_bytes", "oversubscription", "median_seconds", "iterations"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_FALSE(json.contains("test_accuracy")) << "nothing was tested";
  ASSERT_EQ(json["iterations"].size(), 3);
  for (const char* key : {"iteration", "loss", "seconds", "images_per_second", "planned_in_bytes",
                          "planned_out_bytes", "discarded_bytes", "faults", "fault_in_bytes",
                          "driver_evicted_bytes", "stall_seconds", "peak_resident_bytes"}) {
    EXPECT_TRUE(json["iterations"][2].contains(key)) << key;
  }
  EXPECT_EQ(json["model"], "lenet");
  EXPECT_EQ(json["mode"], "explicit");
  EXPECT_EQ(json["precision"], "fp32");
  EXPECT_FALSE(json["iterations"][2].contains("loss_scale")) << "fp16 has one";
  EXPECT_EQ(json["iterations"][2]["iteration"], 2);
}

TEST(Train, PrintsATableAndWritesJsonBesideIt) {
  const TemporaryDirectory directory;
  const auto file = directory / "result.json";
  const Outcome outcome =
      run_octrain(with(kLenet, {"--mode", "incore", "--iterations", "2", "--json", file.string()}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const char* part : {"iteration", "faults", "driver evicted", "median"})
    EXPECT_THAT(outcome.out, HasSubstr(part));
  EXPECT_THAT(outcome.err, HasSubstr("footprint"));
  EXPECT_EQ(nlohmann::json::parse(std::ifstream(file))["iterations"].size(), 2);
}

TEST(Train, LearnsAndReportsItsAccuracy) {
  const Outcome outcome =
      run_octrain(with(kLenet, {"--mode", "incore", "--iterations", "200", "--test", "--json", "-"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json json = outcome.json();
  EXPECT_LT(losses(json).back(), losses(json).front() / 2);
  EXPECT_GT(json.at("test_accuracy").get<double>(), 0.8);
}

TEST(Train, SeedsDecideEverything) {
  const Arguments run = with(kLenet, {"--mode", "incore", "--iterations", "2", "--json", "-"});
  const auto first = losses(run_octrain(with(run, {"--seed", "7"})).json());
  EXPECT_EQ(first, losses(run_octrain(with(run, {"--seed", "7"})).json()));
  EXPECT_NE(first, losses(run_octrain(with(run, {"--seed", "8"})).json()));
}

TEST(Train, EverySolverAndRatePolicyRuns) {
  for (const Arguments& solver :
       std::vector<Arguments>{{"--solver", "adam"},
                              {"--momentum", "0"},
                              {"--accumulate", "2"},
                              {"--lr-policy", "step", "--step-size", "1"},
                              {"--lr-policy", "multistep", "--steps", "1,2"},
                              {"--lr-policy", "poly", "--power", "2"},
                              {"--lr-policy", "exp", "--gamma", "0.9"},
                              {"--lr-policy", "inv", "--gamma", "0.1", "--power", "0.75"}}) {
    const Outcome outcome =
        run_octrain(with(with(kLenet, {"--mode", "incore", "--iterations", "3", "--json", "-"}), solver));
    EXPECT_EQ(outcome.exit_code, 0) << solver[0] << ' ' << outcome.err;
  }
}

TEST(Train, ManagedMemoryMovesOnlyWhatWasPlanned) {
  if (!managed_memory_works()) GTEST_SKIP() << "userfaultfd is not permitted here";
  const auto footprint = run_octrain({"--model", "lenet", "--batch", "256", "--mode", "incore",
                                      "--iterations", "1", "--json", "-"})
                             .json()["footprint_bytes"]
                             .get<std::uint64_t>();
  const Outcome outcome =
      run_octrain({"--model", "lenet", "--batch", "256", "--iterations", "4", "--json", "-", "--tier", "ram",
                   "--device-memory", std::to_string(footprint / 2)});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json json = outcome.json();
  for (std::size_t i = 1; i < json["iterations"].size(); ++i) {
    EXPECT_EQ(json["iterations"][i]["faults"], 0) << "iteration " << i;
    EXPECT_EQ(json["iterations"][i]["driver_evicted_bytes"], 0) << "iteration " << i;
    EXPECT_LE(json["iterations"][i]["peak_resident_bytes"], footprint / 2) << "iteration " << i;
  }
}

TEST(Train, NaiveManagedMemoryReservesNothing) {
  if (!managed_memory_works()) GTEST_SKIP() << "userfaultfd is not permitted here";
  const Arguments run = {"--model", "lenet", "--batch", "256", "--iterations", "1", "--json", "-"};
  const Outcome planned = run_octrain(run), naive = run_octrain(with(run, {"--mode", "um-naive"}));
  ASSERT_EQ(naive.exit_code, 0) << naive.err;
  EXPECT_THAT(planned.err, HasSubstr("memory: host um,"));
  EXPECT_THAT(naive.err, HasSubstr("memory: host um-naive,"));
  EXPECT_EQ(planned.json()["iterations"][0]["faults"], 0);
  EXPECT_GT(naive.json()["iterations"][0]["faults"], 0) << "outputs are faulted in as well";
}

TEST(Train, TestsOutOfCoreAsInCoreAndGoesOnAsIfItHadNot) {
  const Arguments resnet = {"--model", "resnet-8", "--batch", "16", "--iterations", "9", "--test-interval",
                            "3",       "--test",   "--json",  "-"};
  const Outcome in_core = run_octrain(with(resnet, {"--mode", "incore", "--share", "none"}));
  ASSERT_EQ(in_core.exit_code, 0) << in_core.err;
  for (const char* mode : {"explicit", "um"}) {
    if (std::string(mode) == "um" && !managed_memory_works()) continue;
    for (const char* tier : {"ram", "file"}) {
      const Outcome outside =
          run_octrain(with(resnet, {"--mode", mode, "--device-memory", "24MiB", "--tier", tier}));
      ASSERT_EQ(outside.exit_code, 0) << outside.err;
      EXPECT_EQ(losses(outside.json()), losses(in_core.json())) << mode << ' ' << tier;
      EXPECT_EQ(outside.json()["test_accuracy"], in_core.json()["test_accuracy"]) << mode << ' ' << tier;
    }
  }
}

TEST(Train, PlansAgainWithMeasuredTimesAndTheNumbersStay) {
  const Arguments resnet = {"--model", "resnet-8", "--batch", "16", "--iterations", "7", "--json", "-"};
  const Outcome in_core = run_octrain(with(resnet, {"--mode", "incore"}));
  ASSERT_EQ(in_core.exit_code, 0) << in_core.err;
  EXPECT_FALSE(in_core.json().contains("planned_again_after"));
  const Outcome planned = run_octrain(with(resnet, {"--mode", "explicit", "--device-memory", "24MiB"}));
  ASSERT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_EQ(planned.json()["planned_again_after"], 4);
  EXPECT_THAT(planned.err, HasSubstr("with measured times"));
  EXPECT_EQ(losses(planned.json()), losses(in_core.json()));
}

}  // namespace
}  // namespace octrain::testing
