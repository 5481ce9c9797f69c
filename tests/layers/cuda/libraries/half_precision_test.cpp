// Convolution and inner product on 16-bit blobs, on fakes of the libraries, against the host's in float32.
#include <gtest/gtest.h>

#include "library_case.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::cuda::testing {
namespace {

using layers::testing::epsilon_of;

class HalfPrecisionTest : public ::testing::TestWithParam<ElementType> {
 protected:
  HalfPrecisionTest() {
    reset_fake();
    for (FakeAlgorithms* algorithms : {&fake().forward, &fake().backward_data, &fake().backward_parameters})
      algorithms->front().math = CUDNN_TENSOR_OP_MATH;
  }
  ~HalfPrecisionTest() override { EXPECT_EQ(fake().live_descriptors + fake().live_handles, 0); }

  static CudaContext make_context() {
    CudaBackendOptions options;
    options.element = GetParam();
    return CudaContext(options);
  }

  /// Operands and weights are rounded, a result again: of sums of a few dozen products of numbers below 1,
  /// four roundings of numbers of up to `largest`.
  static void expect_close(const Values& actual, const Values& expected, double largest) {
    ASSERT_EQ(actual.size(), expected.size());
    const double tolerance = 4 * epsilon_of(GetParam()) * largest;
    for (std::size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], tolerance) << i;
  }

  static void expect_as_on_the_host(LibraryCase c, CudaContext& context) {
    const std::unique_ptr<Kernel> host = make_host_kernel(c);
    LibraryCase half = c;
    half.element = GetParam();
    const std::unique_ptr<Kernel> cuda = make_cuda_kernel(half, context);
    EXPECT_EQ(cuda->top_layouts()[0], (Layout{1, GetParam()}));
    for (const bool accumulate : {false, true}) {
      SCOPED_TRACE(accumulate ? "accumulating" : "overwriting");
      const LibraryResults actual = LibraryRun(half, *cuda, accumulate).run(),
                           expected = LibraryRun(c, *host, accumulate).run();
      expect_close(actual.top, expected.top, 4);
      expect_close(actual.bottom_gradient, expected.bottom_gradient, 8);
      expect_close(actual.weight_gradient, expected.weight_gradient, 16);
      // Only top' was rounded: the sums are double.
      expect_close(actual.bias_gradient, expected.bias_gradient, 4);
    }
  }
};

ConvolutionParams square(int outputs, bool relu, bool bias = true) {
  ConvolutionParams params;
  params.outputs = outputs;
  params.kernel_h = params.kernel_w = 3;
  params.pad_h = params.pad_w = 1;
  params.relu = relu;
  params.bias = bias;
  return params;
}

InnerProductParams product(int outputs, bool relu, bool bias = true) {
  InnerProductParams params;
  params.outputs = outputs;
  params.relu = relu;
  params.bias = bias;
  return params;
}

TEST_P(HalfPrecisionTest, Convolution) {
  CudaContext context = make_context();
  expect_as_on_the_host(make_case({5, 4, 5, 6}, square(3, false)), context);
  EXPECT_EQ(fake().runs.front(), "forward 1 tensor");
  expect_as_on_the_host(make_case({5, 4, 5, 6}, square(3, false, false)), context);
}

TEST_P(HalfPrecisionTest, ConvolutionInGroups) {
  CudaContext context = make_context();
  ConvolutionParams params = square(6, false);
  params.groups = 2;
  expect_as_on_the_host(make_case({5, 4, 5, 6}, params), context);
}

// The masks of ReLUs may differ where a sum is about zero; so only the top is compared.
TEST_P(HalfPrecisionTest, FoldedRelusFusedOrNot) {
  for (const bool fuses : {true, false}) {
    fake().fuses = fuses;
    fake().runs.clear();
    for (LibraryCase c :
         {make_case({5, 4, 5, 6}, square(3, true)), make_case({5, 7, 3, 2}, product(11, true)),
          make_case({5, 7, 3, 2}, product(11, true, false))}) {
      const std::unique_ptr<Kernel> host = make_host_kernel(c);
      const Values expected = LibraryRun(c, *host, false).run().top;
      CudaContext context = make_context();
      c.element = GetParam();
      const LibraryResults results = LibraryRun(c, *make_cuda_kernel(c, context), false).run();
      expect_close(results.top, expected, 4);
      for (std::size_t i = 0; i < results.top.size(); ++i) {
        EXPECT_TRUE(results.top[i] != 0 || results.top_gradient[i] == 0) << "masked";
      }
    }
    EXPECT_EQ(fake().runs.front(), fuses ? "fused 1 tensor" : "forward 1 tensor");
  }
}

TEST_P(HalfPrecisionTest, InnerProduct) {
  CudaContext context = make_context();
  expect_as_on_the_host(make_case({5, 7, 3, 2}, product(11, false)), context);
  expect_as_on_the_host(make_case({5, 7, 3, 2}, product(11, false, false)), context);
}

// The chunks are those of float32: the weight is.
TEST_P(HalfPrecisionTest, InnerProductInChunks) {
  CudaContext context = make_context();
  context.chunk_bytes = 1000;
  LibraryCase c = make_case({5, 7, 3, 2}, product(11, false));
  expect_as_on_the_host(c, context);
  c.element = GetParam();
  const std::unique_ptr<Kernel> kernel = make_cuda_kernel(c, context);
  const std::vector<ParameterStorage> storage = kernel->parameter_storage();
  ASSERT_EQ(storage[0].chunks.size(), 3U);
  EXPECT_EQ(storage[0].chunks[0].bytes, 4U * 42 * 4);
  constexpr std::uint64_t kGemm = 4 << 20;
  EXPECT_EQ(kernel->workspace_bytes(Step::forward, 2, false), kGemm + 4 * 42 * 2);
  EXPECT_EQ(kernel->workspace_bytes(Step::backward_data, 2, false), kGemm + 4 * 42 * 2);
}

// What is added to a gradient of the weight is not rounded to 16 bits: 1 + 2^-13 is not lost.
TEST_P(HalfPrecisionTest, GradientsOfInnerProductsAreAddedInFloat32) {
  CudaContext context = make_context();
  LibraryCase c = make_case({5, 1, 1, 1}, product(1, false));
  c.element = GetParam();
  const std::unique_ptr<Kernel> kernel = make_cuda_kernel(c, context);
  const BlobDesc blob{"x", {1, 1, 1, 1}, {1, GetParam()}};
  TestBlob x(blob, Values{0x1p-6}), dy(blob, Values{0x1p-7});
  Floats weight_gradient{1}, bias_gradient{1};
  Bytes workspace(kernel->workspace_bytes(Step::backward_parameters, 1, true));
  const std::vector<const void*> in = {x.data.data(), dy.data.data()};
  const std::vector<void*> out = {weight_gradient.data(), bias_gradient.data()};
  KernelCall call{.in = in, .out = out};
  call.images = 1;
  call.accumulate = true;
  call.workspace = workspace.data();
  kernel->run(Step::backward_parameters, call);
  EXPECT_EQ(weight_gradient[0], 1.0F + 0x1p-13F);
  EXPECT_EQ(bias_gradient[0], 1.0F + 0x1p-7F);
}

TEST_P(HalfPrecisionTest, WorkspaceCountsTheCopiesOfParameters) {
  fake().forward[0].workspace_bytes = 1000;
  fake().backward_parameters[0].workspace_bytes = 3000;
  CudaContext context = make_context();
  LibraryCase c = make_case({5, 4, 5, 6}, square(3, true));
  expect_as_on_the_host(make_case({5, 4, 5, 6}, square(3, false)), context);  // the fakes write over theirs
  c.element = GetParam();
  const std::unique_ptr<Kernel> kernel = make_cuda_kernel(c, context);
  // 3 x 4 x 3 x 3 weights and 3 of bias, in 16 bits, each at a multiple of 256 bytes.
  EXPECT_EQ(kernel->workspace_bytes(Step::forward, 2, false), 256U + 256 + 1000);
  EXPECT_EQ(kernel->workspace_bytes(Step::backward_data, 2, false), 256U);
  EXPECT_EQ(kernel->workspace_bytes(Step::backward_parameters, 2, false), 256U + 256 + 3000);
  EXPECT_EQ(kernel->workspace_bytes(Step::mask_gradient, 2, false), 0U);
}

INSTANTIATE_TEST_SUITE_P(Elements, HalfPrecisionTest,
                         ::testing::Values(ElementType::float16, ElementType::bfloat16),
                         [](const auto& param) { return std::string(name_of(param.param)); });

TEST(Arithmetic, NeedsACardThatHasIt) {
  reset_fake();
  fake().compute_major = 7;
  CudaBackendOptions bfloat16, tf32, float16;
  bfloat16.element = ElementType::bfloat16;
  tf32.tf32 = true;
  float16.element = ElementType::float16;
  try {
    CudaContext context(bfloat16);
    FAIL() << "took a card without bfloat16";
  } catch (const runtime::DeviceError& error) {
    EXPECT_STREQ(error.what(), "bf16 needs a GPU of compute capability 8.0 or newer; Fake card has 7.1");
  }
  EXPECT_THROW(CudaContext{tf32}, runtime::DeviceError);
  EXPECT_NO_THROW(CudaContext{float16});
  EXPECT_NO_THROW(CudaContext{CudaBackendOptions{}});
}

}  // namespace
}  // namespace octrain::layers::cuda::testing
