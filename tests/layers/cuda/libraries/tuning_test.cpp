#include "tuning.h"

#include <gtest/gtest.h>

#include <vector>

namespace octrain::layers::cuda {
namespace {

constexpr Bounds kBounds{.workspace_bytes = 1000, .deterministic = true, .tf32 = false};

Candidate candidate(int algorithm, float milliseconds, std::uint64_t workspace_bytes) {
  return {algorithm, Math::fma, true, milliseconds, workspace_bytes, true};
}

int fastest(const std::vector<Candidate>& candidates, const Bounds& bounds = kBounds) {
  const std::optional<Candidate> picked = pick_fastest(candidates, bounds);
  return picked ? picked->algorithm : -1;
}

int first(const std::vector<Candidate>& candidates, const Bounds& bounds = kBounds) {
  const std::optional<Candidate> picked = pick_first(candidates, bounds);
  return picked ? picked->algorithm : -1;
}

TEST(PickFastest, TakesTheFastest) {
  EXPECT_EQ(fastest({candidate(0, 3, 0), candidate(1, 1, 900), candidate(2, 2, 0)}), 1);
}

TEST(PickFastest, StaysWithinTheWorkspace) {
  EXPECT_EQ(fastest({candidate(0, 3, 1000), candidate(1, 1, 1001)}), 0);
  EXPECT_EQ(fastest({candidate(1, 1, 1001)}), -1);
  EXPECT_EQ(fastest({}), -1);
}

TEST(PickFastest, TakesTheLeastWorkspaceOfThoseThatAreAsFast) {
  // Within 2 %: algorithms 0 and 2; of these 2 needs less. 3 needs least, but is 5 % slower.
  EXPECT_EQ(fastest({candidate(0, 1.00F, 800), candidate(2, 1.01F, 100), candidate(3, 1.05F, 0)}), 2);
  // The same whatever the order, and for equal workspaces the faster.
  EXPECT_EQ(fastest({candidate(3, 1.05F, 0), candidate(2, 1.01F, 100), candidate(0, 1.00F, 800)}), 2);
  EXPECT_EQ(fastest({candidate(5, 1.01F, 100), candidate(4, 1.00F, 100)}), 4);
  EXPECT_EQ(fastest({candidate(5, 1.00F, 100), candidate(4, 1.00F, 100)}), 4);
}

TEST(PickFastest, LeavesOutWhatIsNotDeterministicUnlessToldOtherwise) {
  std::vector<Candidate> candidates = {candidate(0, 1, 0), candidate(1, 2, 0)};
  candidates[0].deterministic = false;
  EXPECT_EQ(fastest(candidates), 1);
  EXPECT_EQ(fastest(candidates, {.workspace_bytes = 1000, .deterministic = false, .tf32 = false}), 0);
}

TEST(PickFastest, LeavesOutWhatCannotRun) {
  std::vector<Candidate> candidates = {candidate(0, 0, 0), candidate(1, 2, 0)};
  candidates[0].usable = false;
  EXPECT_EQ(fastest(candidates), 1);
}

TEST(PickFastest, TakesTensorCoresOnlyWhereTheirPrecisionIsAllowed) {
  std::vector<Candidate> candidates = {candidate(0, 1, 0), candidate(1, 2, 0), candidate(2, 3, 0)};
  candidates[0].math = Math::converting;
  candidates[1].math = Math::tensor;
  EXPECT_EQ(fastest(candidates), 2);
  EXPECT_EQ(fastest(candidates, {.workspace_bytes = 1000, .deterministic = true, .tf32 = true}), 1);
}

TEST(PickFirst, KeepsTheOrder) {
  std::vector<Candidate> candidates = {candidate(0, 9, 0), candidate(1, 9, 2000), candidate(2, 9, 10),
                                       candidate(3, 1, 0)};
  candidates[0].deterministic = false;
  EXPECT_EQ(first(candidates), 2);
  EXPECT_EQ(first({candidates[0], candidates[1]}), -1);
}

constexpr ConvolutionShape kShape{.step = "forward",
                                  .images = 8,
                                  .channels = 3,
                                  .height = 224,
                                  .width = 200,
                                  .outputs = 64,
                                  .kernel_h = 7,
                                  .kernel_w = 5,
                                  .stride_h = 2,
                                  .stride_w = 1,
                                  .pad_h = 3,
                                  .pad_w = 2,
                                  .dilation_h = 1,
                                  .dilation_w = 2,
                                  .groups = 1};

TEST(ChoiceKey, NamesAllThatAChoiceDependsOn) {
  EXPECT_EQ(choice_key("NVIDIA H200", 91900, kBounds, kShape),
            "card=NVIDIA_H200 cudnn=91900 float32 deterministic limit=1000 forward images=8 bottom=3x224x200 "
            "outputs=64 kernel=7x5 stride=2x1 pad=3x2 dilation=1x2 groups=1");
}

TEST(ChoiceKey, DiffersWithEachOfIt) {
  const std::string key = choice_key("A", 1, kBounds, kShape);
  EXPECT_NE(key, choice_key("B", 1, kBounds, kShape));
  EXPECT_NE(key, choice_key("A", 2, kBounds, kShape));
  EXPECT_NE(key, choice_key("A", 1, {1000, false, false}, kShape));
  EXPECT_NE(key, choice_key("A", 1, {1000, true, true}, kShape));
  EXPECT_NE(key, choice_key("A", 1, {1001, true, false}, kShape));
  ConvolutionShape shape = kShape;
  shape.images = 4;
  EXPECT_NE(key, choice_key("A", 1, kBounds, shape));
  shape = kShape;
  shape.step = "backward_data";
  EXPECT_NE(key, choice_key("A", 1, kBounds, shape));
}

// TF32 is what float32 is multiplied by; 16-bit elements are multiplied as they are.
TEST(ChoiceKey, NamesTf32OfFloat32Alone) {
  const auto key = [](ElementType element, bool tf32) {
    return choice_key("A", 1, {1000, true, tf32, element}, kShape);
  };
  const std::string half = key(ElementType::float16, true), brain = key(ElementType::bfloat16, true);
  EXPECT_EQ(half, key(ElementType::float16, false));
  EXPECT_EQ(brain, key(ElementType::bfloat16, false));
  EXPECT_NE(half, brain);
  EXPECT_NE(half, key(ElementType::float32, true));
  EXPECT_NE(brain, key(ElementType::float32, true));
}

TEST(ChoiceLine, ReadsWhatItWrites) {
  const std::string key = choice_key("A card -> with = signs\n", 7, kBounds, kShape);
  for (const Choice choice :
       {Choice{0, Math::fma, true}, Choice{7, Math::standard, false}, Choice{12, Math::tensor, true}}) {
    const std::optional<ChoiceLine> read = parse_choice(format_choice({key, choice}));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->key, key);
    EXPECT_EQ(read->choice, choice);
  }
  EXPECT_EQ(format_choice({"card=A", {6, Math::fma, true}}), "card=A -> algorithm=6 math=fma by=measurement");
}

TEST(ChoiceLine, IsNothingWhenDamaged) {
  const std::string whole = "card=A images=1 -> algorithm=6 math=fma by=measurement";
  ASSERT_TRUE(parse_choice(whole));
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(parse_choice(std::string_view(whole).substr(0, length))) << length;
  for (const char* line :
       {"card=A -> algorithm=-1 math=fma by=rule", "card=A -> algorithm= math=fma by=rule",
        "card=A -> algorithm=6 math=half by=rule", "card=A -> algorithm=6 math=fma by=rule ",
        "card=A -> algorithm=99999999999 math=fma by=rule", "A -> algorithm=6 math=fma by=rule",
        "card=A algorithm=6 math=fma by=rule", "card=A -> algorithm=6math=fma by=rule"}) {
    EXPECT_FALSE(parse_choice(line)) << line;
  }
}

}  // namespace
}  // namespace octrain::layers::cuda
