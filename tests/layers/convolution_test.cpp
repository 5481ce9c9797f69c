#include <functional>
#include <ostream>

#include "layers/kernel_runner.h"
#include "layers/layer_harness.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::testing {
namespace {

constexpr std::int64_t kBatch = 5;

struct Case {
  const char* name;
  std::int64_t channels, height, width;
  int outputs;
  int kernel_h, kernel_w;
  int stride = 1, pad = 0, dilation = 1, groups = 1;
  bool bias = true, relu = false;
  friend std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

  [[nodiscard]] ConvolutionParams params() const {
    ConvolutionParams p;
    p.outputs = outputs;
    p.kernel_h = kernel_h;
    p.kernel_w = kernel_w;
    p.stride_h = stride;
    p.stride_w = stride;
    p.pad_h = p.pad_w = pad;
    p.dilation_h = p.dilation_w = dilation;
    p.groups = groups;
    p.bias = bias;
    p.relu = relu;
    return p;
  }
  [[nodiscard]] LayerSpec spec() const { return {"conv", {"x"}, {"y"}, params()}; }
  [[nodiscard]] Shape bottom() const { return {kBatch, channels, height, width}; }
};

/// Slow loops in double.
struct Reference {
  Case c;
  Shape top;
  Values x, weight, bias;

  /// visit(top element, bottom element, weight element) for every product.
  void for_each_product(const std::function<void(std::size_t, std::size_t, std::size_t)>& visit) const {
    const std::int64_t group_channels = c.channels / c.groups, group_outputs = c.outputs / c.groups;
    for (std::int64_t n = 0; n < kBatch; ++n)
      for (std::int64_t o = 0; o < c.outputs; ++o)
        for (std::int64_t y = 0; y < top.h; ++y)
          for (std::int64_t x_ = 0; x_ < top.w; ++x_)
            for (std::int64_t g = 0; g < group_channels; ++g)
              for (int i = 0; i < c.kernel_h; ++i)
                for (int j = 0; j < c.kernel_w; ++j) {
                  const std::int64_t row = y * c.stride - c.pad + i * c.dilation,
                                     column = x_ * c.stride - c.pad + j * c.dilation;
                  if (row < 0 || row >= c.height || column < 0 || column >= c.width) continue;
                  const std::int64_t channel = o / group_outputs * group_channels + g;
                  visit(
                      static_cast<std::size_t>(((n * c.outputs + o) * top.h + y) * top.w + x_),
                      static_cast<std::size_t>(((n * c.channels + channel) * c.height + row) * c.width +
                                               column),
                      static_cast<std::size_t>(((o * group_channels + g) * c.kernel_h + i) * c.kernel_w + j));
                }
  }
  [[nodiscard]] std::size_t output_of(std::size_t top_element) const {
    return top_element / static_cast<std::size_t>(top.h * top.w) % static_cast<std::size_t>(c.outputs);
  }
  [[nodiscard]] Values forward() const {
    Values y(static_cast<std::size_t>(top.elements()));
    for_each_product([&](std::size_t t, std::size_t b, std::size_t w) { y[t] += x[b] * weight[w]; });
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] += c.bias ? bias[output_of(i)] : 0;
      if (c.relu) y[i] = std::max(0.0, y[i]);
    }
    return y;
  }
  struct Gradients {
    Values top, x, weight, bias;
  };
  [[nodiscard]] Gradients backward(Values dy) const {
    const Values y = forward();
    Gradients d{std::move(dy), Values(x.size()), Values(weight.size()),
                Values(static_cast<std::size_t>(c.outputs))};
    for (std::size_t i = 0; c.relu && i < y.size(); ++i) d.top[i] = y[i] > 0 ? d.top[i] : 0;
    for_each_product([&](std::size_t t, std::size_t b, std::size_t w) {
      d.x[b] += d.top[t] * weight[w];
      d.weight[w] += d.top[t] * x[b];
    });
    for (std::size_t i = 0; i < y.size(); ++i) d.bias[output_of(i)] += d.top[i];
    return d;
  }
};

Reference make_reference(const Case& c) {
  const Shape top = layer_type(c.spec().params).top_shapes(c.spec(), {{c.bottom()}})[0];
  const std::int64_t weights = c.outputs * (c.channels / c.groups) * c.kernel_h * c.kernel_w;
  // No sum close to zero: a folded ReLU must decide alike in float and in double.
  Reference reference{c, top, random_values(c.bottom().elements(), 1), random_values(weights, 2),
                      random_values(c.outputs, 3)};
  return reference;
}

/// What the layer computes, ranges of two images after one another.
struct Results {
  TestBlob top, top_gradient, bottom_gradient;
  Values weight_gradient, bias_gradient;
};

class ConvolutionRun {
 public:
  ConvolutionRun(const Reference& reference, int block)
      : reference_(reference),
        bottom_({"x", reference.c.bottom(), {block}}, reference.x),
        runner_(reference.c.spec(), {bottom_.desc}) {
    for (const ParameterStorage& storage : runner_.kernel->parameter_storage()) {
      EXPECT_EQ(storage.chunks.size(), 1);
      stored_.emplace_back(storage.chunks[0].bytes / sizeof(float), 7.0f);
      gradients_.emplace_back(stored_.back().size(), 7.0f);
    }
    store(0, reference.weight);
    if (reference.c.bias) store(1, reference.bias);
  }

  Results run(const Values& dy, bool accumulate_data) {
    TestBlob top = runner_.top(0, 9);
    Results results{
        top, TestBlob(top.desc, dy), TestBlob(bottom_.desc, Values(reference_.x.size(), 0.25)), {}, {}};
    const bool bias = reference_.c.bias;
    for (const ImageRange r : kRanges) {
      std::vector<const void*> in = {bottom_.at(r), stored_[0].data()};
      if (bias) in.push_back(stored_[1].data());
      runner_.run(Step::forward, r, in, {results.top.at(r)});
      void* gradient = results.top_gradient.at(r);
      if (reference_.c.relu) runner_.run(Step::mask_gradient, r, {results.top.at(r), gradient}, {gradient});
      std::vector<void*> out = {gradients_[0].data()};
      if (bias) out.push_back(gradients_[1].data());
      runner_.run(Step::backward_parameters, r, {bottom_.at(r), gradient}, out, {.accumulate = r.first > 0});
      runner_.run(Step::backward_data, r, {gradient, stored_[0].data()}, {results.bottom_gradient.at(r)},
                  {.accumulate = accumulate_data});
    }
    results.weight_gradient = canonical(0, reference_.weight.size());
    if (bias) results.bias_gradient = canonical(1, reference_.bias.size());
    return results;
  }

 private:
  void store(int parameter, const Values& values) {
    runner_.kernel->from_canonical(parameter, 0, to_floats(values).data(), stored_[parameter].data());
  }
  /// Also checks that what is stored beside the canonical elements is zero.
  Values canonical(int parameter, std::size_t count) {
    Floats values(count), again(gradients_[parameter].size(), 7.0f);
    runner_.kernel->to_canonical(parameter, 0, gradients_[parameter].data(), values.data());
    runner_.kernel->from_canonical(parameter, 0, values.data(), again.data());
    EXPECT_EQ(again, gradients_[parameter]);
    return to_values(values);
  }

  const Reference& reference_;
  TestBlob bottom_;
  KernelRunner runner_;
  std::vector<Floats> stored_, gradients_;
};

class ConvolutionTest : public ::testing::TestWithParam<std::tuple<Case, int>> {};

TEST_P(ConvolutionTest, AgreesWithSlowLoops) {
  const auto [c, block] = GetParam();
  const Reference reference = make_reference(c);
  const Values dy = random_values(reference.top.elements(), 4);
  const Reference::Gradients expected = reference.backward(dy);
  constexpr double kTolerance = 1e-4;
  for (const bool accumulate : {false, true}) {
    const Results results = ConvolutionRun(reference, block).run(dy, accumulate);
    expect_near(results.top.values(), reference.forward(), kTolerance);
    expect_near(results.top_gradient.values(), expected.top, kTolerance);
    expect_near(results.bottom_gradient.values(), accumulate ? plus(expected.x, 0.25) : expected.x,
                kTolerance);
    expect_near(results.weight_gradient, expected.weight, kTolerance);
    if (c.bias) expect_near(results.bias_gradient, expected.bias, kTolerance);
    EXPECT_TRUE(results.top.padding_is_zero() && results.bottom_gradient.padding_is_zero());
  }
}

TEST_P(ConvolutionTest, GivesTheSameBitsAgain) {
  const auto [c, block] = GetParam();
  const Reference reference = make_reference(c);
  const Values dy = random_values(reference.top.elements(), 4);
  const Results first = ConvolutionRun(reference, block).run(dy, true),
                second = ConvolutionRun(reference, block).run(dy, true);
  EXPECT_EQ(first.top.data, second.top.data);
  EXPECT_EQ(first.bottom_gradient.data, second.bottom_gradient.data);
  EXPECT_EQ(first.weight_gradient, second.weight_gradient);
  EXPECT_EQ(first.bias_gradient, second.bias_gradient);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ConvolutionTest,
    ::testing::Combine(
        ::testing::Values(Case{"3x3", 16, 9, 11, 32, 3, 3, 1, 1},
                          Case{"3x3 relu", 32, 8, 8, 16, 3, 3, 1, 1, 1, 1, true, true},
                          Case{"3x3 odd channels", 20, 7, 9, 50, 3, 3, 1, 1, 1, 1, true, true},
                          Case{"3x3 without padding or bias", 17, 8, 6, 19, 3, 3, 1, 0, 1, 1, false},
                          Case{"one channel", 1, 12, 12, 20, 5, 5},
                          Case{"three channels", 3, 15, 13, 50, 7, 7, 2, 3},
                          Case{"few outputs", 20, 6, 6, 3, 3, 3, 1, 1}, Case{"1x1", 20, 5, 5, 24, 1, 1},
                          Case{"1x1 strided", 32, 8, 8, 16, 1, 1, 2},
                          Case{"oblong window", 8, 9, 7, 12, 1, 5, 1, 2},
                          Case{"stride past the edge", 16, 10, 10, 16, 3, 3, 4},
                          Case{"dilated", 16, 11, 11, 32, 3, 3, 1, 2, 2},
                          Case{"grouped", 32, 6, 6, 64, 3, 3, 1, 1, 1, 2, true, true},
                          Case{"odd groups", 6, 7, 7, 10, 3, 3, 2, 1, 1, 2, true, true},
                          Case{"padded groups", 20, 5, 5, 30, 3, 3, 1, 1, 1, 5},
                          Case{"depthwise", 16, 6, 6, 16, 3, 3, 1, 1, 1, 16},
                          Case{"image-sized window", 16, 4, 4, 32, 4, 4}),
        ::testing::ValuesIn(layouts_under_test())));

TEST(Convolution, SlowLoopsAgreeWithCentralDifferences) {
  const Case c{"small", 4, 5, 4, 6, 3, 2, 2, 1, 1, 2, true, true};
  const Reference reference = make_reference(c);
  const Values dy = random_values(reference.top.elements(), 4);
  const Reference::Gradients gradients = reference.backward(dy);
  const auto of = [&](Values Reference::*argument) {
    const auto forward = [&](const Values& values) {
      Reference changed = reference;
      changed.*argument = values;
      return changed.forward();
    };
    return numeric_gradient(forward, reference.*argument, dy);
  };
  expect_near(gradients.x, of(&Reference::x), 1e-7);
  expect_near(gradients.weight, of(&Reference::weight), 1e-7);
  expect_near(gradients.bias, of(&Reference::bias), 1e-7);
}

TEST(Convolution, RefusesWhatDoesNotFit) {
  const auto shapes = [](const Case& c) {
    return layer_type(c.spec().params).top_shapes(c.spec(), {{c.bottom()}});
  };
  EXPECT_THROW((void)shapes({"window past the image", 3, 4, 4, 8, 7, 7, 1, 1}), runtime::UsageError);
  EXPECT_THROW((void)shapes({"groups", 3, 4, 4, 8, 3, 3, 1, 1, 1, 2}), runtime::UsageError);
  EXPECT_THROW((void)shapes({"no outputs", 3, 4, 4, 0, 3, 3}), runtime::UsageError);
  EXPECT_THROW((void)shapes({"no stride", 3, 4, 4, 8, 3, 3, 0}), runtime::UsageError);
}

TEST(Convolution, InANetSlabsDoNotMatter) {
  ConvolutionParams params = Case{"", 8, 0, 0, 20, 3, 3, 1, 1, 1, 1, true, true}.params();
  params.weight_options.filler = {.kind = Filler::Kind::xavier};
  expect_slabs_do_not_matter({{"conv", {"x"}, {"y"}, params}}, {6, 8, 10, 9});
}

}  // namespace
}  // namespace octrain::layers::testing
