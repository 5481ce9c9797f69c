#include "tuning_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <barrier>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {
namespace {

constexpr Choice kSix{6, Math::fma, true}, kOne{1, Math::fma, true}, kByRule{1, Math::fma, false};

/// While it lives no file can be longer: what a write finds on a full disk.
class FullDisk {
 public:
  explicit FullDisk(std::size_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit full{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &full);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    static_cast<void>(std::signal(SIGXFSZ, handler_));
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

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

TEST_F(TuningFileTest, NamesAFileItCannotRead) {
  std::filesystem::create_directories(path());
  try {
    const TuningFile file(path());
    FAIL() << "a directory cannot be read";
  } catch (const runtime::IoError& error) {
    EXPECT_EQ(std::string(error.what()).find(path().string()), 0U) << error.what();
  }
}

TEST_F(TuningFileTest, ChoicesHoldWhereTheyCannotBeWritten) {
  write("a file");  // where the directory should be
  const std::filesystem::path below = path() / "tuning";
  std::vector<std::string> warnings;
  TuningFile file(below, [&](const std::string& what) { warnings.push_back(what); });
  EXPECT_EQ(file.remember("card=A", kSix, {}), kSix);
  EXPECT_EQ(file.remember("card=B", kOne, {}), kOne);
  EXPECT_EQ(file.remember("card=A", kOne, kSix), kOne) << "the first was no good";
  EXPECT_EQ(file.find("card=A"), kOne);
  EXPECT_EQ(file.find("card=B"), kOne);
  ASSERT_EQ(warnings.size(), 1U) << "and not again";
  EXPECT_EQ(warnings[0].find(below.string()), 0U) << warnings[0];
  EXPECT_EQ(text(), "a file");
  EXPECT_EQ(TuningFile(below).remember("card=A", kSix, {}), kSix) << "whether or not anybody listens";
}

TEST_F(TuningFileTest, AFullDiskStopsNobody) {
  TuningFile(path()).remember("card=A", kSix, {});
  const std::size_t length = text().size() + 20;  // some of a line still goes there
  std::vector<std::string> warnings;
  TuningFile file(path(), [&](const std::string& what) { warnings.push_back(what); });
  std::optional<Choice> chosen;
  {
    const FullDisk full(length);
    chosen = file.remember("card=B", kOne, {});
  }
  EXPECT_EQ(chosen, kOne);
  EXPECT_EQ(file.find("card=B"), kOne);
  EXPECT_EQ(file.remember("card=C", kOne, {}), kOne);
  EXPECT_EQ(warnings.size(), 1U);
  EXPECT_EQ(text().size(), length) << "it is left alone even when there is room again";
  TuningFile later(path());
  EXPECT_EQ(later.find("card=A"), kSix);
  EXPECT_FALSE(later.find("card=B"));
  later.remember("card=B", kSix, {});
  EXPECT_EQ(TuningFile(path()).find("card=B"), kSix);
}

}  // namespace
}  // namespace octrain::layers::cuda
