// Text forms: every value comes back, and no garbage does more than throw TextError.
#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <string>

#include "octrain/advisor/policy.h"
#include "octrain/advisor/text_io.h"
#include "support/random_schedule.h"

namespace octrain::testing {
namespace {

using namespace octrain::advisor;

std::string text_of(const Schedule& schedule) {
  std::ostringstream out;
  write_schedule(out, schedule);
  return out.str();
}
std::string text_of(const Plan& plan) {
  std::ostringstream out;
  write_plan(out, plan);
  return out.str();
}

TEST(RandomText, SchedulesAndPlansComeBackAsTheyWere) {
  constexpr const char* kNames[] = {"conv1", "",       "a,b", "say \"no\"", "two\nlines",
                                    "tab\t", "line\r", "\"",  "ünïcode"};
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    RandomSchedule random(seed);
    Schedule schedule = random.make_with_overwrites();
    for (TensorInfo& tensor : schedule.tensors) tensor.name = kNames[random.below(9)];
    for (Op& op : schedule.ops) op.name = kNames[random.below(9)];
    std::istringstream schedule_text(text_of(schedule));
    EXPECT_EQ(text_of(read_schedule(schedule_text)), text_of(schedule)) << "seed " << seed;

    Plan plan =
        find_policy("lookahead")->make_plan({schedule, unit_machine(), largest_op_bytes(schedule)}).plan;
    plan.actions.push_back(place(0, 123));
    plan.actions.push_back(recompute(1, 0));
    plan.actions.push_back({ActionKind::free, 2, 1});
    std::istringstream plan_text(text_of(plan));
    EXPECT_EQ(read_plan(plan_text), plan) << "seed " << seed;
  }
}

TEST(RandomText, GarbageThrowsTextErrorOrReads) {
  constexpr std::string_view kAlphabet = ",\"\n\r \t0123456789-xopenstrgvicd\xff";
  std::mt19937 random(1);
  int refused = 0;
  for (std::uint32_t seed = 0; seed < 2000; ++seed) {
    std::string text = text_of(random_schedule(seed));
    for (std::size_t i = 0; i < 1 + random() % 5; ++i) {
      const std::size_t at = random() % text.size();
      const auto length = static_cast<std::ptrdiff_t>(random() % 6);
      if (random() % 3 == 0) text.erase(at, static_cast<std::size_t>(length));
      text.insert(std::min(at, text.size()), 1, kAlphabet[random() % kAlphabet.size()]);
    }
    std::istringstream schedule_text(text);
    std::istringstream plan_text("octrain-plan,1\n" + text.substr(text.size() / 2));
    try {
      (void)read_schedule(schedule_text);
    } catch (const TextError& error) {
      EXPECT_GE(error.line(), 1u);
      ++refused;
    }
    EXPECT_THROW((void)read_plan(plan_text), TextError);
  }
  EXPECT_GE(refused, 500);
}

}  // namespace
}  // namespace octrain::testing
