// What the libraries' handles are told of the backend's options.
#include "context.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "fake_libraries.h"

namespace octrain::layers::cuda::testing {
namespace {

struct Told {
  std::string name;
  ElementType element;
  bool tf32, deterministic;
  int math;  ///< of cuBLAS, a cublasMath_t
  cublasAtomicsMode_t atomics = CUBLAS_ATOMICS_NOT_ALLOWED;
};

void PrintTo(const Told& told, std::ostream* out) { *out << told.name; }

class LibraryHandles : public ::testing::TestWithParam<Told> {
 protected:
  LibraryHandles() { reset_fake(); }
};

TEST_P(LibraryHandles, AreToldTheArithmeticAndTheStream) {
  char place = 0;
  CudaBackendOptions options;
  options.stream = reinterpret_cast<cudaStream_t>(&place);
  options.element = GetParam().element;
  options.tf32 = GetParam().tf32;
  options.deterministic = GetParam().deterministic;
  const CudaContext context(options);
  EXPECT_EQ(fake().cublas_math, static_cast<cublasMath_t>(GetParam().math));
  EXPECT_EQ(fake().cublas_atomics, GetParam().atomics);
  EXPECT_EQ(fake().cublas_stream, options.stream);
  EXPECT_EQ(fake().cudnn_stream, options.stream);
  EXPECT_EQ(context.stream, options.stream);
}

constexpr int kFloat32Sums = CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;

INSTANTIATE_TEST_SUITE_P(
    Options, LibraryHandles,
    ::testing::Values(Told{"fp32", ElementType::float32, false, true, CUBLAS_DEFAULT_MATH},
                      Told{"tf32", ElementType::float32, true, true, CUBLAS_TF32_TENSOR_OP_MATH},
                      Told{"fp16", ElementType::float16, false, true, CUBLAS_DEFAULT_MATH | kFloat32Sums},
                      Told{"bf16", ElementType::bfloat16, false, true, CUBLAS_DEFAULT_MATH | kFloat32Sums},
                      Told{"nondeterministic", ElementType::float32, false, false, CUBLAS_DEFAULT_MATH,
                           CUBLAS_ATOMICS_ALLOWED}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace octrain::layers::cuda::testing
