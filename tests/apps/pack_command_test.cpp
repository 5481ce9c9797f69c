// octrain pack: files in, files out, and the verdict.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "apps/program.h"

namespace octrain::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Ten bytes are alive at op 5, and ten suffice; every heuristic ends at eleven.
constexpr const char* kBuffers =
    "id,lower,upper,size\n"
    "a,2,6,3\n"
    "b,5,9,7\n"
    "c,1,3,3\n"
    "d,0,2,5\n";

class PackFiles : public ::testing::Test {
 protected:
  void SetUp() override { std::ofstream(input_) << kBuffers; }
  [[nodiscard]] Outcome pack(const std::string& capacity, const Arguments& more = {}) const {
    Arguments arguments = {"pack", "--input", input_, "--capacity", capacity, "--output", output_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_octrain(arguments);
  }
  [[nodiscard]] std::string output() const {
    std::ostringstream text;
    text << std::ifstream(output_).rdbuf();
    return text.str();
  }

  TemporaryDirectory directory_;
  std::string input_ = directory_ / "buffers.csv";
  std::string output_ = directory_ / "offsets.csv";
};

TEST_F(PackFiles, WritesOffsetsWithinTheCapacity) {
  const Outcome outcome = pack("10");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("height 10 of 10  lower bound 10  ratio 1.0000  proven"));
  // b on the ground and a on it; c on the ground below a, and d on it.
  EXPECT_EQ(output(), "id,lower,upper,size,offset\na,2,6,3,7\nb,5,9,7,0\nc,1,3,3,0\nd,0,2,5,3\n");
}

TEST_F(PackFiles, TheAnswerCanBePackedAgain) {
  ASSERT_EQ(pack("10").exit_code, 0);
  const Outcome again = run_octrain({"pack", "--input", output_, "--capacity", "10", "--output", "-"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.out, output());
}

TEST_F(PackFiles, RefusesWithTheShortfall) {
  const Outcome heuristic = pack("10", {"--algorithm", "first-fit", "--json", "-"});
  EXPECT_EQ(heuristic.exit_code, 5);
  EXPECT_THAT(heuristic.error_line(),
              HasSubstr("first-fit finds no packing that fits into 10 bytes: the lowest is 1"));
  EXPECT_FALSE(std::filesystem::exists(output_));
  const nlohmann::json json = heuristic.json();
  EXPECT_EQ(json["fits"], false);
  EXPECT_EQ(json["shortfall_bytes"], json["height_bytes"].get<int>() - 10);
  const int shortfall = json["shortfall_bytes"];
  EXPECT_THAT(heuristic.error_line(), HasSubstr(std::to_string(shortfall) + " bytes, too few"));

  const Outcome hopeless = pack("7");
  EXPECT_EQ(hopeless.exit_code, 5);
  EXPECT_THAT(hopeless.error_line(), AllOf(HasSubstr("no packing fits into 7 bytes: 10 are alive at once"),
                                           HasSubstr("3 bytes, too few")));
}

TEST_F(PackFiles, JsonHasTheFigures) {
  const Outcome outcome = pack("1KiB", {"--json", "-", "--algorithm", "exact"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json json = outcome.json();
  EXPECT_EQ(json["capacity_bytes"], 1024);
  EXPECT_EQ(json["lower_bound_bytes"], 10);
  EXPECT_EQ(json["buffers"], 4);
  EXPECT_EQ(json["algorithm"], "exact");
  EXPECT_EQ(json["shortfall_bytes"], 0);
  for (const char* key : {"input", "height_bytes", "ratio", "proven", "fits"})
    EXPECT_TRUE(json.contains(key)) << key;
}

TEST_F(PackFiles, RefusesWrongUsageAndBadInput) {
  const Outcome algorithm = pack("10", {"--algorithm", "worst-fit"});
  EXPECT_EQ(algorithm.exit_code, 2);
  EXPECT_THAT(algorithm.error_line(), HasSubstr("profile-guided"));
  EXPECT_EQ(pack("much").exit_code, 2);
  EXPECT_EQ(pack("0").exit_code, 2);
  EXPECT_EQ(run_octrain({"pack", "--input", input_, "--capacity", "10"}).exit_code, 2);

  std::ofstream(input_, std::ios::app) << "e,4,3,1\n";
  const Outcome bad = pack("10");
  EXPECT_EQ(bad.exit_code, 3);
  EXPECT_THAT(bad.error_line(), HasSubstr(input_ + ":6: expected upper of at least lower (4), found '3'"));
  std::filesystem::remove(input_);
  EXPECT_EQ(pack("10").exit_code, 3);
}

}  // namespace
}  // namespace octrain::testing
