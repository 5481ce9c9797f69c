// Updates by scaled gradients, as float16 has them: undone to the bit, and none where a gradient overflowed.
#include <array>
#include <limits>

#include "layers/cuda/cuda_under_test.h"
#include "layers/kernel_runner.h"

namespace octrain::layers::testing {
namespace {

constexpr std::int64_t kCount = 3000;
const std::vector<UpdateKernel::Segment> kSegments = {{0, 1000, 1, 1}, {1008, 1900, 2, 0}};

struct Weights {
  Floats weight = to_floats(random_values(kCount, 1)), first = Floats(kCount), second = Floats(kCount);
  friend bool operator==(const Weights&, const Weights&) = default;

  void update(const UpdateKernel& kernel, const runtime::SolverSpec& solver, const Floats& gradient,
              std::uint64_t iteration, float loss_scale) {
    const std::array<float*, 2> all = {first.data(), second.data()};
    kernel.run(kSegments, weight.data(), gradient.data(),
               std::span<float* const>(all.data(), static_cast<std::size_t>(solver.state_count())),
               {0.1f, iteration, loss_scale});
    wait_for_backend_under_test();
  }
};

Floats scaled_gradient(unsigned seed, float scale) {
  Floats gradient = to_floats(random_values(kCount, seed));
  for (float& value : gradient) value *= scale;
  return gradient;
}

class HalfUpdates : public ::testing::TestWithParam<runtime::SolverSpec::Kind> {
 protected:
  // Not in the constructor, which runs where tests are skipped for want of a device, too.
  void SetUp() override {
    scaled_ = make_backend_of(ElementType::float16)->make_update(solver_);
    plain_ = make_backend_of(ElementType::float32)->make_update(solver_);
  }

  runtime::SolverSpec solver_{.kind = GetParam(), .weight_decay = 0.01f};
  std::unique_ptr<UpdateKernel> scaled_, plain_;
};

TEST_P(HalfUpdates, UndoTheScaleBeforeAnythingElse) {
  Weights actual, expected;
  for (unsigned iteration = 0; iteration < 3; ++iteration) {
    actual.update(*scaled_, solver_, scaled_gradient(iteration, 1024), iteration, 1024);
    expected.update(*plain_, solver_, scaled_gradient(iteration, 1), iteration, 1);
  }
  EXPECT_EQ(actual, expected) << "decay and momentum are of what was unscaled";
  EXPECT_FALSE(scaled_->take_overflow());
}

TEST_P(HalfUpdates, LeaveEverythingAloneWhereAGradientOverflowed) {
  using Limits = std::numeric_limits<float>;
  for (const float bad : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()}) {
    for (const std::size_t at : {0, 999, 2907}) {
      Weights weights;
      weights.update(*scaled_, solver_, scaled_gradient(1, 512), 0, 512);
      const Weights before = weights;
      Floats gradient = scaled_gradient(2, 512);
      gradient[at] = bad;
      weights.update(*scaled_, solver_, gradient, 1, 512);
      EXPECT_EQ(weights, before) << at;
      weights.update(*scaled_, solver_, scaled_gradient(3, 256), 2, 256);
      EXPECT_NE(weights, before) << "the next is not held back";
      EXPECT_TRUE(scaled_->take_overflow());
      EXPECT_FALSE(scaled_->take_overflow()) << "it is told once";
    }
  }
}

// Between the segments lies what belongs to no parameter.
TEST_P(HalfUpdates, TakeNoNoticeOfPadding) {
  Weights weights;
  const Weights before = weights;
  Floats gradient = scaled_gradient(1, 1);
  gradient[1003] = std::numeric_limits<float>::infinity();
  weights.update(*scaled_, solver_, gradient, 0, 1);
  EXPECT_NE(weights, before);
  EXPECT_FALSE(scaled_->take_overflow());
}

TEST_P(HalfUpdates, TheLargestGradientIsNoOverflow) {
  Weights weights;
  Floats gradient = scaled_gradient(1, 1);
  gradient[7] = std::numeric_limits<float>::max();
  weights.update(*scaled_, solver_, gradient, 0, 1);
  EXPECT_FALSE(scaled_->take_overflow());
}

TEST_P(HalfUpdates, OfOtherTypesDoNotLook) {
  const auto update = make_backend_of(ElementType::bfloat16)->make_update(solver_);
  Weights weights;
  Floats gradient = scaled_gradient(1, 1);
  gradient[7] = std::numeric_limits<float>::infinity();
  weights.update(*update, solver_, gradient, 0, 1);
  EXPECT_FALSE(std::isfinite(weights.weight[7]));
  EXPECT_FALSE(update->take_overflow());
}

INSTANTIATE_TEST_SUITE_P(Solvers, HalfUpdates,
                         ::testing::Values(runtime::SolverSpec::Kind::sgd, runtime::SolverSpec::Kind::adam),
                         [](const auto& param) {
                           return param.param == runtime::SolverSpec::Kind::sgd ? "sgd" : "adam";
                         });

}  // namespace
}  // namespace octrain::layers::testing
