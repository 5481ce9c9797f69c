#include "tuning_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {
namespace {

constexpr Choice kSix{6, Math::fma, true}, kOne{1, Math::fma, true}, kByRule{1, Math::fma, false};

class TuningFileTest : public ::testing::Test {
 protected:
  TuningFileTest()
      : directory_(std::filesystem::temp_directory_path() /
                   ("octrain-tuning-" + std::to_string(getpid()) + "-" +
                    ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::create_directories(directory_);
  }
  ~TuningFileTest() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::filesystem::path path() const { return directory_ / "tuning"; }
  void write(const std::string& text) const { std::ofstream(path()) << text; }
  [[nodiscard]] std::string text() const {
    std::ifstream file(path());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path directory_;
};

TEST_F(TuningFileTest, KnowsNothingAtFirst) {
  EXPECT_FALSE(TuningFile(path()).find("card=A"));
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(TuningFileTest, RemembersFromRunToRun) {
  EXPECT_EQ(TuningFile(path()).remember("card=A", kSix, {}), kSix);
  EXPECT_EQ(TuningFile(path()).remember("card=B", kByRule, {}), kByRule);
  const TuningFile file(path());
  EXPECT_EQ(file.find("card=A"), kSix);
  EXPECT_EQ(file.find("card=B"), kByRule);
  EXPECT_EQ(text(),
            "card=A -> algorithm=6 math=fma by=measurement\n"
            "card=B -> algorithm=1 math=fma by=rule\n");
}

TEST_F(TuningFileTest, MakesItsDirectory) {
  const std::filesystem::path deep = directory_ / "a" / "b" / "tuning";
  TuningFile(deep).remember("card=A", kSix, {});
  EXPECT_EQ(TuningFile(deep).find("card=A"), kSix);
}

TEST_F(TuningFileTest, IgnoresDamagedLines) {
  write(
      "card=A -> algorithm=6 math=f\n\x01\x02\n\n"
      "card=B -> algorithm=1 math=fma by=measurement\ncard=C -> algorithm=1 math=fma by=rule");
  TuningFile file(path());
  EXPECT_FALSE(file.find("card=A"));
  EXPECT_EQ(file.find("card=B"), kOne);
  EXPECT_FALSE(file.find("card=C")) << "it may have been cut off";
  // What is added stands on a line of its own.
  file.remember("card=D", kSix, {});
  EXPECT_EQ(TuningFile(path()).find("card=D"), kSix);
}

TEST_F(TuningFileTest, KeepsWhatAnotherProcessChoseMeanwhile) {
  TuningFile mine(path()), other(path());
  other.remember("card=A", kOne, {});
  EXPECT_EQ(mine.remember("card=A", kSix, {}), kOne);
  EXPECT_EQ(mine.find("card=A"), kOne);
  EXPECT_EQ(TuningFile(path()).find("card=A"), kOne);
}

TEST_F(TuningFileTest, ReplacesAChoiceThatIsNoLongerGood) {
  write("card=A -> algorithm=99 math=fma by=measurement\n");
  TuningFile file(path());
  const std::optional<Choice> bad = file.find("card=A");
  ASSERT_TRUE(bad);
  EXPECT_EQ(file.remember("card=A", kSix, bad), kSix);
  EXPECT_EQ(TuningFile(path()).find("card=A"), kSix);
}

TEST_F(TuningFileTest, HoldsTheLinesOfManyWriters) {
  constexpr int kWriters = 8, kKeys = 60;
  std::barrier together(kWriters);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      TuningFile file(path());
      for (int i = 0; i < kKeys; ++i) {
        together.arrive_and_wait();
        file.remember("card=" + std::to_string(i), {writer, Math::fma, true}, {});
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const std::string lines = text();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), kKeys) << "one choice for each key";
  for (int i = 0; i < kKeys; ++i) EXPECT_TRUE(TuningFile(path()).find("card=" + std::to_string(i)));
}

TEST_F(TuningFileTest, NamesAFileItCannotUse) {
  const std::filesystem::path directory = directory_ / "a directory";
  std::filesystem::create_directories(directory);
  EXPECT_THROW(TuningFile{directory}, runtime::IoError);
  write("a file");
  TuningFile below(path() / "tuning");
  try {
    below.remember("card=A", kSix, {});
    FAIL() << "a file cannot be a directory";
  } catch (const runtime::IoError& error) {
    EXPECT_NE(std::string(error.what()).find((path() / "tuning").string()), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace octrain::layers::cuda
