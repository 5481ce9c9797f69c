// A net of every layer that the device has (without libraries no convolution), trained in every kind of CUDA
// memory: the losses are those in core to the last bit, whatever the budget and the plan.
#include <algorithm>
#include <ostream>

#include "layers/cuda/cuda_under_test.h"
#include "layers/cuda/device_under_test.h"
#include "layers/stand_ins.h"
#include "octrain/advisor/advise.h"
#include "octrain/advisor/check.h"
#include "octrain/layers/net.h"
#include "octrain/runtime/cuda/cuda_space.h"
#include "octrain/runtime/trainer.h"
#include "octrain/runtime/units.h"

namespace octrain::layers::testing {
namespace {

using runtime::cuda::CudaSpaceOptions;
using runtime::cuda::Kind;

constexpr Shape kImages{8, 16, 96, 96};
constexpr std::uint64_t kSlabBytes = 2 * runtime::kMiB;

NetSpec net() {
  BatchNormParams norm;
  norm.relu = true;
  PoolingParams maximum, average;
  maximum.kernel_h = maximum.kernel_w = 3;
  maximum.stride_h = maximum.stride_w = 2;
  average = maximum;
  average.method = PoolingParams::Method::average;
  InnerProductParams logits;
  logits.outputs = kClasses;
  logits.weight_options.filler = {.kind = Filler::Kind::xavier};
  NetSpec net{"all",
              {{"data", {}, {"data", "label"}, DataParams{kImages.n, kImages.c, kImages.h, kImages.w}},
               {"scale", {"data"}, {"a"}, ScaleParams{}},
               {"norm", {"a"}, {"b"}, norm},
               {"maximum", {"b"}, {"c"}, maximum},
               {"lrn", {"c"}, {"d"}, LrnParams{}},
               {"dropout", {"d"}, {"e"}, DropoutParams{0.3f}},
               {"sum", {"c", "e"}, {"f"}, EltwiseParams{}},
               {"relu", {"f"}, {"g"}, ReluParams{}},
               {"concat", {"g", "d"}, {"h"}, ConcatParams{}},
               {"average", {"h"}, {"i"}, average},
               {"logits", {"i"}, {"logits"}, logits},
               {"loss", {"logits", "label"}, {"loss"}, SoftmaxLossParams{}},
               {"accuracy", {"logits", "label"}, {"accuracy"}, AccuracyParams{}, Include::test}}};
  if (!has_libraries()) return net;
  ConvolutionParams convolution;
  convolution.outputs = kImages.c;
  convolution.kernel_h = convolution.kernel_w = 3;
  convolution.pad_h = convolution.pad_w = 1;
  convolution.weight_options.filler = {.kind = Filler::Kind::xavier};
  net.layers[1].bottoms = {"convolved"};
  net.layers.insert(net.layers.begin() + 1, {"convolution", {"data"}, {"convolved"}, convolution});
  return net;
}

struct Way {
  std::string name;
  Kind kind = Kind::incore;
  std::string policy = "none";  ///< none: no plan
  std::string recompute = "none", share = "none";
  bool tight = true;  ///< the least budget that the largest op leaves; else twice that
  ElementType element = ElementType::float32;
};

void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

struct Losses {
  std::vector<double> training;
  std::vector<float> scales;      ///< of the training's losses
  double test = 0, accuracy = 0;  ///< where tensors keep their places
  friend bool operator==(const Losses&, const Losses&) = default;
};

advisor::Plan plan_of(const advisor::Schedule& schedule, const Way& way, std::uint64_t budget_bytes) {
  if (way.policy == "none") return {};
  advisor::Machine machine;
  machine.link_in_bytes_per_s = machine.link_out_bytes_per_s = 1e9;
  const advisor::Advice advice = advisor::advise({.schedule = schedule,
                                                  .machine = machine,
                                                  .budget_bytes = budget_bytes,
                                                  .policy = way.policy,
                                                  .recompute = way.recompute,
                                                  .share = way.share});
  EXPECT_TRUE(advice.feasible());
  EXPECT_TRUE(advisor::check(schedule, advice.plan, budget_bytes).ok());
  return advice.plan;
}

class CudaTraining : public ::testing::TestWithParam<Way> {
 protected:
  // Kernels of other tests hold memory of the device, which is therefore not begun anew.
  void TearDown() override { watch_budget(kNoBudget); }

  Losses train(Backend& backend, const Way& way) {
    NoiseSource source(kImages);
    const LoweredNet lowered = lower(net(), backend, {.solver = {}, .data = &source});
    EXPECT_EQ(lowered.blobs.front().desc.layout.element, way.element);
    const runtime::Program& program = lowered.program;
    std::uint64_t budget = 0, workspace = 0;
    CudaSpaceOptions options;
    std::vector<std::uint64_t> bytes;
    for (const advisor::TensorInfo& tensor : program.train.schedule.tensors) bytes.push_back(tensor.bytes);
    for (const auto* schedule : {&program.train.schedule, &program.test.schedule}) {
      budget = std::max(budget, advisor::largest_op_bytes(*schedule) * (way.tight ? 1 : 2));
      for (const advisor::Op& op : schedule->ops) workspace = std::max(workspace, op.workspace_bytes);
    }
    const advisor::Plan plan = plan_of(program.train.schedule, way, budget),
                        test_plan = plan_of(program.test.schedule, way, budget);
    EXPECT_EQ(plan.actions.empty(), way.policy == "none") << "nothing would move";
    options.kind = way.kind;
    options.device_bytes = way.kind == Kind::incore ? 0 : budget;
    options.workspace_bytes = workspace;
    options.arena_offsets = advisor::arena_offsets(plan, bytes.size());
    options.demand_only = way.kind == Kind::managed && way.policy == "none";
    options.compute = stream_under_test();
    if (way.kind == Kind::managed && !options.demand_only) watch_budget(budget);
    const auto memory = runtime::cuda::make_cuda_space(bytes, options);
    return train(program, plan, test_plan, *memory, trainer_options(way));
  }

 private:
  static runtime::TrainerOptions trainer_options(const Way& way) {
    runtime::TrainerOptions options;
    options.rate.base = 0.05f;
    options.loss_scaling.follows_gradients = way.element == ElementType::float16;  // as train has it
    options.iterations = 3;
    options.test_images = options.test_batch = way.share == "none" ? kImages.n : 0;
    return options;
  }

  static Losses train(const runtime::Program& program, const advisor::Plan& plan,
                      const advisor::Plan& test_plan, runtime::MemorySpace& memory,
                      const runtime::TrainerOptions& options) {
    Losses losses;
    runtime::TrainerEvents events;
    std::uint64_t brought_bytes = 0;
    events.iteration = [&](const runtime::IterationRecord& record) {
      losses.training.push_back(record.loss);
      losses.scales.push_back(record.loss_scale);
      brought_bytes += record.metrics.memory.planned_in_bytes;
    };
    runtime::Trainer trainer(program, plan, test_plan, memory, options, events);
    trainer.initialize();
    const runtime::TrainResult result = trainer.run();
    EXPECT_EQ(brought_bytes > 0, !plan.actions.empty());
    if (!result.test) return losses;
    losses.test = result.test->loss;
    losses.accuracy = result.test->accuracy;
    return losses;
  }
};

TEST_P(CudaTraining, GivesTheSameLosses) {
  const ElementType element = GetParam().element;
  OtherSlabs backend(kSlabBytes, make_backend_of(element));
  const auto graphs = launched_graphs();
  Losses in_core = train(backend, {.name = "in_core", .element = element});
  if (graphs) {
    EXPECT_GT(*launched_graphs(), *graphs) << "in core what repeats is recorded";
  }
  ASSERT_EQ(in_core.training.size(), 3u);
  EXPECT_EQ(in_core.scales[0] > 1, element == ElementType::float16) << "its gradients would be too small";
  EXPECT_LT(in_core.training[2], in_core.training[0]);
  if (GetParam().share != "none") in_core.test = in_core.accuracy = 0;  // its test plan has other places
  EXPECT_EQ(train(backend, GetParam()), in_core);
  EXPECT_EQ(violations_of_device(), "");
}

std::vector<Way> ways() {
  std::vector<Way> all = {
      {"managed_with_room", Kind::managed, "deepum", "none", "none", false},
      {"managed_shared", Kind::managed, "lookahead", "none", "smartpool"},
      {"explicit_shared", Kind::explicit_copy, "g10", "none", "profile-guided", false},
  };
  for (const ElementType element : {ElementType::float32, ElementType::float16, ElementType::bfloat16}) {
    for (Way way :
         {Way{"again_in_core"}, Way{"naive", Kind::managed}, Way{"managed", Kind::managed, "lookahead"},
          Way{"managed_recomputed", Kind::managed, "lookahead", "sqrt", "none", false},
          Way{"explicit", Kind::explicit_copy, "lookahead"}}) {
      if (element != ElementType::float32) way.name += "_" + std::string(name_of(element));
      way.element = element;
      all.push_back(way);
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Ways, CudaTraining, ::testing::ValuesIn(ways()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace octrain::layers::testing
