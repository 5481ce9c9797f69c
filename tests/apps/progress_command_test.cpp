// What a user sees of a training on a terminal, and without one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "apps/program.h"

namespace octrain::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Long enough (a second or more) for the line to be drawn more than once. Of one thread, which others on the
/// machine slow least.
const Arguments kTraining = {"--model",   "resnet-8", "--batch",      "8",  "--mode", "incore",
                             "--threads", "1",        "--iterations", "300"};

std::vector<std::string> pieces(const std::string& text, char separator) {
  std::vector<std::string> all;
  std::istringstream stream(text);
  for (std::string piece; std::getline(stream, piece, separator);) all.push_back(piece);
  return all;
}

/// As they were drawn over each other.
std::vector<std::string> drawn_lines(const std::string& screen) {
  std::vector<std::string> drawn;
  for (const std::string& line : pieces(screen, '\n')) {
    for (const std::string& piece : pieces(line, '\r')) {
      if (piece.find("/300  ") != std::string::npos) drawn.push_back(piece);
    }
  }
  return drawn;
}

class ProgressOnATerminal : public ::testing::TestWithParam<unsigned> {};

TEST_P(ProgressOnATerminal, IsOneLineThatFits) {
  const Outcome outcome = run_octrain_on_terminal(kTraining, GetParam(), {"TERM=xterm"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.out;
  const auto drawn = drawn_lines(outcome.out);
  ASSERT_GE(drawn.size(), 2u) << outcome.out;
  for (const std::string& line : drawn) EXPECT_LT(line.size(), GetParam()) << line;
  EXPECT_THAT(drawn.back(), HasSubstr("300/300"));
  EXPECT_THAT(drawn.back(), HasSubstr("loss"));
  EXPECT_THAT(drawn.front(), HasSubstr("ETA"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\x1b"))) << "no escape sequences, with NO_COLOR or without";
  EXPECT_THAT(pieces(outcome.out, '\n'), Contains(StartsWith("iteration  ")))
      << "the table has lines of its own";
}

INSTANTIATE_TEST_SUITE_P(Columns, ProgressOnATerminal, ::testing::Values(60u, 120u));

TEST(Progress, OnADumbTerminalIsPlainLines) {
  const Outcome outcome = run_octrain_on_terminal(kTraining, 60, {"TERM=dumb"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.out;
  for (const std::string& line : pieces(outcome.out, '\n')) {
    ASSERT_FALSE(line.empty());
    EXPECT_EQ(line.find('\r'), line.size() - 1) << line;  // the terminal's own, at the end of every line
  }
  EXPECT_THAT(outcome.out, HasSubstr("iteration 300/300  loss")) << "all of it, however wide";
  EXPECT_THAT(outcome.out, HasSubstr("stalled"));
}

TEST(Progress, WithoutATerminalIsPlainLines) {
  const Outcome outcome = run_octrain(kTraining);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, Not(HasSubstr("\r")));
  EXPECT_THAT(outcome.error_line(), StartsWith("iteration 300/300  loss"));
  for (const char* figure : {"images/s", "resident", "in ", "out ", "faults 0"})
    EXPECT_THAT(outcome.error_line(), HasSubstr(figure));
}

}  // namespace
}  // namespace octrain::testing
