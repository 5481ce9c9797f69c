// A log's file holds whole lines, whatever becomes of its writer and of the disk.
#include "line_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "octrain/runtime/error.h"
#include "support/temporary_directory.h"

namespace octrain::apps {
namespace {

using test::TemporaryDirectory;

std::string text_of(const std::filesystem::path& path) {
  const test::Bytes bytes = test::read_file(path);
  return {bytes.begin(), bytes.end()};
}

void write(const std::filesystem::path& path, const std::string& text) {
  test::write_file(path, test::Bytes(text.begin(), text.end()));
}

TEST(LineFile, HoldsALineWhenItWasAdded) {
  const TemporaryDirectory directory;
  LineFile file(directory / "log");
  file.add("a\n");
  EXPECT_EQ(text_of(directory / "log"), "a\n") << "while it is open";
  file.add("b\nc\n");
  EXPECT_EQ(text_of(directory / "log"), "a\nb\nc\n");
}

TEST(LineFile, ChangesNothingUntilItIsTold) {
  const TemporaryDirectory directory;
  write(directory / "log", "old\n");
  {
    LineFile file(directory / "log");
    EXPECT_FALSE(file.empty());
  }
  EXPECT_EQ(text_of(directory / "log"), "old\n");
  LineFile file(directory / "log");
  file.clear();
  EXPECT_TRUE(file.empty());
  file.add("new\n");
  EXPECT_EQ(text_of(directory / "log"), "new\n");
}

TEST(LineFile, LeavesNoEmptyFileBehind) {
  const TemporaryDirectory directory;
  { const LineFile file(directory / "log"); }
  EXPECT_FALSE(std::filesystem::exists(directory / "log"));
  write(directory / "old", "");
  { const LineFile file(directory / "old"); }
  EXPECT_TRUE(std::filesystem::exists(directory / "old")) << "it is somebody else's";
}

TEST(LineFile, CutsOffALineThatIsNotWhole) {
  const TemporaryDirectory directory;
  const std::string long_line(10'000, 'x');  // more than is looked at once
  for (const auto& [text, whole] :
       std::vector<std::pair<std::string, std::string>>{{"a\nb\n", "a\nb\n"},
                                                        {"a\nhal", "a\n"},
                                                        {"a\n" + long_line, "a\n"},
                                                        {long_line + "\n" + long_line, long_line + "\n"},
                                                        {long_line, ""},
                                                        {"", ""}}) {
    write(directory / "log", text);
    LineFile file(directory / "log");
    file.cut_partial_line();
    file.add("next\n");
    EXPECT_EQ(text_of(directory / "log"), whole + "next\n");
  }
}

TEST(LineFile, IsAsBeforeWhenThereIsNoRoom) {
  const TemporaryDirectory directory;
  LineFile file(directory / "log");
  file.add("whole\n");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit little = before;
  little.rlim_cur = 10;  // of the next line 4 bytes can be written
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &little);
  EXPECT_THROW(file.add("too long\n"), runtime::IoError);
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_EQ(text_of(directory / "log"), "whole\n");
  file.add("room again\n");
  EXPECT_EQ(text_of(directory / "log"), "whole\nroom again\n");
}

TEST(LineFile, RefusesWhatCannotBeWritten) {
  const TemporaryDirectory directory;
  EXPECT_THROW(LineFile(directory.path()), runtime::UsageError);
  EXPECT_THROW(LineFile(directory / "nowhere/log"), runtime::IoError);
  LineFile full("/dev/full");
  full.clear();  // of a device nothing is kept
  full.cut_partial_line();
  EXPECT_THROW(full.add("a\n"), runtime::IoError);
}

}  // namespace
}  // namespace octrain::apps
