// The text form of packing problems and answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "octrain/advisor/text_io.h"
#include "support/packing_cases.h"

namespace octrain::advisor {
namespace {

using ::testing::HasSubstr;

PackingProblem problem_of(const std::string& text) {
  std::istringstream in(text);
  return read_packing(in);
}

void expect_error(const std::string& text, std::size_t line, const std::string& part) {
  try {
    (void)problem_of(text);
    ADD_FAILURE() << "read without an error: " << text;
  } catch (const TextError& error) {
    EXPECT_EQ(error.line(), line) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(part));
  }
}

TEST(PackingIo, ReadsTheColumnsInAnyOrder) {
  const PackingProblem problem = problem_of("upper,size,id,lower\r\n18,30,a,2\n\n9,8,\"b,1\",0\n");
  ASSERT_EQ(problem.buffers.size(), 2u);
  EXPECT_EQ(problem.buffers[0].id, "a");
  EXPECT_EQ(problem.buffers[0].lower, 2u);
  EXPECT_EQ(problem.buffers[0].upper, 18u);
  EXPECT_EQ(problem.buffers[0].size_bytes, 30u);
  EXPECT_EQ(problem.buffers[1].id, "b,1");
  EXPECT_TRUE(problem_of("id,lower,upper,size\n").buffers.empty());
}

TEST(PackingIo, WritesTheOffsetsAndReadsWhatItWrote) {
  const PackingProblem problem = problem_of("id,lower,upper,size\na,0,2,30\n\"b,1\",1,9,8\n");
  std::ostringstream out;
  write_packing(out, problem, {{0, 30}, 38, true});
  EXPECT_EQ(out.str(), "id,lower,upper,size,offset\na,0,2,30,0\n\"b,1\",1,9,8,30\n");
  const PackingProblem again = problem_of(out.str());
  ASSERT_EQ(again.buffers.size(), 2u);
  EXPECT_EQ(again.buffers[1].size_bytes, 8u);
}

TEST(PackingIo, ErrorsNameTheLineAndWhatWasExpected) {
  const std::string head = "id,lower,upper,size\n";
  expect_error("", 1, "empty");
  expect_error("id,lower,upper\n", 1, "a column size");
  expect_error("id,lower,upper,size,colour\n", 1, "found 'colour'");
  expect_error("id,lower,upper,size,id\n", 1, "each column once");
  expect_error("0,44032,282624,34816\n", 1, "id,lower,upper,size");
  expect_error(head + "a,0,1\n", 2, "3 fields");
  expect_error(head + "a,0,1,8\n\nb,0,-1,8\n", 4, "upper (an integer");
  expect_error(head + "a,0,1,1.5\n", 2, "size (an integer");
  expect_error(head + "a,5,4,8\n", 2, "upper of at least lower (5)");
  expect_error(head + "a,0,1,8\na,2,3,8\n", 3, "each id once");
  expect_error(head + "a,0,1,4611686018427387900\nb,0,1,9\n", 3, "a sum of sizes");
}

}  // namespace
}  // namespace octrain::advisor
