// A plan is carried out ahead of the device, and every op sees what it would see in plain memory.
#include "octrain/runtime/executor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cuda_cases.h"
#include "device_ops.h"
#include "octrain/advisor/advise.h"
#include "octrain/advisor/check.h"
#include "random_ops.h"

namespace octrain::runtime::cuda {
namespace {

constexpr std::uint64_t kIterations = 3;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint32_t kSeeds = 4;
#else
constexpr std::uint32_t kSeeds = 12;
#endif

std::uint64_t largest_workspace(const advisor::Schedule& schedule) {
  std::uint64_t largest = 0;
  for (const advisor::Op& op : schedule.ops) largest = std::max(largest, op.workspace_bytes);
  return largest;
}

struct Way {
  std::string policy;  ///< none: no plan
  std::string recompute;
  std::string share;
  std::uint64_t budget_bytes = 0;
};

std::string told(const Way& way) {
  return "policy " + way.policy + ", recompute " + way.recompute + ", share " + way.share + ", " +
         std::to_string(way.budget_bytes) + " bytes";
}

class ExecutorOnCuda : public ::testing::TestWithParam<CudaCase> {
 protected:
  void SetUp() override { GetParam().begin(); }
  void TearDown() override { expect_clean_device(); }

  [[nodiscard]] static advisor::Plan plan_of(const advisor::Schedule& schedule, const Way& way) {
    if (way.policy.empty()) return {};
    advisor::Machine machine;
    machine.link_in_bytes_per_s = machine.link_out_bytes_per_s = 1e9;
    const advisor::Advice advice = advisor::advise({.schedule = schedule,
                                                    .machine = machine,
                                                    .budget_bytes = way.budget_bytes,
                                                    .policy = way.policy,
                                                    .recompute = way.recompute,
                                                    .share = way.share});
    EXPECT_TRUE(advice.feasible()) << told(way);
    EXPECT_TRUE(advisor::check(schedule, advice.plan, way.budget_bytes).ok()) << told(way);
    return advice.plan;
  }

  static Outcome run_on_device(const advisor::Schedule& schedule, const Way& way) {
    const advisor::Plan plan = plan_of(schedule, way);
    MemorySpaceSizes sizes{{}, way.budget_bytes, largest_workspace(schedule)};
    for (const advisor::TensorInfo& tensor : schedule.tensors) sizes.tensor_bytes.push_back(tensor.bytes);
    sizes.arena_offsets = advisor::arena_offsets(plan, schedule.tensors.size());
    const Stream compute = make_stream();
    const auto space = GetParam().make(sizes, compute.get());
    for (const TensorId weight : tensors_given(schedule, true))
      space->write_contents(weight, 0, initial_contents(weight, sizes.tensor_bytes[weight]));
    DeviceOps ops(schedule, compute.get(), kIterations);
    const std::vector<OpFunction> functions = ops.functions();
    Executor executor(schedule, functions, *space, plan);
    for (std::uint64_t iteration = 0; iteration < kIterations; ++iteration) {
      for (const TensorId input : tensors_given(schedule, false))
        space->write_contents(input, 0, initial_contents(input, sizes.tensor_bytes[input]));
      expect_as_planned(executor.run({.iteration = iteration, .learning_rate = 0, .scalar_count = 0}), way);
    }
    Outcome outcome;
    for (const TensorId weight : tensors_given(schedule, true)) {
      std::vector<std::byte> contents(sizes.tensor_bytes[weight]);
      space->read_contents(weight, 0, contents);
      outcome.weights.push_back(words_of(contents.data(), contents.size()));
    }
    EXPECT_EQ(cudaStreamSynchronize(compute.get()), cudaSuccess);
    outcome.seen = ops.seen();
    return outcome;
  }

  static void expect_as_planned(const IterationMetrics& metrics, const Way& way) {
    if (GetParam().kind == Kind::incore || GetParam().demand_only) return;
    EXPECT_EQ(metrics.memory.faults, 0U);
    EXPECT_EQ(metrics.memory.driver_evicted_bytes, 0U);
    EXPECT_LE(metrics.memory.peak_resident_bytes, way.budget_bytes);
  }
};

TEST_P(ExecutorOnCuda, SeesWhatPlainMemoryHolds) {
  const bool plans = GetParam().kind != Kind::incore && !GetParam().demand_only;
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    const advisor::Schedule schedule = random_blocks(seed);
    const std::uint64_t least = advisor::largest_op_bytes(schedule);
    const std::uint64_t all = round_up(advisor::footprint_bytes(schedule), kBlockBytes);
    const std::uint64_t some = round_up(least + (all - least) / 4, kBlockBytes);
    std::vector<Way> ways{{"", "", "", GetParam().kind == Kind::incore ? 0 : some}};
    if (plans) {
      ways = {{"lookahead", "none", "none", least},
              {"g10", "none", "none", some},
              {"deepum", "none", "none", all},
              {"lookahead", "none", "smartpool", some},
              {"vdnn-all", "sqrt", "profile-guided", some}};
    }
    const Outcome expected = run_in_plain_memory(schedule, kIterations);
    for (const Way& way : ways) {
      EXPECT_TRUE(run_on_device(schedule, way) == expected) << "seed " << seed << ", " << told(way);
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cuda, ExecutorOnCuda, ::testing::ValuesIn(cuda_cases()), cuda_case_name);

}  // namespace
}  // namespace octrain::runtime::cuda
