// What the command line accepts, and what it answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "apps/program.h"

namespace octrain::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

void expect_refused(const Arguments& arguments, int exit_code, const std::string& text) {
  const Outcome outcome = run_octrain(arguments);
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
  EXPECT_THAT(outcome.error_line(), StartsWith("octrain: "));
  EXPECT_THAT(outcome.error_line(), HasSubstr(text));
  EXPECT_TRUE(outcome.out.empty()) << outcome.out;
}

TEST(CommandLine, HelpAndVersionSucceed) {
  EXPECT_EQ(run_octrain({"--help"}).exit_code, 0);
  const Outcome train = run_octrain({"train", "--help"});
  EXPECT_EQ(train.exit_code, 0);
  for (const char* option : {"--model", "--batch", "--iterations", "--epochs", "--data", "--mode", "--policy",
                             "--device-memory", "--backend", "--tier", "--tier-dir", "--seed", "--json"}) {
    EXPECT_THAT(train.out, HasSubstr(option));
  }
  const Outcome version = run_octrain({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, StartsWith("octrain "));
}

TEST(CommandLine, RefusesWrongUsage) {
  expect_refused({}, 2, "subcommand");
  expect_refused({"dance"}, 2, "octrain --help");
  expect_refused({"--model", "lenet", "--batch", "8", "--nonsense"}, 2, "--nonsense");
  expect_refused({"--batch", "8"}, 2, "--model");
  expect_refused({"--model", "lenet"}, 2, "--batch");
  expect_refused({"--model", "lenet", "--batch", "0"}, 2, "--batch");
  expect_refused({"--model", "lenet", "--batch", "8", "--mode", "magic"}, 2, "magic");
  expect_refused({"--model", "lenet", "--batch", "8", "--device-memory", "much"}, 2, "much");
  expect_refused({"--model", "lenet", "--batch", "8", "--link", "fast"}, 2, "fast");
  expect_refused({"--model", "lenet", "--batch", "8", "--iterations", "1", "--epochs", "1"}, 2, "--epochs");
}

TEST(CommandLine, RefusesArithmeticThatThereIsNot) {
  const auto expect = [](const Arguments& more, const std::string& text) {
    Arguments arguments = {"--model", "lenet", "--batch", "8", "--iterations", "1", "--backend", "host"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    expect_refused(arguments, 2, text);
  };
  expect({"--precision", "fp8"}, "'fp8' is not one of bf16|fp16|fp32|tf32");
  for (const char* precision : {"bf16", "fp16", "tf32"})
    expect({"--precision", precision}, "--precision other than fp32 needs the CUDA backend and a GPU");
  expect({"--fast-nondeterministic"}, "--fast-nondeterministic needs the CUDA backend and a GPU");
  expect({"--loss-scale", "128"}, "--loss-scale is for --precision fp16 only");
  for (const char* scale : {"0", "-1", "inf", "nan", "1e99", "128x", "much"})
    expect({"--precision", "fp16", "--loss-scale", scale}, "is neither auto nor a positive number");
}

TEST(CommandLine, RefusesNamesThatThereAreNot) {
  expect_refused({"plan", "--model", "lenet-6", "--batch", "8", "--machine", "v100-16g"}, 2, "vgg16");
  expect_refused({"plan", "--model", "lenet", "--batch", "8", "--machine", "abacus"}, 2, "v100-16g");
  expect_refused({"plan", "--model", "lenet", "--batch", "8", "--machine", "host", "--policy", "hope"}, 2,
                 "lookahead");
  expect_refused({"plan", "--machine", "host"}, 2, "--schedule");
  expect_refused({"plan", "--model", "lenet", "--batch", "8"}, 2, "--machine");
}

TEST(CommandLine, RefusesPolicyOptionsThatThereAreNot) {
  const auto expect = [](const std::string& policy, const std::string& option, const std::string& text) {
    expect_refused({"plan", "--model", "lenet", "--batch", "8", "--machine", "host", "--policy", policy,
                    "--policy-option", option},
                   2, text);
    if (policy == "all") return;
    expect_refused({"--model", "lenet", "--batch", "8", "--policy", policy, "--policy-option", option}, 2,
                   text);
  };
  expect("tflms", "hope=1", "memory_share");  // lists what there is
  expect("vdnn-all", "lb=1", "prefetch_ahead");
  expect("lru", "lb=1", "lru has none");
  expect("tflms", "memory_share=1.5", "0.1 to 1");
  expect("tflms", "memory_share=nan", "0.1 to 1");
  expect("tflms", "memory_share", "NAME=VALUE");
  expect("tflms", "memory_share=", "NAME=VALUE");
  expect("tflms", "memory_share=half", "NAME=VALUE");
  expect("tflms", "=1", "NAME=VALUE");
  expect("auto", "hope=1", "memory_share");
  expect("auto", "memory_share=2", "0.1 to 1");
  expect("all", "hope=1", "memory_share");
  expect("all", "cache=2", "superneurons");
  expect_refused({"--model", "lenet", "--batch", "8", "--mode", "incore", "--policy-option", "lb=1"}, 2,
                 "--policy-option");
}

TEST(CommandLine, ListsPoliciesWithTheirOptions) {
  const Outcome outcome = run_octrain({"plan", "--list-policies"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const char* part : {"auto: ", "lookahead: ", "vdnn-dyn: ", "superneurons: ", "tflms: ",
                           "\n    swapout_threshold=-1", "prefetch_ahead=1", "0 to 1", "0.1 to 1"}) {
    EXPECT_THAT(outcome.out, HasSubstr(part));
  }
}

TEST(CommandLine, TrainsWithAPolicyOption) {
  const Outcome outcome = run_octrain({"--model", "lenet", "--batch", "4", "--iterations", "1", "--mode",
                                       "explicit", "--policy", "vdnn-all", "--policy-option",
                                       "prefetch_ahead=0", "--policy-option", "liveness=0", "--json", "-"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.json()["policy"], "vdnn-all");
  EXPECT_EQ(outcome.json()["iterations"].size(), 1u);
}

TEST(CommandLine, RefusesContradictions) {
  expect_refused({"--model", "lenet", "--batch", "8", "--mode", "um-naive", "--policy", "lru"}, 2,
                 "--policy");
  expect_refused({"--model", "lenet", "--batch", "8", "--tier", "file", "--link", "12GB/s,10us"}, 2,
                 "--link");
  expect_refused({"--model", "lenet", "--batch", "8", "--solver", "adam", "--momentum", "0.5"}, 2,
                 "--momentum");
  expect_refused({"--model", "lenet", "--batch", "8", "--lr-policy", "multistep"}, 2, "--steps");
}

TEST(CommandLine, SaysWhyThereIsNoCudaBackend) {
  const std::string devices = run_octrain({"devices"}).out;
  const std::size_t at = devices.find("cuda backend\n  no: ");
  if (at == std::string::npos) GTEST_SKIP() << "there is one";
  expect_refused({"--model", "lenet", "--batch", "8", "--backend", "cuda"}, 4, "CUDA backend");
}

TEST(CommandLine, TrainIsTheDefaultCommand) {
  const Arguments options = {"--model", "lenet",  "--batch", "4",      "--iterations",
                             "2",       "--mode", "incore",  "--json", "-"};
  Arguments named = options;
  named.insert(named.begin(), "train");
  const Outcome by_default = run_octrain(options);
  ASSERT_EQ(by_default.exit_code, 0) << by_default.err;
  EXPECT_EQ(losses(by_default.json()), losses(run_octrain(named).json()));
}

TEST(CommandLine, DevicesTellsWhatIsThereAndWhatIsNot) {
  const Outcome outcome = run_octrain({"devices"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const char* part : {"host backend", "RAM", "file tier", "userfaultfd", "cuda backend"}) {
    EXPECT_THAT(outcome.out, HasSubstr(part));
  }
}

TEST(CommandLine, InspectShowsLayersRolesAndLargestOp) {
  const Outcome outcome = run_octrain({"inspect", "--model", "lenet", "--batch", "64"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  for (const char* part : {"Convolution", "64x20x24x24", "weight", "activation", "largest op", "431080"}) {
    EXPECT_THAT(outcome.out, HasSubstr(part));
  }
}

TEST(CommandLine, UnknownWaysToShareAreRefusedWithTheKnown) {
  const Outcome unknown =
      run_octrain({"--model", "lenet", "--batch", "8", "--iterations", "1", "--share", "magic"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.error_line(), ::testing::HasSubstr("smartpool"));
}

TEST(CommandLine, UnknownRecomputeMethodsAreRefusedWithTheKnown) {
  const Outcome outcome =
      run_octrain({"--model", "lenet", "--batch", "8", "--iterations", "1", "--recompute", "magic"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.error_line(), ::testing::HasSubstr("sqrt"));
}

TEST(CommandLine, RecomputeMethodsHaveOptionsToo) {
  const Arguments plan = {"plan", "--model",  "lenet", "--batch",         "8",           "--machine",
                          "host", "--policy", "lru",   "--policy-option", "dear_ratio=2"};
  EXPECT_EQ(run_octrain(plan).exit_code, 2) << "nothing recomputes";
  Arguments speed = plan;
  speed.insert(speed.end(), {"--recompute", "speed"});
  const Outcome outcome = run_octrain(speed);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(run_octrain({"plan", "--list-policies"}).out, HasSubstr("recompute speed"));
}

}  // namespace
}  // namespace octrain::testing
