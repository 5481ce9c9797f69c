// A program small enough to follow by hand, and a memory that forgets what a plan does not keep.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "octrain/runtime/error.h"
#include "octrain/runtime/memory_space.h"
#include "octrain/runtime/program.h"
#include "octrain/runtime/random.h"
#include "octrain/runtime/solver.h"

namespace octrain::test {

using runtime::TensorId;

/// Device and host copies apart: eviction moves the contents, discard loses them, and an op whose operands no
/// hint brought fails, as in the strictest real memory.
class StrictMemory : public runtime::MemorySpace {
 public:
  StrictMemory(std::size_t tensors, std::size_t bytes) : tensors_(tensors) {
    for (Tensor& tensor : tensors_) tensor.host.resize(bytes), tensor.device.resize(bytes);
  }
  int evictions = 0;
  std::vector<std::vector<std::uint64_t>> places;  ///< as they were asked for

  void place(std::span<const std::uint64_t> arena_offsets) override {
    places.emplace_back(arena_offsets.begin(), arena_offsets.end());
  }
  std::byte* address(TensorId tensor) override { return tensors_[tensor].device.data(); }
  std::byte* workspace() override { return nullptr; }
  void prefetch(TensorId id) override {
    Tensor& tensor = tensors_[id];
    if (tensor.resident) return;
    tensor.device = tensor.host;
    tensor.resident = true;
  }
  void evict(TensorId id) override {
    Tensor& tensor = tensors_[id];
    if (!tensor.resident) return;
    ++evictions;
    tensor.host = tensor.device;
    lose(tensor.device);
    tensor.resident = false;
  }
  void discard(TensorId id) override {
    lose(tensors_[id].device);
    lose(tensors_[id].host);
    tensors_[id].resident = false;
  }
  void acquire(const runtime::OpAccess& access) override {
    for (const auto operands : {access.reads, access.writes})
      for (const TensorId id : operands)
        if (!tensors_[id].resident)
          throw runtime::InvalidPlan("tensor " + std::to_string(id) + " is not resident");
  }
  void release(const runtime::OpAccess&) override {}
  void quiesce() override {}
  void write_contents(TensorId id, std::uint64_t offset, std::span<const std::byte> from) override {
    std::copy(from.begin(), from.end(), contents(id).begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void read_contents(TensorId id, std::uint64_t offset, std::span<std::byte> to) override {
    std::copy_n(contents(id).begin() + static_cast<std::ptrdiff_t>(offset), to.size(), to.begin());
  }
  runtime::MemoryCounters take_counters() override { return {}; }
  std::uint64_t resident_bytes() const override { return 0; }
  std::string description() const override { return "strict"; }

 private:
  struct Tensor {
    std::vector<std::byte> host, device;
    bool resident = false;
  };
  static void lose(std::vector<std::byte>& bytes) { std::fill(bytes.begin(), bytes.end(), std::byte{0xFF}); }
  std::vector<std::byte>& contents(TensorId id) {
    return tensors_[id].resident ? tensors_[id].device : tensors_[id].host;
  }
  std::vector<Tensor> tensors_;
};

inline constexpr TensorId kWeights = 0, kMomentum = 1, kStatistics = 2, kActivation = 3, kGradient = 4;
inline constexpr std::uint64_t kElements = 6, kChunkElements = 3, kStoredFloats = 4;

/// Two chunks of three elements, each stored backwards with one float of padding in front.
inline runtime::Parameter toy_parameter(std::string name, TensorId tensor, std::vector<TensorId> states,
                                        float value) {
  runtime::Parameter parameter{.name = std::move(name), .dims = {2, 3}, .chunks = {}, .fill = {}};
  for (std::uint64_t chunk = 0; chunk < 2; ++chunk)
    parameter.chunks.push_back(
        {.tensor = tensor,
         .offset_bytes = chunk * kStoredFloats * sizeof(float),
         .bytes = kStoredFloats * sizeof(float),
         .states = states,
         .first = chunk * kChunkElements,
         .count = kChunkElements,
         .to_canonical = [](const float* stored,
                            float* canonical) { std::reverse_copy(stored + 1, stored + 4, canonical); },
         .from_canonical =
             [](const float* canonical, float* stored) {
               stored[0] = 0;
               std::reverse_copy(canonical, canonical + 3, stored + 1);
             }});
  parameter.fill = [value](std::span<float> values) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = value + static_cast<float>(i);
  };
  return parameter;
}

/// What tests may do at a training iteration, between forward and update.
using Meddle = std::function<void(const runtime::OpContext&)>;

/// Weights are drawn to noise that is a function of the iteration; the loss is their mean square. The update
/// divides the gradient by the loss scale, and leaves everything alone where it is not finite. The running
/// statistics follow the weights. In the test, every image counts as right whose index is even.
inline runtime::Program toy_program(const Meddle& meddle = {}, std::int64_t test_images = 0,
                                    std::int64_t test_batch = 1) {
  using advisor::Role;
  constexpr std::uint64_t kFloats = 2 * kStoredFloats;
  runtime::Program program;
  program.batch = 10;
  program.state_names = {"momentum"};
  program.parameters = {toy_parameter("ip.weight", kWeights, {kMomentum}, 1),
                        toy_parameter("bn.mean", kStatistics, {}, 0)};
  advisor::Schedule schedule;
  schedule.tensors = {{"weights", Role::weight, kFloats * 4},
                      {"momentum", Role::state, kFloats * 4},
                      {"statistics", Role::weight, kFloats * 4},
                      {"activation", Role::activation, kFloats * 4},
                      {"gradient", Role::gradient, kFloats * 4}};
  program.train.schedule = program.test.schedule = schedule;
  program.train.schedule.ops = {
      {"forward", advisor::Phase::forward, 10, 0, {kWeights, kStatistics}, {kActivation, kStatistics}},
      {"backward", advisor::Phase::backward, 20, 0, {kWeights, kActivation}, {kGradient}},
      {"update", advisor::Phase::update, 30, 0, {kGradient, kWeights, kMomentum}, {kWeights, kMomentum}}};
  const auto overflow = std::make_shared<bool>(false);
  program.take_overflow = [overflow] { return std::exchange(*overflow, false); };
  program.train.scalar_names = {"accuracy", "loss"};
  program.train.functions = {
      [](const runtime::OpContext& context) {
        const runtime::Philox noise(99);
        const float* weights = context.floats(kWeights);
        for (std::uint64_t i = 0; i < kFloats; ++i) {
          context.floats(kActivation)[i] = noise.normal(context.iteration * kFloats + i);
          context.floats(kStatistics)[i] += 0.1f * (weights[i] - context.floats(kStatistics)[i]);
          context.scalars[1] += static_cast<double>(weights[i]) * weights[i] / kElements;
        }
      },
      [meddle](const runtime::OpContext& context) {
        for (std::uint64_t i = 0; i < kFloats; ++i)
          context.floats(kGradient)[i] = i % kStoredFloats == 0
                                             ? 0
                                             : context.loss_scale * (context.floats(kWeights)[i] -
                                                                     0.1f * context.floats(kActivation)[i]);
        if (meddle) meddle(context);
      },
      [overflow](const runtime::OpContext& context) {
        const std::span<const float> gradient(context.floats(kGradient), kFloats);
        if (!std::ranges::all_of(gradient, [](float g) { return std::isfinite(g); })) {
          *overflow = true;
          return;
        }
        for (std::uint64_t i = 0; i < kFloats; ++i) {
          float& momentum = context.floats(kMomentum)[i];
          momentum = 0.9f * momentum + context.learning_rate * (gradient[i] / context.loss_scale);
          context.floats(kWeights)[i] -= momentum;
        }
      }};
  program.test.schedule.ops = {
      {"forward", advisor::Phase::forward, 10, 0, {kWeights, kStatistics}, {kActivation}}};
  program.test.scalar_names = {"loss", "accuracy"};
  program.test.functions = {[=](const runtime::OpContext& context) {
    context.scalars[0] = static_cast<double>(context.floats(kWeights)[1]);
    const auto first = static_cast<std::int64_t>(context.iteration) * test_batch;
    for (std::int64_t i = first; i < std::min(first + test_batch, test_images); ++i)
      context.scalars[1] += i % 2 == 0;
  }};
  return program;
}

/// Everything is brought before the first op and stays, but for what dies.
inline advisor::Plan toy_plan(const runtime::Program::Pass& pass) {
  advisor::Plan plan;
  for (TensorId tensor = 0; tensor < pass.schedule.tensors.size(); ++tensor)
    plan.actions.push_back({advisor::ActionKind::prefetch, 0, tensor, 0});
  const auto last = static_cast<advisor::OpIndex>(pass.schedule.ops.size() - 1);
  plan.actions.push_back({advisor::ActionKind::discard, last, kActivation, 0});
  plan.actions.push_back({advisor::ActionKind::discard, last, kGradient, 0});
  return plan;
}

struct ToyMemory : StrictMemory {
  ToyMemory() : StrictMemory(5, 2 * kStoredFloats * sizeof(float)) {}
};

}  // namespace octrain::test
