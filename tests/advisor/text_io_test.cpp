#include "octrain/advisor/text_io.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace octrain::advisor {
namespace {

using ::testing::HasSubstr;

Schedule schedule_of(const std::string& text) {
  std::istringstream in(text);
  return read_schedule(in);
}

Plan plan_of(const std::string& text) {
  std::istringstream in(text);
  return read_plan(in);
}

template <typename Read>
void expect_error(const Read& read, const std::string& text, std::size_t line, const std::string& part) {
  try {
    (void)read(text);
    ADD_FAILURE() << "read without an error: " << text;
  } catch (const TextError& error) {
    EXPECT_EQ(error.line(), line) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(part));
    EXPECT_THAT(error.what(), HasSubstr("line " + std::to_string(line)));
  }
}

constexpr const char* kSmall =
    "octrain-schedule,1\n"
    "tensor,0,data,input,64\n"
    "tensor,1,\"w,1 \"\"a\"\"\",weight,8\n"
    "op,0,conv,forward,1000,16,0 1,\n"
    "op,1,sgd,update,5,0,1,1\n";

constexpr const char* kInPlace =
    "octrain-schedule,1\n"
    "tensor,0,a,activation,64\n"
    "tensor,1,b,activation,64\n"
    "tensor,2,w,weight,64\n"
    "op,0,conv,forward,10,0,,0\n"
    "op,1,relu,forward,10,0,0 2,1 2\n";

TEST(TextIo, AScheduleReadsAndWritesBack) {
  const Schedule schedule = schedule_of(kSmall);
  ASSERT_EQ(schedule.tensors.size(), 2u);
  EXPECT_EQ(schedule.tensors[0].role, Role::input);
  EXPECT_EQ(schedule.tensors[1].name, "w,1 \"a\"");
  ASSERT_EQ(schedule.ops.size(), 2u);
  EXPECT_EQ(schedule.ops[0].reads, (std::vector<TensorId>{0, 1}));
  EXPECT_TRUE(schedule.ops[0].writes.empty());
  EXPECT_EQ(schedule.ops[0].workspace_bytes, 16u);
  EXPECT_EQ(schedule.ops[1].phase, Phase::update);
  std::ostringstream out;
  write_schedule(out, schedule);
  EXPECT_EQ(out.str(), kSmall);
}

TEST(TextIo, OverwritesReadAndWriteBack) {
  std::string text(kInPlace);
  text += "overwrite,1,0,1\n";
  const Schedule schedule = schedule_of(text);
  EXPECT_TRUE(schedule.ops.at(0).overwrites.empty());
  EXPECT_EQ(schedule.ops.at(1).overwrites, (std::vector<Overwrite>{{0, 1}}));
  std::ostringstream out;
  write_schedule(out, schedule);
  EXPECT_EQ(out.str(), text);
}

TEST(TextIo, OverwritesAreOfWhatTheOpReadsAndOfWhatItWrites) {
  const std::string head = kInPlace;
  expect_error(schedule_of, head + "overwrite,2,0,1\n", 7, "op above (2 so far)");
  expect_error(schedule_of, head + "overwrite,1,0\n", 7, "overwrite,<op index>,<id read>,<id written>");
  expect_error(schedule_of, head + "overwrite,1,1,1\n", 7, "op 1 reads and does not write");
  expect_error(schedule_of, head + "overwrite,1,2,1\n", 7, "op 1 reads and does not write");
  expect_error(schedule_of, head + "overwrite,1,0,2\n", 7, "op 1 writes and does not read");
  expect_error(schedule_of, head + "overwrite,1,0,0\n", 7, "op 1 writes and does not read");
  expect_error(schedule_of, head + "overwrite,1,0,1\noverwrite,1,0,1\n", 8, "each pair once");
}

TEST(TextIo, BlankLinesAndCarriageReturnsDoNotMatter) {
  const Schedule schedule =
      schedule_of("\r\noctrain-schedule,1\r\n\n  \ntensor,0,a,state,4\r\nop,0,o,backward,1,0,0,\r\n");
  EXPECT_EQ(schedule.tensors.at(0).bytes, 4u);
  EXPECT_EQ(schedule.ops.at(0).reads.size(), 1u);
}

TEST(TextIo, ErrorsNameTheLineAndWhatWasExpected) {
  const std::string head = "octrain-schedule,1\ntensor,0,a,weight,4\n";
  expect_error(schedule_of, "", 1, "empty");
  expect_error(schedule_of, "octrain-plan,1\n", 1, "octrain-schedule,1");
  expect_error(schedule_of, "octrain-schedule,2\n", 1, "octrain-schedule,2");
  expect_error(schedule_of, head + "tensor,1,b,wieght,4\n", 3, "one of input, weight");
  expect_error(schedule_of, head + "\ntensor,1,b,weight\n", 4, "4 fields");
  expect_error(schedule_of, head + "tensor,1,b,weight,-4\n", 3, "bytes (an integer");
  expect_error(schedule_of, head + "tensor,4000000000,b,weight,4\n", 3, "tensor id 1");
  expect_error(schedule_of, head + "tensor,1,b,weight,4611686018427387900\ntensor,2,c,weight,9\n", 4,
               "a sum of bytes");
  expect_error(schedule_of, head + "op,0,o,forward,1,0,0 7,\n", 3, "found '7'");
  expect_error(schedule_of, head + "op,0,o,forward,1,0,0 0,\n", 3, "0 twice");
  expect_error(schedule_of, head + "op,0,o,forward,99999999999999999999,0,0,\n", 3, "time_ns");
  expect_error(schedule_of, head + "opp,0\n", 3, "'tensor', 'op' or 'overwrite'");
  expect_error(schedule_of, head + "tensor,1,\"b,weight,4\n\n", 3, "closing quote");
}

TEST(TextIo, APlanReadsAndWritesBack) {
  const char* text =
      "octrain-plan,1\nprefetch,0,3\nevict,1,3\ndiscard,2,4\nrecompute,5,1\nplace,3,1048576\nfree,6,3\n";
  const Plan plan = plan_of(text);
  ASSERT_EQ(plan.actions.size(), 6u);
  EXPECT_EQ(plan.actions[4].offset_bytes, 1048576u);
  EXPECT_EQ(plan.actions[4].target, 3u);
  EXPECT_EQ(plan.actions[3].target, 1u);
  std::ostringstream out;
  write_plan(out, plan);
  EXPECT_EQ(out.str(), text);
}

TEST(TextIo, PlanErrors) {
  expect_error(plan_of, "octrain-plan,1\nprefetch,0\n", 2, "prefetch,<op>,<tensor>");
  expect_error(plan_of, "octrain-plan,1\nfetch,0,1\n", 2, "one of prefetch, evict");
  expect_error(plan_of, "octrain-plan,1\nevict,0,4294967296\n", 2, "tensor id");
  expect_error(plan_of, "octrain-plan,1\nrecompute,x,0\n", 2, "op index");
}

}  // namespace
}  // namespace octrain::advisor
