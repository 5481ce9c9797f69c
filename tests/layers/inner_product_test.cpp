#include "layers/kernel_runner.h"
#include "layers/layer_harness.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::testing {
namespace {

constexpr std::int64_t kBatch = 5;

struct Case {
  std::int64_t channels, height, width;
  int outputs;
  bool bias = true, relu = false;
  int chunks = 1;
};

LayerSpec make_spec(const Case& c) {
  InnerProductParams params;
  params.outputs = c.outputs;
  params.bias = c.bias;
  params.relu = c.relu;
  return {"ip", {"x"}, {"y"}, params};
}

/// Slow loops in double.
struct Reference {
  Case c;
  Values x, weight, bias;

  [[nodiscard]] std::size_t depth() const {
    return static_cast<std::size_t>(c.channels * c.height * c.width);
  }
  [[nodiscard]] std::size_t outputs() const { return static_cast<std::size_t>(c.outputs); }
  [[nodiscard]] Values forward() const {
    Values y(kBatch * outputs());
    for (std::size_t i = 0; i < y.size(); ++i) {
      const std::size_t n = i / outputs(), o = i % outputs();
      for (std::size_t k = 0; k < depth(); ++k) y[i] += x[n * depth() + k] * weight[o * depth() + k];
      y[i] += c.bias ? bias[o] : 0;
      if (c.relu) y[i] = std::max(0.0, y[i]);
    }
    return y;
  }
  struct Gradients {
    Values x, weight, bias;
  };
  [[nodiscard]] Gradients backward(const Values& dy) const {
    const Values y = forward();
    Gradients d{Values(x.size()), Values(weight.size()), Values(outputs())};
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (c.relu && y[i] <= 0) continue;
      const std::size_t n = i / outputs(), o = i % outputs();
      d.bias[o] += dy[i];
      for (std::size_t k = 0; k < depth(); ++k) {
        d.x[n * depth() + k] += dy[i] * weight[o * depth() + k];
        d.weight[o * depth() + k] += dy[i] * x[n * depth() + k];
      }
    }
    return d;
  }
};

Reference make_reference(const Case& c) {
  Reference reference{c, {}, {}, random_values(c.outputs, 3)};
  const auto depth = static_cast<std::int64_t>(reference.depth());
  reference.x = random_values(kBatch * depth, 1);
  reference.weight = random_values(c.outputs * depth, 2, -0.1, 0.1);
  return reference;
}

struct Results {
  TestBlob top, bottom_gradient;
  Values weight_gradient, bias_gradient;
};

/// Every step over chunks and ranges, as lowering orders them.
Results run(const Reference& reference, int block, const Values& dy, bool accumulate) {
  TestBlob bottom({"x", {kBatch, reference.c.channels, reference.c.height, reference.c.width}, {block}},
                  reference.x);
  const KernelRunner runner(make_spec(reference.c), {bottom.desc});
  const std::vector<ParameterStorage::Chunk> chunks = runner.kernel->parameter_storage()[0].chunks;
  EXPECT_EQ(chunks.size(), static_cast<std::size_t>(reference.c.chunks));
  const Floats weight = to_floats(reference.weight);
  Floats weight_gradient(weight.size()), bias, bias_gradient;
  if (reference.c.bias) {
    bias.resize(runner.kernel->parameter_storage()[1].chunks[0].bytes / sizeof(float), 7.0f);
    bias_gradient.resize(bias.size(), 0.5f);
    runner.kernel->from_canonical(1, 0, to_floats(reference.bias).data(), bias.data());
  }
  Results results{runner.top(0, 9), TestBlob(bottom.desc, Values(reference.x.size(), 0.25)), {}, {}};
  TestBlob top_gradient(results.top.desc, dy);
  std::vector<Floats> stored;
  for (int chunk = 0; chunk < reference.c.chunks; ++chunk) {
    stored.emplace_back(chunks[chunk].bytes / sizeof(float), 7.0f);
    runner.kernel->from_canonical(0, chunk, weight.data() + chunks[chunk].first, stored.back().data());
    for (const ImageRange r : kRanges) {
      std::vector<const void*> in = {bottom.at(r), stored.back().data()};
      if (reference.c.bias) in.push_back(bias.data());
      if (chunk > 0) in.push_back(results.top.at(r));
      runner.run(Step::forward, r, in, {results.top.at(r)}, {.chunk = chunk});
    }
  }
  for (const ImageRange r : kRanges) {
    void* gradient = top_gradient.at(r);
    if (reference.c.relu) runner.run(Step::mask_gradient, r, {results.top.at(r), gradient}, {gradient});
  }
  for (int chunk = 0; chunk < reference.c.chunks; ++chunk) {
    Floats gradient(stored[chunk].size(), 0.0f), again(gradient.size(), 7.0f);
    Floats half(static_cast<std::size_t>(chunks[chunk].count), 0.5f);
    runner.kernel->from_canonical(0, chunk, half.data(), gradient.data());
    for (const ImageRange r : kRanges) {
      std::vector<void*> out = {gradient.data()};
      if (chunk == 0 && reference.c.bias) out.push_back(bias_gradient.data());
      runner.run(Step::backward_parameters, r, {bottom.at(r), top_gradient.at(r)}, out,
                 {.accumulate = accumulate || r.first > 0, .chunk = chunk});
      runner.run(Step::backward_data, r, {top_gradient.at(r), stored[chunk].data()},
                 {results.bottom_gradient.at(r)}, {.accumulate = accumulate || chunk > 0, .chunk = chunk});
    }
    runner.kernel->to_canonical(0, chunk, gradient.data(), weight_gradient.data() + chunks[chunk].first);
    runner.kernel->from_canonical(0, chunk, weight_gradient.data() + chunks[chunk].first, again.data());
    EXPECT_EQ(again, gradient) << "padding must stay zero";
  }
  results.weight_gradient = to_values(weight_gradient);
  if (reference.c.bias) {
    bias.resize(reference.outputs());
    runner.kernel->to_canonical(1, 0, bias_gradient.data(), bias.data());
    results.bias_gradient = to_values(bias);
  }
  return results;
}

class InnerProductTest : public ::testing::TestWithParam<std::tuple<Case, int>> {};

TEST_P(InnerProductTest, AgreesWithSlowLoops) {
  const auto [c, block] = GetParam();
  const Reference reference = make_reference(c);
  const Values dy = random_values(kBatch * c.outputs, 4);
  const Reference::Gradients expected = reference.backward(dy);
  constexpr double kTolerance = 5e-5;  // sums of up to 10,000 products
  for (const bool accumulate : {false, true}) {
    const Results results = run(reference, block, dy, accumulate);
    expect_near(results.top.values(), reference.forward(), kTolerance);
    expect_near(results.bottom_gradient.values(), plus(expected.x, accumulate ? 0.25 : 0), kTolerance);
    expect_near(results.weight_gradient, plus(expected.weight, accumulate ? 0.5 : 0), kTolerance);
    if (c.bias) expect_near(results.bias_gradient, plus(expected.bias, accumulate ? 0.5 : 0), kTolerance);
    EXPECT_TRUE(results.bottom_gradient.padding_is_zero());
  }
}

TEST_P(InnerProductTest, GivesTheSameBitsAgain) {
  const auto [c, block] = GetParam();
  const Reference reference = make_reference(c);
  const Values dy = random_values(kBatch * c.outputs, 4);
  const Results first = run(reference, block, dy, true), second = run(reference, block, dy, true);
  EXPECT_EQ(first.top.data, second.top.data);
  EXPECT_EQ(first.bottom_gradient.data, second.bottom_gradient.data);
  EXPECT_EQ(first.weight_gradient, second.weight_gradient);
  EXPECT_EQ(first.bias_gradient, second.bias_gradient);
}

INSTANTIATE_TEST_SUITE_P(Shapes, InnerProductTest,
                         ::testing::Combine(::testing::Values(Case{20, 3, 4, 17}, Case{16, 1, 1, 10, false},
                                                              Case{500, 1, 1, 10},
                                                              Case{3, 5, 5, 64, true, true}, Case{1, 1, 1, 1},
                                                              Case{50, 2, 2, 100, false, true}),
                                            ::testing::ValuesIn(layouts_under_test())));

const std::vector<int> kPlainAndBlocked =
    for_layouts_under_test<int>({1, 16}, [](int block) { return std::vector<int>{block}; });

// Depths at which oneDNN 2.6 fails on rows that do not fill blocks of 64.
INSTANTIATE_TEST_SUITE_P(GreatDepth, InnerProductTest,
                         ::testing::Combine(::testing::Values(Case{63, 10, 10, 88},
                                                              Case{63, 10, 10, 136, true, true}),
                                            ::testing::ValuesIn(kPlainAndBlocked)));

// 40 KiB an output: 512 outputs a chunk.
INSTANTIATE_TEST_SUITE_P(Chunks, InnerProductTest,
                         ::testing::Combine(::testing::Values(Case{71, 12, 12, 600, true, true, 2}),
                                            ::testing::ValuesIn(kPlainAndBlocked)));

TEST(InnerProduct, SlowLoopsAgreeWithCentralDifferences) {
  const Reference reference = make_reference({3, 2, 2, 7, true, true});
  const Values dy = random_values(kBatch * 7, 4);
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

TEST(InnerProduct, RefusesNoOutputs) {
  const LayerSpec spec = make_spec({3, 2, 2, 0});
  EXPECT_THROW((void)layer_type(spec.params).top_shapes(spec, {{Shape{1, 3, 2, 2}}}), runtime::UsageError);
}

TEST(InnerProduct, InANetSlabsDoNotMatter) {
  LayerSpec spec = make_spec({0, 0, 0, 30, true, true});
  std::get<InnerProductParams>(spec.params).weight_options.filler = {.kind = Filler::Kind::xavier};
  expect_slabs_do_not_matter({spec}, {6, 8, 10, 9});
}

}  // namespace
}  // namespace octrain::layers::testing
