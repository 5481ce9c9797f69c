#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "layers/kernel_runner.h"

namespace octrain::layers::testing {
namespace {

constexpr std::int64_t kCount = 20000;
// Two parameters that learn at rates of their own, with a gap that belongs to neither.
const std::vector<UpdateKernel::Segment> kSegments = {{0, 9000, 1, 1}, {9008, 10000, 2, 0}};

struct State {
  Values weight = random_values(kCount, 1), first = Values(kCount), second = Values(kCount);
};

/// `rule(state, element, gradient with decay, rate)` over three iterations.
template <class Rule>
State expected(const runtime::SolverSpec& solver, float learning_rate, const Rule& rule) {
  State state;
  for (unsigned iteration = 0; iteration < 3; ++iteration) {
    const Values gradient = random_values(kCount, 10 + iteration);
    for (const auto& segment : kSegments) {
      for (auto i = static_cast<std::size_t>(segment.first);
           i < static_cast<std::size_t>(segment.first + segment.count); ++i) {
        const double decay = static_cast<double>(solver.weight_decay * segment.decay_mult);
        rule(state, i, gradient[i] + decay * state.weight[i],
             static_cast<double>(learning_rate * segment.lr_mult), iteration);
      }
    }
  }
  return state;
}

State actual(const runtime::SolverSpec& solver, float learning_rate) {
  const auto update = make_backend_under_test()->make_update(solver);
  State state;
  Floats weight = to_floats(state.weight), first(kCount), second(kCount);
  const std::array<float*, 2> all = {first.data(), second.data()};
  const std::span<float* const> states(all.data(), static_cast<std::size_t>(solver.state_count()));
  for (unsigned iteration = 0; iteration < 3; ++iteration) {
    const Floats gradient = to_floats(random_values(kCount, 10 + iteration));
    update->run(kSegments, weight.data(), gradient.data(), states, {learning_rate, iteration});
    wait_for_backend_under_test();
  }
  return {to_values(weight), to_values(first), to_values(second)};
}

void expect_equal(const State& a, const State& b) {
  expect_near(a.weight, b.weight, 2e-6);
  expect_near(a.first, b.first, 2e-6);
  expect_near(a.second, b.second, 2e-6);
}

TEST(Update, SgdWithMomentumAndDecay) {
  const runtime::SolverSpec solver{.momentum = 0.9f, .weight_decay = 0.01f};
  expect_equal(actual(solver, 0.1f),
               expected(solver, 0.1f, [](State& s, std::size_t i, double g, double rate, unsigned) {
                 s.first[i] = static_cast<double>(0.9f) * s.first[i] + rate * g;
                 s.weight[i] -= s.first[i];
               }));
}

TEST(Update, SgdWithoutMomentumKeepsNoState) {
  const runtime::SolverSpec solver{.momentum = 0, .weight_decay = 0.01f};
  expect_equal(actual(solver, 0.1f),
               expected(solver, 0.1f, [](State& s, std::size_t i, double g, double rate, unsigned) {
                 s.weight[i] -= rate * g;
               }));
}

TEST(Update, AdamWithCaffesCorrection) {
  const runtime::SolverSpec solver{.kind = runtime::SolverSpec::Kind::adam, .weight_decay = 0.01f};
  const double beta1 = static_cast<double>(solver.beta1), beta2 = static_cast<double>(solver.beta2);
  const auto rule = [&](State& s, std::size_t i, double g, double rate, unsigned iteration) {
    s.first[i] = beta1 * s.first[i] + (1 - beta1) * g;
    s.second[i] = beta2 * s.second[i] + (1 - beta2) * g * g;
    const double correction =
        std::sqrt(1 - std::pow(beta2, iteration + 1)) / (1 - std::pow(beta1, iteration + 1));
    s.weight[i] -=
        rate * correction * s.first[i] / (std::sqrt(s.second[i]) + static_cast<double>(solver.epsilon));
  };
  expect_equal(actual(solver, 0.01f), expected(solver, 0.01f, rule));
}

TEST(Update, GivesTheSameBitsAgain) {
  for (const auto kind : {runtime::SolverSpec::Kind::sgd, runtime::SolverSpec::Kind::adam}) {
    EXPECT_EQ(actual({.kind = kind}, 0.1f).weight, actual({.kind = kind}, 0.1f).weight);
  }
}

}  // namespace
}  // namespace octrain::layers::testing
