// Convolution and inner product against the host's kernels, on fakes of the libraries: which matrices they
// are given, in which order, and what is added to what.
#include <gtest/gtest.h>

#include "library_case.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::cuda::testing {
namespace {

using layers::testing::expect_near;

class LibraryKernelsTest : public ::testing::Test {
 protected:
  LibraryKernelsTest() { reset_fake(); }
  ~LibraryKernelsTest() override { EXPECT_EQ(fake().live_descriptors + fake().live_handles, 0); }

  static void expect_as_on_the_host(const LibraryCase& c) {
    CudaContext context{{}};
    expect_as_on_the_host(c, context);
  }
  static void expect_as_on_the_host(const LibraryCase& c, CudaContext& context) {
    constexpr double tolerance = 1e-4;
    const std::unique_ptr<Kernel> cuda = make_cuda_kernel(c, context);
    const std::unique_ptr<Kernel> host = make_host_kernel(c);
    for (const bool accumulate : {false, true}) {
      SCOPED_TRACE(accumulate ? "accumulating" : "overwriting");
      const LibraryResults actual = LibraryRun(c, *cuda, accumulate).run(),
                           expected = LibraryRun(c, *host, accumulate).run();
      expect_near(actual.top, expected.top, tolerance);
      expect_near(actual.top_gradient, expected.top_gradient, tolerance);
      expect_near(actual.bottom_gradient, expected.bottom_gradient, tolerance);
      expect_near(actual.weight_gradient, expected.weight_gradient, tolerance);
      expect_near(actual.bias_gradient, expected.bias_gradient, tolerance);
    }
  }
};

ConvolutionParams square(int outputs, int kernel, int stride = 1, int pad = 0) {
  ConvolutionParams params;
  params.outputs = outputs;
  params.kernel_h = params.kernel_w = kernel;
  params.stride_h = params.stride_w = stride;
  params.pad_h = params.pad_w = pad;
  return params;
}

TEST_F(LibraryKernelsTest, Convolution) {
  expect_as_on_the_host(make_case({5, 6, 7, 9}, square(4, 3, 1, 1)));
}

TEST_F(LibraryKernelsTest, ConvolutionWithFoldedRelu) {
  ConvolutionParams params = square(5, 3, 1, 1);
  params.relu = true;
  expect_as_on_the_host(make_case({5, 3, 6, 5}, params));
  EXPECT_EQ(fake().runs.front(), "fused 1 fma");
}

TEST_F(LibraryKernelsTest, ConvolutionWithFoldedReluWhereCudnnCannotFuse) {
  fake().fuses = false;
  ConvolutionParams params = square(5, 3, 1, 1);
  params.relu = true;
  expect_as_on_the_host(make_case({5, 3, 6, 5}, params));
  EXPECT_EQ(fake().runs.front(), "forward 1 fma");
}

TEST_F(LibraryKernelsTest, ConvolutionWithReluButNoBias) {
  ConvolutionParams params = square(4, 1, 2);
  params.relu = true;
  params.bias = false;
  expect_as_on_the_host(make_case({5, 6, 7, 9}, params));
}

TEST_F(LibraryKernelsTest, ConvolutionWithAllItsNumbersDifferent) {
  ConvolutionParams params = square(6, 3);
  params.kernel_w = 2;
  params.stride_h = 2;
  params.stride_w = 3;
  params.pad_h = 1;
  params.pad_w = 4;
  params.dilation_h = 2;
  params.dilation_w = 3;
  params.groups = 2;
  expect_as_on_the_host(make_case({5, 4, 11, 13}, params));
}

TEST_F(LibraryKernelsTest, ConvolutionWithoutBiasByChannel) {
  ConvolutionParams params = square(6, 3, 1, 1);
  params.groups = 6;
  params.bias = false;
  expect_as_on_the_host(make_case({5, 6, 6, 6}, params));
}

TEST_F(LibraryKernelsTest, ConvolutionStaysWithinItsWorkspace) {
  fake().forward[0].workspace_bytes = 1000;
  fake().backward_data[0].workspace_bytes = 2000;
  fake().backward_parameters[0].workspace_bytes = 3000;
  const LibraryCase c = make_case({5, 6, 7, 9}, square(4, 3, 1, 1));
  CudaContext context{{}};
  const std::unique_ptr<Kernel> kernel = make_cuda_kernel(c, context);
  EXPECT_EQ(kernel->workspace_bytes(Step::forward, 2, false), 1000U);
  EXPECT_EQ(kernel->workspace_bytes(Step::backward_data, 2, true), 2000U);
  EXPECT_EQ(kernel->workspace_bytes(Step::backward_parameters, 2, false), 3000U);
  EXPECT_EQ(kernel->workspace_bytes(Step::mask_gradient, 2, false), 0U);
  expect_as_on_the_host(c);  // the fake writes over all it is given
}

TEST_F(LibraryKernelsTest, AFailureNamesTheLayerAndSaysWhatCudnnSays) {
  const LibraryCase c = make_case({5, 6, 7, 9}, square(4, 3, 1, 1));
  CudaContext context{{}};
  const std::unique_ptr<Kernel> kernel = make_cuda_kernel(c, context);
  fake().convolution_status = CUDNN_STATUS_EXECUTION_FAILED;
  try {
    LibraryRun(c, *kernel, false).run();
    FAIL() << "the failure was passed over";
  } catch (const runtime::DeviceError& error) {
    EXPECT_EQ(std::string(error.what())
                  .find("layer 'conv': cudnnConvolutionForward: "
                        "CUDNN_STATUS_EXECUTION_FAILED"),
              0U)
        << error.what();
  }
  fake().convolution_status = CUDNN_STATUS_ALLOC_FAILED;
  EXPECT_THROW(LibraryRun(c, *kernel, false).run(), runtime::OutOfDeviceMemory);
}

InnerProductParams outputs(int count, bool bias = true, bool relu = false) {
  InnerProductParams params;
  params.outputs = count;
  params.bias = bias;
  params.relu = relu;
  return params;
}

TEST_F(LibraryKernelsTest, InnerProduct) { expect_as_on_the_host(make_case({5, 7, 3, 2}, outputs(11))); }

TEST_F(LibraryKernelsTest, InnerProductWithFoldedRelu) {
  expect_as_on_the_host(make_case({5, 7, 3, 2}, outputs(11, true, true)));
}

TEST_F(LibraryKernelsTest, InnerProductWithReluButNoBias) {
  expect_as_on_the_host(make_case({5, 9, 1, 1}, outputs(4, false, true)));
}

TEST_F(LibraryKernelsTest, InnerProductInChunks) {
  // 42 inputs, 168 bytes a row: 4 rows a chunk, the largest power of two within 1000 bytes.
  const LibraryCase c = make_case({5, 7, 3, 2}, outputs(11, true, true));
  CudaContext context{{}};
  context.chunk_bytes = 1000;
  const std::vector<ParameterStorage> storage = make_cuda_kernel(c, context)->parameter_storage();
  ASSERT_EQ(storage[0].chunks.size(), 3U);
  EXPECT_EQ(storage[0].chunks[2].first, 8 * 42);
  EXPECT_EQ(storage[0].chunks[2].count, 3 * 42);
  EXPECT_EQ(storage[0].chunks[2].bytes, 3U * 42 * 4);
  EXPECT_EQ(storage[1].chunks.size(), 1U);
  expect_as_on_the_host(c, context);
  expect_as_on_the_host(make_case({5, 7, 3, 2}, outputs(8)), context);
  expect_as_on_the_host(make_case({5, 7, 3, 2}, outputs(9, false, true)), context);
}

TEST_F(LibraryKernelsTest, InnerProductsWorkspaceIsTheSameForEveryOp) {
  const LibraryCase c = make_case({5, 7, 3, 2}, outputs(11));
  CudaContext context{{}};
  const std::unique_ptr<Kernel> kernel = make_cuda_kernel(c, context);
  for (const Step step : {Step::forward, Step::backward_data, Step::backward_parameters})
    EXPECT_EQ(kernel->workspace_bytes(step, 2, false), 4U * 1024 * 1024);
}

TEST_F(LibraryKernelsTest, KernelsOutliveTheContextTheyWereMadeWith) {
  const LibraryCase c = make_case({5, 7, 3, 2}, outputs(11));
  std::unique_ptr<Kernel> kernel;
  {
    CudaContext context{{}};
    kernel = make_cuda_kernel(c, context);
  }
  EXPECT_EQ(fake().live_handles, 2);
  EXPECT_EQ(LibraryRun(c, *kernel, false).run().top.size(), 55U);
}

}  // namespace
}  // namespace octrain::layers::cuda::testing
