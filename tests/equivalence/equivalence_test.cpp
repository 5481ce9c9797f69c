// The loss sequence is bit-identical in core and out of core: every mode, tier, policy and budget.
#include <gtest/gtest.h>

#include <algorithm>

#include "apps/program.h"
#include "octrain/advisor/policy.h"
#include "octrain/advisor/recompute.h"

namespace octrain::testing {
namespace {

struct Workload {
  std::string name;
  Arguments arguments;
  bool under_every_policy = true;  ///< else under the default alone
};

void PrintTo(const Workload& workload, std::ostream* out) { *out << workload.name; }

/// Small enough to run many times; together they have every kind of layer. VGG's half a gigabyte of weights
/// takes its time.
const std::vector<Workload> kWorkloads = {
    {"lenet", {"--model", "lenet", "--batch", "64"}},
    {"cifar10_full", {"--model", "cifar10-full", "--batch", "48"}},
    {"resnet_8", {"--model", "resnet-8", "--batch", "48"}},
    {"vgg11_small", {"--model", "vgg11", "--image-size", "32", "--classes", "10", "--batch", "8"}, false},
    {"googlenet_small", {"--model", "googlenet", "--image-size", "80", "--classes", "10", "--batch", "4"}},
};

class Equivalence : public ::testing::TestWithParam<Workload> {
 protected:
  void SetUp() override {
    const nlohmann::json in_core = train({"--mode", "incore", "--share", "none"});
    reference_ = losses(in_core);
    ASSERT_EQ(reference_.size(), 3u);
    footprint_ = in_core["footprint_bytes"];
    const Outcome planned = run_octrain(
        Arguments{"plan"} + GetParam().arguments +
        Arguments{"--machine", "host", "--policy", "lookahead", "--device-memory", "64GiB", "--json", "-"});
    ASSERT_EQ(planned.exit_code, 0) << planned.err;
    largest_op_ = planned.json()["largest_op_bytes"];
  }

  [[nodiscard]] nlohmann::json train(const Arguments& more) const {
    const Outcome outcome =
        run_octrain(GetParam().arguments + Arguments{"--iterations", "3", "--json", "-"} + more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome.exit_code == 0 ? outcome.json() : nlohmann::json{{"iterations", nlohmann::json::array()}};
  }

  /// Half and a quarter of the footprint, as far as the largest op fits with a block to spare.
  [[nodiscard]] std::vector<std::uint64_t> budgets() const {
    constexpr std::uint64_t kBlock = 2u << 20;
    std::vector<std::uint64_t> budgets;
    for (const std::uint64_t divisor : {2, 4}) {
      const std::uint64_t budget = std::max(footprint_ / divisor, largest_op_ + kBlock) / kBlock * kBlock;
      if (budgets.empty() || budget < budgets.back()) budgets.push_back(budget);
    }
    return budgets;
  }

  void expect_same(const Arguments& how, const std::string& tier, std::uint64_t budget) const {
    const Arguments more = how + Arguments{"--tier", tier, "--device-memory", std::to_string(budget)};
    std::string text;
    for (const std::string& word : more) text += word + ' ';
    EXPECT_EQ(losses(train(more)), reference_) << text;
  }

  void expect_same_everywhere(const Arguments& how) const {
    for (const char* tier : {"ram", "file"}) {
      for (const std::uint64_t budget : budgets()) expect_same(how, tier, budget);
    }
  }

  /// The default on every tier and budget; every policy and recompute method with tiers and budgets taking
  /// turns, so that the two modes that plan, and a few networks, see all of them.
  void expect_same_under_every_policy(const std::string& mode) const {
    expect_same_everywhere({"--mode", mode});
    if (!GetParam().under_every_policy) return;
    std::vector<Arguments> ways;
    for (const advisor::Policy& policy : advisor::policies()) {
      ways.push_back({"--mode", mode, "--policy", std::string(policy.name)});
    }
    for (const advisor::RecomputeMethod& method : advisor::recompute_methods()) {
      ways.push_back({"--mode", mode, "--recompute", std::string(method.name)});
    }
    std::size_t turn = mode == "um" ? 0 : 2;
    for (const Arguments& way : ways) {
      expect_same(way, turn % 2 == 0 ? "ram" : "file",
                  turn / 2 % 2 == 0 ? budgets().back() : budgets().front());
      ++turn;
    }
  }

  std::vector<double> reference_;
  std::uint64_t footprint_ = 0, largest_op_ = 0;
};

TEST_P(Equivalence, Explicit) { expect_same_under_every_policy("explicit"); }

TEST_P(Equivalence, Managed) {
  if (!managed_memory_works()) GTEST_SKIP() << "userfaultfd is not permitted here";
  expect_same_under_every_policy("um");
}

TEST_P(Equivalence, ManagedWithoutPlan) {
  if (!managed_memory_works()) GTEST_SKIP() << "userfaultfd is not permitted here";
  expect_same_everywhere({"--mode", "um-naive"});
}

TEST_P(Equivalence, CopiedPagesAndPacedLinks) {
  if (!managed_memory_works()) GTEST_SKIP() << "userfaultfd is not permitted here";
  const std::string budget = std::to_string(budgets().front());
  EXPECT_EQ(losses(train({"--mode", "um", "--page-mover", "copy", "--device-memory", budget})), reference_);
  EXPECT_EQ(losses(train({"--mode", "um", "--link", "8GB/s,20us", "--device-memory", budget})), reference_);
}

TEST_P(Equivalence, SharedBytesInCore) {
  for (const std::string method : {"first-fit", "smartpool", "profile-guided", "inplace", "exact", "auto"}) {
    const nlohmann::json shared = train({"--mode", "incore", "--share", method});
    EXPECT_EQ(losses(shared), reference_) << method;
    EXPECT_EQ(shared["iterations"].back()["peak_resident_bytes"], shared["arena_bytes"]) << method;
    // LeNet and the VGGs have nothing to put in place that is not so already.
    const bool never_in_place = GetParam().name == "lenet" || GetParam().name == "vgg11_small";
    if (method != "inplace" || !never_in_place) {
      EXPECT_LT(shared["arena_bytes"], footprint_) << method;
    }
  }
}

/// Every method of sharing under plans that move, recompute and know nothing of liveness; and with faults
/// alone.
TEST_P(Equivalence, SharedBytesOutOfCore) {
  const std::vector<Arguments> ways = {{}, {"--policy", "naive"}, {"--recompute", "speed"}};
  const std::vector<std::string> modes = {"explicit", "um", "um-naive"};
  std::size_t turn = 0;
  for (const std::string method : {"first-fit", "smartpool", "profile-guided", "inplace", "exact", "auto"}) {
    for (std::size_t i = 0; i < modes.size(); ++i) {
      if (modes[i] != "explicit" && !managed_memory_works()) continue;
      const Arguments way = modes[i] == "um-naive" ? Arguments{} : ways[(turn + i) % ways.size()];
      expect_same(Arguments{"--mode", modes[i], "--share", method} + way,
                  (turn + i) % 2 == 0 ? "ram" : "file",
                  (turn / 2 + i) % 2 == 0 ? budgets().back() : budgets().front());
    }
    ++turn;
  }
}

TEST_P(Equivalence, Unlimited) {
  EXPECT_EQ(losses(train({"--mode", "explicit"})), reference_);
  if (managed_memory_works()) {
    EXPECT_EQ(losses(train({"--mode", "um"})), reference_);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Equivalence, ::testing::ValuesIn(kWorkloads),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace octrain::testing
