// Which algorithm a convolution gets, on a fake cuDNN.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "library_case.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::cuda::testing {
namespace {

using ::testing::ElementsAre;

class ConvolutionAlgorithmsTest : public ::testing::Test {
 protected:
  ConvolutionAlgorithmsTest()
      : path_(std::filesystem::temp_directory_path() /
              ("octrain-algorithms-" + std::to_string(getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    reset_fake();
    options_.tuning_file = path_;
    options_.workspace_limit_bytes = 4096;
    options_.warn = [this](const std::string& what) { warnings_.push_back(what); };
    std::filesystem::remove(path_);
  }
  ~ConvolutionAlgorithmsTest() override { std::filesystem::remove(path_); }

  /// cuDNN's rules say 6, measurements 1.
  static void let_rules_and_measurements_differ() {
    fake().forward = {{.number = 6, .milliseconds = 2}, {.number = 1, .milliseconds = 1}};
  }

  /// The runs of all ops of a layer, those of a slab of one image last.
  [[nodiscard]] std::vector<std::string> run() const {
    ConvolutionParams params;
    params.outputs = 2;
    params.kernel_h = params.kernel_w = 3;
    const LibraryCase c = make_case({5, 2, 5, 5}, params);
    CudaContext context(options_);
    const std::unique_ptr<Kernel> kernel = make_cuda_kernel(c, context);
    fake().runs.clear();
    LibraryRun(c, *kernel, false).run();
    EXPECT_EQ(fake().allocated_bytes, 0U);
    return fake().runs;
  }
  /// The forward op's run.
  [[nodiscard]] std::string forward() const { return run().front(); }
  [[nodiscard]] std::string text() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path path_;
  CudaBackendOptions options_;
  std::vector<std::string> warnings_;
};

TEST_F(ConvolutionAlgorithmsTest, EachOpGetsItsFastest) {
  fake().forward = {{.number = 0, .milliseconds = 2}, {.number = 1, .milliseconds = 1}};
  fake().backward_data = {{.number = 4, .milliseconds = 1}, {.number = 5, .milliseconds = 2}};
  fake().backward_parameters = {{.number = 5, .milliseconds = 3}, {.number = 6, .milliseconds = 2}};
  EXPECT_THAT(run(),
              ElementsAre("forward 1 fma", "forward 1 fma", "forward 1 fma", "backward_parameters 6 fma",
                          "backward_data 4 fma", "backward_parameters 6 fma", "backward_data 4 fma",
                          "backward_parameters 6 fma", "backward_data 4 fma"));
}

TEST_F(ConvolutionAlgorithmsTest, LaterRunsTakeTheSameWithoutMeasuring) {
  fake().forward = {{.number = 0, .milliseconds = 2}, {.number = 1, .milliseconds = 1}};
  EXPECT_EQ(forward(), "forward 1 fma");
  const int measurements = fake().measurements;
  EXPECT_EQ(measurements, 12) << "three ops, of two images and of one, twice each";
  fake().forward[0].milliseconds = 0.5;  // as noise may have it
  EXPECT_EQ(forward(), "forward 1 fma");
  EXPECT_EQ(fake().measurements, measurements);
}

TEST_F(ConvolutionAlgorithmsTest, OtherBoundsAreOtherChoices) {
  fake().forward = {{.number = 0, .milliseconds = 2},
                    {.number = 1, .milliseconds = 1, .workspace_bytes = 100}};
  EXPECT_EQ(forward(), "forward 1 fma");
  options_.workspace_limit_bytes = 99;
  EXPECT_EQ(forward(), "forward 0 fma");
  options_.workspace_limit_bytes = 0;
  EXPECT_EQ(forward(), "forward 0 fma");
}

TEST_F(ConvolutionAlgorithmsTest, WhatIsNotDeterministicIsTakenOnlyWhenAllowed) {
  fake().backward_parameters = {{.number = 0, .milliseconds = 1},  // by the documentation
                                {.number = 5, .milliseconds = 2, .determinism = CUDNN_NON_DETERMINISTIC},
                                {.number = 1, .milliseconds = 3}};
  fake().backward_data = {{.number = 0, .milliseconds = 1}, {.number = 1, .milliseconds = 3}};
  EXPECT_EQ(run()[3], "backward_parameters 1 fma");
  EXPECT_EQ(run()[4], "backward_data 1 fma");
  options_.deterministic = false;
  EXPECT_EQ(run()[3], "backward_parameters 0 fma");
  EXPECT_EQ(run()[4], "backward_data 0 fma");
}

TEST_F(ConvolutionAlgorithmsTest, Tf32OnlyWhenAllowed) {
  fake().forward = {{.number = 1, .milliseconds = 2, .math = CUDNN_FMA_MATH},
                    {.number = 1, .milliseconds = 1, .math = CUDNN_TENSOR_OP_MATH},
                    {.number = 6, .milliseconds = 0.5, .math = CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION}};
  EXPECT_EQ(forward(), "forward 1 fma");
  options_.tf32 = true;
  EXPECT_EQ(forward(), "forward 1 tensor");
}

TEST_F(ConvolutionAlgorithmsTest, WithoutRoomToMeasureCudnnsRulesChooseAndAreRemembered) {
  let_rules_and_measurements_differ();
  fake().free_bytes = options_.workspace_limit_bytes;  // not for the operands beside it
  EXPECT_EQ(forward(), "forward 6 fma");
  EXPECT_EQ(fake().measurements, 0);
  EXPECT_NE(text().find("algorithm=6 math=fma by=rule\n"), std::string::npos) << text();
  fake().free_bytes *= 2;
  EXPECT_EQ(forward(), "forward 6 fma") << "losses stay the same";
}

TEST_F(ConvolutionAlgorithmsTest, WithoutAFileCudnnsRulesChoose) {
  let_rules_and_measurements_differ();
  options_.tuning_file.clear();
  EXPECT_EQ(forward(), "forward 6 fma");
  EXPECT_EQ(fake().measurements, 0);
}

TEST_F(ConvolutionAlgorithmsTest, AFileThatCannotBeReadIsAsIfThereWereNone) {
  let_rules_and_measurements_differ();
  std::filesystem::create_directory(path_);
  EXPECT_EQ(forward(), "forward 6 fma");
  EXPECT_EQ(fake().measurements, 0);
  EXPECT_THAT(warnings_, ElementsAre(::testing::StartsWith(path_.string() + ": ")));
}

TEST_F(ConvolutionAlgorithmsTest, WhereTheFileCannotBeWrittenMeasurementsChooseStill) {
  let_rules_and_measurements_differ();
  std::ofstream(path_) << "a file, where its directory should be";
  options_.tuning_file = path_ / "tuning";
  EXPECT_EQ(forward(), "forward 1 fma");
  EXPECT_EQ(fake().measurements, 12);
  EXPECT_THAT(warnings_, ElementsAre(::testing::StartsWith(options_.tuning_file.string() + ": ")));
}

TEST_F(ConvolutionAlgorithmsTest, MeasuresAnewWhatTheFileSaysWrong) {
  ASSERT_EQ(forward(), "forward 1 fma");
  const std::string good = text();
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string changed = good;
    for (std::size_t at = changed.find(from); at != std::string::npos;
         at = changed.find(from, at + to.size()))
      changed.replace(at, from.size(), to);
    return changed;
  };
  for (const char* wrong : {"algorithm=77 math=fma by", "algorithm=3 math=fma by",
                            "algorithm=1 math=tensor by", "algorithm=1 math=converting by", "algorithm"}) {
    std::ofstream(path_) << replaced("algorithm=1 math=fma by", wrong);
    fake().measurements = 0;
    EXPECT_EQ(forward(), "forward 1 fma") << wrong;
    EXPECT_EQ(fake().measurements, 12) << wrong;
    fake().measurements = 0;
    EXPECT_EQ(forward(), "forward 1 fma") << wrong;
    EXPECT_EQ(fake().measurements, 0) << wrong;
  }
}

TEST_F(ConvolutionAlgorithmsTest, TakesNothingFromTheFileThatIsNotDeterministic) {
  fake().backward_data = {{.number = 0, .milliseconds = 1}, {.number = 1, .milliseconds = 3}};
  ASSERT_EQ(run()[4], "backward_data 1 fma");
  std::string edited = text();
  const std::size_t line = edited.find("backward_data images=2");
  edited.replace(edited.find("algorithm=1", line), 11, "algorithm=0");
  std::ofstream(path_) << edited;
  EXPECT_EQ(run()[4], "backward_data 1 fma");
}

TEST_F(ConvolutionAlgorithmsTest, SaysWhenThereIsNone) {
  fake().forward = {{.number = 1, .milliseconds = 1, .workspace_bytes = std::uint64_t{1} << 30}};
  try {
    (void)run();
    FAIL() << "it ran beyond its bound";
  } catch (const runtime::DeviceError& error) {
    EXPECT_STREQ(
        error.what(),
        "layer 'conv': cuDNN has no deterministic algorithm for forward of 2 images within a workspace "
        "of 4.0 KiB");
  }
}

}  // namespace
}  // namespace octrain::layers::cuda::testing
