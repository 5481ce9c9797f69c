// One iteration of vgg16 as the device sees it: the order of hints and kernels in the log of calls. Kernels
// touch nothing, so the 7 GB of it take no RAM.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "cuda/toolkit.h"
#include "cuda_cases.h"
#include "octrain/advisor/advise.h"
#include "octrain/advisor/check.h"
#include "octrain/layers/host/backend.h"
#include "octrain/layers/models.h"
#include "octrain/layers/net.h"
#include "octrain/runtime/cuda/error.h"
#include "octrain/runtime/executor.h"

namespace octrain::runtime::cuda {
namespace {

using Block = std::uintptr_t;  // its address, in blocks

/// The blocks of a call's operands that it touches so, in the order of the call.
std::vector<Block> blocks_of(const fake_cuda::Call& call, const std::set<fake_cuda::Touch>& touches) {
  std::vector<Block> blocks;
  for (const fake_cuda::Operand& operand : call.operands) {
    if (!touches.contains(operand.touch)) continue;
    const auto begin = reinterpret_cast<std::uintptr_t>(operand.address);
    for (Block block = begin / kBlockBytes; block * kBlockBytes < begin + operand.bytes; ++block)
      blocks.push_back(block);
  }
  return blocks;
}

constexpr auto kIn = fake_cuda::Touch::kToDevice, kOut = fake_cuda::Touch::kToHost,
               kDiscard = fake_cuda::Touch::kDiscard;

bool is_launch(const fake_cuda::Call& call) { return call.name == "launch"; }
/// Of contents that are dead, and not to make way for others at the same place.
bool is_discard(const fake_cuda::Call& call) { return call.name == "cudaMemDiscardBatchAsync"; }
bool is_hint(const fake_cuda::Call& call) {
  return call.name.find("Prefetch") != std::string::npos || is_discard(call);
}

/// What happens to each block, in order.
class Touched {
 public:
  explicit Touched(const std::vector<fake_cuda::Call>& log) : log_(log) {
    using fake_cuda::Touch;
    for (std::size_t call = 0; call < log.size(); ++call) {
      if (is_launch(log[call])) launches_.push_back(call);
      for (const Block block : blocks_of(log[call], {Touch::kRead, Touch::kWrite, kIn, kOut, kDiscard}))
        calls_[block].push_back(call);
    }
  }
  /// Ops are launched in order.
  [[nodiscard]] std::size_t launch(advisor::OpIndex op) const { return launches_.at(op); }
  /// The first call after `call` that touches the block; null if there is none.
  [[nodiscard]] const fake_cuda::Call* next(Block block, std::size_t call) const {
    const std::vector<std::size_t>& calls = calls_.at(block);
    const auto next = std::upper_bound(calls.begin(), calls.end(), call);
    return next == calls.end() ? nullptr : &log_[*next];
  }

 private:
  const std::vector<fake_cuda::Call>& log_;
  std::vector<std::size_t> launches_;
  std::map<Block, std::vector<std::size_t>> calls_;
};

/// vgg16 with a quarter of its footprint, planned, its tensors sharing bytes; the second of two iterations.
class Vgg16Log : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    fake_cuda::reset();
    const auto backend = layers::make_host_backend(1);
    layers::ModelInput input = layers::find_model("vgg16").native;
    input.batch = 32;
    input.classes = 1000;
    schedule_ = layers::lower(layers::build_model("vgg16", input), *backend, {}).program.train.schedule;
    make_plan();
    run();
  }
  static void TearDownTestSuite() {
    log_.clear();
    expect_clean_device();
  }

  static void make_plan() {
    advisor::Machine machine;
    machine.link_in_bytes_per_s = machine.link_out_bytes_per_s = 25e9;
    budget_bytes_ = advisor::footprint_bytes(schedule_) / 4 / kBlockBytes * kBlockBytes;
    const advisor::Advice advice = advisor::advise({.schedule = schedule_,
                                                    .machine = machine,
                                                    .budget_bytes = budget_bytes_,
                                                    .policy = "lookahead",
                                                    .recompute = "none",
                                                    .share = "smartpool"});
    ASSERT_TRUE(advice.feasible());
    ASSERT_TRUE(advisor::check(schedule_, advice.plan, budget_bytes_).ok());
    plan_ = advice.plan;
  }

  static void run() {
    MemorySpaceSizes sizes{{}, budget_bytes_, 0, advisor::arena_offsets(plan_, schedule_.tensors.size())};
    for (const advisor::TensorInfo& tensor : schedule_.tensors) sizes.tensor_bytes.push_back(tensor.bytes);
    for (const advisor::Op& op : schedule_.ops)
      sizes.workspace_bytes = std::max(sizes.workspace_bytes, op.workspace_bytes);
    const Stream compute = make_stream();
    compute_ = compute.get();
    const auto space = CudaCase{"Managed", Kind::managed}.make(sizes, compute_);
    fill_weights(*space);
    for (TensorId tensor = 0; tensor < schedule_.tensors.size(); ++tensor)
      begins_.push_back(reinterpret_cast<std::uintptr_t>(space->address(tensor)) / kBlockBytes);
    const std::vector<OpFunction> functions = kernels();
    Executor executor(schedule_, functions, *space, plan_);
    (void)executor.run({.iteration = 0, .learning_rate = 0, .scalar_count = 0});
    space->quiesce();
    const std::size_t before = fake_cuda::calls();
    metrics_ = executor.run({.iteration = 1, .learning_rate = 0, .scalar_count = 0});
    space->quiesce();
    log_ = fake_cuda::log();
    log_.erase(log_.begin(), log_.begin() + static_cast<std::ptrdiff_t>(before));
  }

  /// A word a block says that there are contents.
  static void fill_weights(MemorySpace& space) {
    const std::uint64_t word = 1;
    for (TensorId tensor = 0; tensor < schedule_.tensors.size(); ++tensor) {
      if (!advisor::outlives_iteration(schedule_.tensors[tensor].role)) continue;
      for (std::uint64_t at = 0; at < schedule_.tensors[tensor].bytes; at += kBlockBytes)
        space.write_contents(tensor, at, std::as_bytes(std::span(&word, 1)));
    }
  }

  static std::vector<OpFunction> kernels() {
    std::vector<OpFunction> functions;
    for (const advisor::Op& op : schedule_.ops) {
      functions.emplace_back([&op](const OpContext& context) {
        std::vector<fake_cuda::Range> reads, writes{{context.workspace, op.workspace_bytes}};
        for (const TensorId tensor : op.reads)
          reads.push_back({context.memory.address(tensor), schedule_.tensors[tensor].bytes});
        for (const TensorId tensor : op.writes)
          writes.push_back({context.memory.address(tensor), schedule_.tensors[tensor].bytes});
        check(fake_cuda::launch(
                  compute_, reads, writes, [] {}, op.name),
              "launch");
      });
    }
    return functions;
  }

  [[nodiscard]] static std::vector<Block> blocks_of_tensor(TensorId tensor) {
    std::vector<Block> blocks(round_up(schedule_.tensors[tensor].bytes, kBlockBytes) / kBlockBytes);
    std::iota(blocks.begin(), blocks.end(), begins_[tensor]);
    return blocks;
  }
  /// The last op that uses the tensor, up to `op`.
  [[nodiscard]] static advisor::OpIndex last_use(TensorId tensor, advisor::OpIndex op) {
    const auto uses = [&](const std::vector<TensorId>& ids) {
      return std::find(ids.begin(), ids.end(), tensor) != ids.end();
    };
    while (op > 0 && !uses(schedule_.ops[op].reads) && !uses(schedule_.ops[op].writes)) --op;
    return op;
  }

  static inline advisor::Schedule schedule_;
  static inline advisor::Plan plan_;
  static inline std::uint64_t budget_bytes_ = 0;
  static inline cudaStream_t compute_ = nullptr;
  static inline std::vector<Block> begins_;  // by tensor: its first block
  static inline std::vector<fake_cuda::Call> log_;
  static inline IterationMetrics metrics_;
};

TEST_F(Vgg16Log, IsOneOfMuchTraffic) {
  EXPECT_GT(metrics_.memory.planned_in_bytes, budget_bytes_);
  EXPECT_GT(metrics_.memory.planned_out_bytes, kGiB);
  EXPECT_GT(metrics_.memory.discarded_bytes, kGiB);
  EXPECT_LE(metrics_.memory.peak_resident_bytes, budget_bytes_);
  EXPECT_EQ(metrics_.memory.faults + metrics_.memory.driver_evicted_bytes, 0U);
  EXPECT_EQ(fake_cuda::counters().faults, 0U);
}

TEST_F(Vgg16Log, EveryPrefetchIsIssuedBeforeItsReader) {
  std::set<Block> away;  // all others are there since before
  std::size_t launches = 0, brought_between = 0;
  for (const fake_cuda::Call& call : log_) {
    if (is_launch(call)) {
      ++launches;
      for (const Block block : blocks_of(call, {fake_cuda::Touch::kRead, fake_cuda::Touch::kWrite}))
        ASSERT_FALSE(away.contains(block)) << call.label << " is launched before its operand is brought";
    }
    for (const Block block : blocks_of(call, {kIn})) {
      away.erase(block);
      brought_between += launches > 0 && launches < schedule_.ops.size();
    }
    const auto leaving = is_discard(call) ? blocks_of(call, {kDiscard}) : blocks_of(call, {kOut});
    away.insert(leaving.begin(), leaving.end());
  }
  EXPECT_EQ(launches, schedule_.ops.size());
  EXPECT_GT(brought_between, 100U);
}

TEST_F(Vgg16Log, NoHintIsOnTheComputeStream) {
  std::set<cudaStream_t> of_hints, of_kernels;
  for (const fake_cuda::Call& call : log_) {
    if (is_hint(call)) of_hints.insert(call.stream);
    if (is_launch(call)) of_kernels.insert(call.stream);
  }
  EXPECT_EQ(of_kernels, std::set{compute_});
  EXPECT_EQ(of_hints.size(), toolkit_discards() ? 5U : 4U) << "one a lane";
  EXPECT_FALSE(of_hints.contains(compute_));
}

TEST_F(Vgg16Log, EvictionsAreInTheOrderOfTheirTriggers) {
  std::vector<Block> planned, seen;
  const advisor::PlanIndex index(plan_, schedule_.ops.size());
  for (advisor::OpIndex op = 0; op < schedule_.ops.size(); ++op) {
    for (const auto* actions : {&index.before[op], &index.after[op]}) {
      for (const advisor::Action& action : *actions) {
        if (action.kind != advisor::ActionKind::evict) continue;
        const std::vector<Block> blocks = blocks_of_tensor(action.target);
        planned.insert(planned.end(), blocks.begin(), blocks.end());
      }
    }
  }
  for (const fake_cuda::Call& call : log_) {
    for (const Block block : blocks_of(call, {kOut})) seen.push_back(block);
  }
  EXPECT_GT(seen.size(), 100U);
  EXPECT_TRUE(seen == planned) << seen.size() << " blocks went, " << planned.size() << " were to go";
}

/// Of a dead block: its pages are given up by a discard, or an op's output takes them as they are.
enum class Fate { kDiscarded, kOverwritten, kLeftAlone, kUsed };
Fate fate(Block block, const fake_cuda::Call* next) {
  if (next == nullptr) return Fate::kLeftAlone;
  if (is_discard(*next)) return Fate::kDiscarded;
  const auto is_among = [&](const std::vector<Block>& blocks) {
    return std::find(blocks.begin(), blocks.end(), block) != blocks.end();
  };
  const bool reads = is_among(blocks_of(*next, {fake_cuda::Touch::kRead}));
  const bool writes = is_among(blocks_of(*next, {fake_cuda::Touch::kWrite}));
  return is_launch(*next) && writes && !reads ? Fate::kOverwritten : Fate::kUsed;
}

/// The plan discards all that dies (or something else is written in its place); and what of it lies on the
/// device is discarded there when its room is wanted, unless an output has taken its pages: nothing else ever
/// happens to it, and no dead contents are copied.
TEST_F(Vgg16Log, EveryDeadActivationIsDiscarded) {
  if (!toolkit_discards()) GTEST_SKIP() << "this toolkit has no discards: pages stay until they are copied";
  const Touched touched(log_);
  const advisor::PlanIndex index(plan_, schedule_.ops.size());
  std::vector<bool> resident(schedule_.tensors.size()), dead(schedule_.tensors.size());
  std::size_t discards = 0;
  std::map<Fate, std::size_t> blocks;
  const auto apply = [&](const advisor::Action& action) {
    if (action.kind == advisor::ActionKind::prefetch) resident[action.target] = true;
    if (action.kind == advisor::ActionKind::evict) resident[action.target] = false;
    if (action.kind != advisor::ActionKind::discard) return;
    dead[action.target] = true;
    if (!resident[action.target]) return;
    resident[action.target] = false;
    ++discards;
    for (const Block block : blocks_of_tensor(action.target)) {
      const fake_cuda::Call* next = touched.next(block, touched.launch(last_use(action.target, action.op)));
      ++blocks[fate(block, next)];
      EXPECT_NE(fate(block, next), Fate::kUsed)
          << schedule_.tensors[action.target].name << ": " << next->name;
    }
  };
  for (advisor::OpIndex op = 0; op < schedule_.ops.size(); ++op) {
    for (const advisor::Action& action : index.before[op]) apply(action);
    for (const TensorId tensor : schedule_.ops[op].writes) resident[tensor] = true;
    for (const advisor::Overwrite& pair : schedule_.ops[op].overwrites) {
      if (begins_[pair.read] == begins_[pair.written]) dead[pair.read] = true;
    }
    for (const advisor::Action& action : index.after[op]) apply(action);
  }
  EXPECT_GT(discards, 50U);
  EXPECT_GT(blocks[Fate::kDiscarded], 1000U);
  EXPECT_GT(blocks[Fate::kOverwritten], 100U);
  EXPECT_LT(blocks[Fate::kLeftAlone] * kBlockBytes, budget_bytes_);
  for (TensorId tensor = 0; tensor < schedule_.tensors.size(); ++tensor) {
    const bool dies = schedule_.tensors[tensor].role == advisor::Role::activation;
    EXPECT_TRUE(dead[tensor] || !dies) << schedule_.tensors[tensor].name << " is left as it lies";
  }
}

}  // namespace
}  // namespace octrain::runtime::cuda
