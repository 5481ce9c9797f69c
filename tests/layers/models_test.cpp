#include "octrain/layers/models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "layers/layer_harness.h"
#include "octrain/layers/host/backend.h"
#include "octrain/layers/net.h"
#include "octrain/runtime/error.h"

namespace octrain::layers {
namespace {

struct Totals {
  std::int64_t parameters = 0;
  double flops = 0;
};

Totals totals(const NetSpec& net) {
  Totals sum;
  for (const LayerSummary& layer : summarize(net)) {
    sum.parameters += layer.parameters;
    sum.flops += layer.flops;
  }
  return sum;
}

ModelInput native(std::string_view name, std::int64_t batch = 1) {
  ModelInput input = find_model(name).native;
  input.batch = batch;
  return input;
}

bool has_top(const NetSpec& net, const std::string& top) {
  return std::any_of(net.layers.begin(), net.layers.end(), [&](const LayerSpec& layer) {
    return std::find(layer.tops.begin(), layer.tops.end(), top) != layer.tops.end();
  });
}

// Published counts of trained parameters; the running statistics of batch norm are counted apart (two a
// channel).
TEST(Models, HaveThePublishedNumberOfParameters) {
  const auto trained = [](std::string_view name) {
    const NetSpec net = build_model(name, native(name));
    std::int64_t running = 0;
    for (const LayerSummary& layer : summarize(net))
      running += layer.type == "BatchNorm" ? 2 * layer.tops[0].c : 0;
    return totals(net).parameters - running;
  };
  EXPECT_EQ(trained("lenet"), 431'080);
  EXPECT_EQ(trained("cifar10-full"), 89'578);
  EXPECT_EQ(trained("alexnet"), 60'965'224);
  EXPECT_EQ(trained("vgg11"), 132'863'336);
  EXPECT_EQ(trained("vgg13"), 133'047'848);
  EXPECT_EQ(trained("vgg16"), 138'357'544);
  EXPECT_EQ(trained("vgg19"), 143'667'240);
  EXPECT_EQ(trained("googlenet"), 13'378'280);
  EXPECT_EQ(trained("resnet18"), 11'689'512);
  EXPECT_EQ(trained("resnet34"), 21'797'672);
  EXPECT_EQ(trained("resnet50"), 25'557'032);
  EXPECT_EQ(trained("resnet101"), 44'549'160);
  EXPECT_EQ(trained("resnet152"), 60'192'808);
}

TEST(Models, CostThePublishedOperations) {
  EXPECT_NEAR(totals(build_model("vgg16", native("vgg16"))).flops, 2 * 15.47e9, 0.2e9);
  EXPECT_NEAR(totals(build_model("resnet50", native("resnet50"))).flops, 2 * 4.09e9, 0.2e9);
  EXPECT_NEAR(totals(build_model("resnet50", native("resnet50", 4))).flops, 8 * 4.09e9, 0.8e9);
}

TEST(Models, AreBuiltForTheirNativeInputAndForTheSmallest) {
  for (const Model& model : models()) {
    const std::string name = model.name == "resnet-N" ? "resnet-20" : std::string(model.name);
    ModelInput smallest = model.native;
    smallest.height = smallest.width = model.minimum_size;
    smallest.classes = 7;
    for (const ModelInput& input : {model.native, smallest}) {
      const NetSpec net = build_model(name, input);
      EXPECT_GT(totals(net).parameters, 0) << name;
      EXPECT_TRUE(has_top(net, "accuracy"));
      EXPECT_EQ(has_top(net, "accuracy_top5"), input.classes >= 100);
      EXPECT_EQ(has_top(net, "loss"), name != "googlenet");
    }
    smallest.width -= 1;
    EXPECT_THROW((void)build_model(name, smallest), runtime::UsageError) << name;
  }
}

TEST(Models, GooglenetHasThreeWeightedLosses) {
  const NetSpec net = build_model("googlenet", native("googlenet"));
  std::vector<std::pair<std::string, float>> losses;
  for (const LayerSpec& layer : net.layers) {
    const auto* loss = std::get_if<SoftmaxLossParams>(&layer.params);
    if (loss != nullptr) losses.emplace_back(layer.tops[0], loss->loss_weight);
  }
  EXPECT_THAT(losses, ::testing::ElementsAre(::testing::Pair("loss1/loss1", 0.3f),
                                             ::testing::Pair("loss2/loss1", 0.3f),
                                             ::testing::Pair("loss3/loss3", 1.0f)));
}

TEST(Models, SmallResnetsHaveAnyDepth) {
  for (const int depth : {8, 20, 56, 110}) {
    const NetSpec net = build_model("resnet-" + std::to_string(depth), native("resnet-20"));
    int weighted = 0;
    for (const LayerSpec& layer : net.layers) {
      const bool shortcut = layer.name.ends_with("/shortcut");
      weighted += !shortcut && (std::holds_alternative<ConvolutionParams>(layer.params) ||
                                std::holds_alternative<InnerProductParams>(layer.params));
    }
    EXPECT_EQ(weighted, depth);
  }
}

TEST(Models, RefuseUnknownNamesAndListTheKnown) {
  for (const char* name :
       {"vgg17", "resnet-21", "resnet-2", "resnet-N", "resnet-", "resnet-20x", "", "VGG16"}) {
    try {
      (void)build_model(name, {1, 3, 224, 224, 10});
      FAIL() << name;
    } catch (const runtime::UsageError& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("cifar10-full")) << name;
      EXPECT_THAT(error.what(), ::testing::HasSubstr("resnet-N")) << name;
    }
  }
}

TEST(Models, RefuseEmptyInputs) {
  EXPECT_THROW((void)build_model("lenet", {0, 1, 28, 28, 10}), runtime::UsageError);
  EXPECT_THROW((void)build_model("lenet", {1, 0, 28, 28, 10}), runtime::UsageError);
  EXPECT_THROW((void)build_model("lenet", {1, 1, 28, 28, 1}), runtime::UsageError);
}

TEST(Models, RunOnTheHostBackend) {
  for (const char* name :
       {"lenet", "cifar10-full", "alexnet", "vgg11", "googlenet", "resnet18", "resnet50", "resnet-8"}) {
    ModelInput input = find_model(name).native;
    input.batch = 2;
    input.height = input.width = find_model(name).minimum_size;
    input.classes = 7;
    testing::LayerHarness harness(build_model(name, input), testing::kOneSlab);
    const double loss = harness.run_iteration();
    EXPECT_TRUE(std::isfinite(loss)) << name;
    EXPECT_GT(loss, 0.1) << name;
    EXPECT_LT(loss, 20) << name;  // guessing costs log 7 = 1.9, three times 1.6 in googlenet
  }
}

/// Names of the ops that may work in place; each offer is one that whoever places tensors can take.
std::vector<std::string> ops_in_place(const advisor::Schedule& schedule) {
  const auto has = [](const auto& all, const auto& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  std::vector<std::string> names;
  for (const advisor::Op& op : schedule.ops) {
    std::vector<advisor::Overwrite> seen;
    for (const advisor::Overwrite& pair : op.overwrites) {
      EXPECT_TRUE(has(op.reads, pair.read) && !has(op.writes, pair.read)) << op.name;
      EXPECT_TRUE(has(op.writes, pair.written) && !has(op.reads, pair.written)) << op.name;
      const advisor::TensorInfo &read = schedule.tensors[pair.read],
                                &written = schedule.tensors[pair.written];
      EXPECT_EQ(read.bytes, written.bytes) << op.name;
      EXPECT_FALSE(outlives_iteration(read.role) || outlives_iteration(written.role)) << op.name;
      EXPECT_FALSE(has(seen, pair)) << op.name;
      seen.push_back(pair);
    }
    if (!seen.empty()) names.push_back(op.name);
  }
  return names;
}

TEST(Models, OfferToWorkInPlaceWhereTheScheduleAllowsIt) {
  const auto backend = make_host_backend();
  for (const Model& model : models()) {
    const std::string name = model.name == "resnet-N" ? "resnet-20" : std::string(model.name);
    for (const int accumulated : {1, 2}) {
      ModelInput input = model.native;
      input.batch = 48;
      const runtime::Program program =
          lower(build_model(name, input), *backend, {.solver = {}, .accumulate_batches = accumulated})
              .program;
      const std::vector<std::string> train = ops_in_place(program.train.schedule),
                                     test = ops_in_place(program.test.schedule);
      // The ReLUs and dropouts of LeNet and the VGGs are in place or folded, and there is nothing else for
      // it.
      const bool none = name == "lenet" || name.starts_with("vgg");
      EXPECT_EQ(train.empty(), none) << name;
      EXPECT_EQ(test.empty(), none) << name;
    }
  }
}

// Results that the host waits for, and updates, whose learning rate changes, are never recorded; the rest is,
// but for what a backend's kernels say of themselves.
TEST(Models, SayWhatIsRepeatable) {
  const auto backend = make_host_backend();
  const runtime::Program program =
      lower(build_model("lenet", {.batch = 4, .channels = 1, .height = 28, .width = 28, .classes = 10}),
            *backend, {})
          .program;
  for (const runtime::Program::Pass* pass : {&program.train, &program.test}) {
    ASSERT_EQ(pass->repeatable.size(), pass->functions.size());
    for (std::size_t i = 0; i < pass->repeatable.size(); ++i) {
      const advisor::Op& op = pass->schedule.ops[i];
      const bool never = op.phase == advisor::Phase::update || op.name == "loss" || op.name == "accuracy";
      EXPECT_EQ(pass->repeatable[i], !never) << op.name;
    }
  }
}

}  // namespace
}  // namespace octrain::layers
