#include <limits>
#include <ostream>

#include "layers/kernel_runner.h"
#include "layers/layer_harness.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::testing {
namespace {

using Method = PoolingParams::Method;
using Rounding = PoolingParams::Rounding;

struct Case {
  const char* name;
  std::int64_t channels, height, width;
  int kernel_h, kernel_w, stride, pad = 0;
  Rounding rounding = Rounding::ceil;
  bool global = false;
  std::int64_t top_h, top_w;  ///< as Caffe computes them
  friend std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

  [[nodiscard]] LayerSpec spec(Method method) const {
    PoolingParams p;
    p.method = method;
    p.global = global;
    p.kernel_h = kernel_h;
    p.kernel_w = kernel_w;
    p.stride_h = p.stride_w = stride;
    p.pad_h = p.pad_w = pad;
    p.rounding = rounding;
    return {"pool", {"x"}, {"y"}, p};
  }
  [[nodiscard]] Shape bottom() const { return {5, channels, height, width}; }
  [[nodiscard]] Shape top() const { return {5, channels, top_h, top_w}; }
};

/// Slow loops in double, after Caffe's definition: a window is clipped to the padded image, which gives the
/// average's divisor, then to the image.
struct Reference {
  Case c;
  Method method;

  /// visit(top element, bottom element, share) for what each top element is made of.
  template <class Visit>
  void for_each_share(const Values& x, const Visit& visit) const {
    const int kernel_h = c.global ? static_cast<int>(c.height) : c.kernel_h,
              kernel_w = c.global ? static_cast<int>(c.width) : c.kernel_w;
    for (std::int64_t plane = 0; plane < 5 * c.channels; ++plane)
      for (std::int64_t y = 0; y < c.top_h; ++y)
        for (std::int64_t x_ = 0; x_ < c.top_w; ++x_) {
          const std::int64_t top = (plane * c.top_h + y) * c.top_w + x_;
          const std::int64_t row = y * c.stride - c.pad, column = x_ * c.stride - c.pad;
          const std::int64_t row_end = std::min(row + kernel_h, c.height + c.pad),
                             column_end = std::min(column + kernel_w, c.width + c.pad);
          const double area = static_cast<double>((row_end - row) * (column_end - column));
          std::size_t largest = 0;
          double maximum = -std::numeric_limits<double>::infinity();
          for (std::int64_t i = std::max<std::int64_t>(row, 0); i < std::min(row_end, c.height); ++i)
            for (std::int64_t j = std::max<std::int64_t>(column, 0); j < std::min(column_end, c.width); ++j) {
              const auto bottom = static_cast<std::size_t>((plane * c.height + i) * c.width + j);
              if (method == Method::average) visit(static_cast<std::size_t>(top), bottom, 1 / area);
              if (x[bottom] > maximum) maximum = x[bottom], largest = bottom;
            }
          if (method == Method::max) visit(static_cast<std::size_t>(top), largest, 1.0);
        }
  }
  [[nodiscard]] Values forward(const Values& x) const {
    Values y(static_cast<std::size_t>(c.top().elements()));
    for_each_share(x, [&](std::size_t t, std::size_t b, double share) { y[t] += share * x[b]; });
    return y;
  }
  [[nodiscard]] Values backward(const Values& x, const Values& dy) const {
    Values dx(x.size());
    for_each_share(x, [&](std::size_t t, std::size_t b, double share) { dx[b] += share * dy[t]; });
    return dx;
  }
};

class PoolingTest : public ::testing::TestWithParam<std::tuple<Case, Method, int>> {};

TEST_P(PoolingTest, AgreesWithSlowLoops) {
  const auto [c, method, block] = GetParam();
  const Reference reference{c, method};
  // Below zero, so that padding would win if it took part.
  const Values x = random_values(c.bottom().elements(), 1, -2, -1), dy = random_values(c.top().elements(), 2);
  TestBlob bottom({"x", c.bottom(), {block}}, x);
  const KernelRunner runner(c.spec(method), {bottom.desc});
  ASSERT_EQ(runner.top_shapes[0], c.top());
  TestBlob top = runner.top(0, 9), tested = runner.top(0, 9), top_gradient(top.desc, dy),
           written(bottom.desc, 9.0f), added(bottom.desc, Values(x.size(), 0.25));
  for (const ImageRange r : kRanges) {
    Floats saved(runner.kernel->saved_bytes(r.count) / sizeof(float) + 1);
    std::vector<void*> out = {top.at(r)};
    std::vector<const void*> in = {top_gradient.at(r)};
    if (method == Method::max) out.push_back(saved.data()), in.push_back(saved.data());
    runner.run(Step::forward, r, {bottom.at(r)}, out);
    runner.run(Step::forward, r, {bottom.at(r)}, {tested.at(r)}, {.training = false});
    runner.run(Step::backward_data, r, in, {written.at(r)});
    runner.run(Step::backward_data, r, in, {added.at(r)}, {.accumulate = true});
  }
  expect_near(top.values(), reference.forward(x), 1e-6);
  EXPECT_EQ(tested.values(), top.values());
  expect_near(written.values(), reference.backward(x, dy), 1e-6);
  expect_near(added.values(), plus(reference.backward(x, dy), 0.25), 1e-6);
  EXPECT_TRUE(top.padding_is_zero() && written.padding_is_zero() && added.padding_is_zero());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, PoolingTest,
    ::testing::Combine(
        ::testing::Values(Case{"2x2", 20, 8, 6, 2, 2, 2, 0, Rounding::ceil, false, 4, 3},
                          Case{"rounded up", 16, 8, 8, 3, 3, 2, 0, Rounding::ceil, false, 4, 4},
                          Case{"rounded down", 3, 8, 8, 3, 3, 2, 0, Rounding::floor, false, 3, 3},
                          Case{"padded", 5, 7, 9, 3, 3, 1, 1, Rounding::ceil, false, 7, 9},
                          Case{"padded and rounded up", 16, 8, 8, 3, 3, 2, 1, Rounding::ceil, false, 5, 5},
                          Case{"padded and rounded down", 16, 8, 8, 3, 3, 2, 1, Rounding::floor, false, 4, 4},
                          Case{"last window dropped", 4, 5, 5, 2, 2, 3, 1, Rounding::ceil, false, 2, 2},
                          Case{"window over two edges", 17, 4, 3, 5, 4, 3, 2, Rounding::ceil, false, 2, 2},
                          Case{"overlapping", 32, 9, 7, 4, 3, 1, 0, Rounding::ceil, false, 6, 5},
                          Case{"stride above the window", 3, 7, 7, 2, 2, 5, 0, Rounding::ceil, false, 2, 2},
                          Case{"global", 20, 6, 5, 0, 0, 1, 0, Rounding::ceil, true, 1, 1},
                          Case{"more than 256 places", 2, 18, 17, 0, 0, 1, 0, Rounding::ceil, true, 1, 1}),
        ::testing::Values(Method::max, Method::average), ::testing::ValuesIn(layouts_under_test())));

TEST(Pooling, SlowLoopsAgreeWithCentralDifferences) {
  const Case c{"", 2, 5, 4, 3, 2, 2, 1, Rounding::ceil, false, 3, 3};
  const Values x = random_values(c.bottom().elements(), 1), dy = random_values(c.top().elements(), 2);
  for (const Method method : {Method::max, Method::average}) {
    const Reference reference{c, method};
    const auto forward = [&](const Values& values) { return reference.forward(values); };
    expect_near(reference.backward(x, dy), numeric_gradient(forward, x, dy), 1e-7);
  }
}

TEST(Pooling, RefusesWhatDoesNotFit) {
  const auto shapes = [](const Case& c) {
    return layer_type(c.spec(Method::max).params).top_shapes(c.spec(Method::max), {{c.bottom()}});
  };
  EXPECT_THROW((void)shapes({"window past the image", 3, 4, 4, 7, 7, 1, 1, Rounding::ceil, false, 0, 0}),
               runtime::UsageError);
  EXPECT_THROW(
      (void)shapes({"padding as large as the window", 3, 4, 4, 2, 2, 1, 2, Rounding::ceil, false, 0, 0}),
      runtime::UsageError);
  EXPECT_THROW((void)shapes({"no stride", 3, 4, 4, 2, 2, 0, 0, Rounding::ceil, false, 0, 0}),
               runtime::UsageError);
}

TEST(Pooling, InANetSlabsDoNotMatter) {
  for (const Method method : {Method::max, Method::average}) {
    const Case c{"", 0, 0, 0, 3, 3, 2, 1, Rounding::ceil, false, 0, 0};
    expect_slabs_do_not_matter({c.spec(method)}, {6, 8, 10, 9});
  }
}

}  // namespace
}  // namespace octrain::layers::testing
