// Runs one kernel of the backend under test directly, step by step and range by range, on blobs of any
// layout; and numeric gradients in double.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <new>
#include <random>
#include <vector>

#include "layers/backend_under_test.h"
#include "layers/elements.h"
#include "octrain/layers/layer.h"
#include "octrain/layers/lowering.h"

namespace octrain::layers::testing {

using Values = std::vector<double>;  ///< a blob or parameter in canonical order: n, c, h, w

inline Values random_values(std::int64_t count, unsigned seed, double low = -1, double high = 1) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> distribution(low, high);
  Values values(static_cast<std::size_t>(count));
  // Through float, so that the kernel and the reference see the same numbers.
  for (double& value : values) value = static_cast<double>(static_cast<float>(distribution(generator)));
  return values;
}

template <class T>
struct OperandAllocator {
  using value_type = T;
  OperandAllocator() = default;
  template <class U>
  OperandAllocator(const OperandAllocator<U>&) {}
  static T* allocate(std::size_t count) {
    void* memory = allocate_operands(count * sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  static void deallocate(T* pointer, std::size_t) { free_operands(pointer); }
  friend bool operator==(OperandAllocator, OperandAllocator) { return true; }
};
using Floats = std::vector<float, OperandAllocator<float>>;
using Bytes = std::vector<std::byte, OperandAllocator<std::byte>>;

/// A blob as kernels see it. Of 16-bit elements `data` holds two in a float's bytes.
struct TestBlob {
  BlobDesc desc;
  Floats data;

  explicit TestBlob(BlobDesc d, float fill = 0)
      : desc(std::move(d)), data((count() * size_of(element()) + 3) / sizeof(float)) {
    for (std::size_t at = 0; at < count(); ++at) write_element(data.data(), at, element(), fill);
  }
  TestBlob(BlobDesc d, const Values& values) : TestBlob(std::move(d)) {
    for_each([&](std::size_t logical, std::size_t at) {
      write_element(data.data(), at, element(), values[logical]);
    });
  }

  [[nodiscard]] Values values() const {
    Values result(static_cast<std::size_t>(desc.shape.elements()));
    for_each([&](std::size_t logical, std::size_t at) { result[logical] = value(at); });
    return result;
  }
  [[nodiscard]] void* at(ImageRange range) {
    return reinterpret_cast<std::byte*>(data.data()) +
           range.first * static_cast<std::int64_t>(desc.image_bytes());
  }
  [[nodiscard]] bool padding_is_zero() const {
    std::vector<bool> used(count());
    for_each([&](std::size_t, std::size_t at) { used[at] = true; });
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (!used[i] && value(i) != 0) return false;
    }
    return true;
  }

 private:
  [[nodiscard]] ElementType element() const { return desc.layout.element; }
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(desc.shape.n * desc.image_elements());
  }
  [[nodiscard]] double value(std::size_t at) const { return read_element(data.data(), at, element()); }
  template <class Function>
  void for_each(const Function& fn) const {
    const Shape& s = desc.shape;
    const std::int64_t block = desc.layout.channel_block;
    std::size_t logical = 0;
    for (std::int64_t n = 0; n < s.n; ++n) {
      for (std::int64_t c = 0; c < s.c; ++c) {
        for (std::int64_t p = 0; p < s.h * s.w; ++p) {
          fn(logical++, static_cast<std::size_t>(n * desc.image_elements() +
                                                 (c / block * s.h * s.w + p) * block + c % block));
        }
      }
    }
  }
};

struct RunOptions {
  bool accumulate = false;
  int chunk = 0;
  std::uint64_t iteration = 0;
  bool training = true;
  float gradient_scale = 1;
  double* scalar = nullptr;
};

class KernelRunner {
 public:
  KernelRunner(LayerSpec spec, std::vector<BlobDesc> bottoms, std::uint64_t seed_key = 7,
               DataSource* data = nullptr, int threads = 0)
      : KernelRunner(std::move(spec), std::move(bottoms), *make_backend_under_test(threads), seed_key, data) {
  }
  KernelRunner(LayerSpec spec, std::vector<BlobDesc> bottoms, Backend& backend, std::uint64_t seed_key = 7,
               DataSource* data = nullptr)
      : spec_(std::move(spec)) {
    std::vector<Shape> shapes;
    for (const BlobDesc& bottom : bottoms) shapes.push_back(bottom.shape);
    const LayerType& type = layer_type(spec_.params);
    top_shapes = type.top_shapes(spec_, shapes);
    parameters = type.parameters(spec_, shapes);
    kernel = backend.make_kernel({spec_, bottoms, top_shapes, parameters, seed_key, data});
  }

  [[nodiscard]] TestBlob top(std::size_t i = 0, float fill = 0) const {
    return TestBlob({"top", top_shapes[i], kernel->top_layouts()[i]}, fill);
  }

  void run(Step step, ImageRange range, const std::vector<const void*>& in, const std::vector<void*>& out,
           const RunOptions& options = {}) const {
    Bytes workspace(kernel->workspace_bytes(step, range.count, options.accumulate), std::byte{0x7f});
    KernelCall call{in,
                    out,
                    range.first,
                    range.count,
                    options.accumulate,
                    options.chunk,
                    workspace.data(),
                    options.iteration,
                    options.training,
                    options.gradient_scale,
                    options.scalar};
    kernel->run(step, call);
    wait_for_backend_under_test();
  }

  std::vector<Shape> top_shapes;
  std::vector<ParameterSpec> parameters;
  std::unique_ptr<Kernel> kernel;

 private:
  LayerSpec spec_;
};

/// d (sum of weights * f(x)) / dx by central differences.
inline Values numeric_gradient(const std::function<Values(const Values&)>& f, Values x,
                               const Values& weights) {
  constexpr double kStep = 1e-5;
  const auto total = [&](const Values& at) {
    const Values y = f(at);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += weights[i] * y[i];
    return sum;
  };
  Values gradient(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double value = x[i];
    x[i] = value + kStep;
    const double above = total(x);
    x[i] = value - kStep;
    gradient[i] = (above - total(x)) / (2 * kStep);
    x[i] = value;
  }
  return gradient;
}

inline void expect_near(const Values& actual, const Values& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], tolerance * (1 + std::abs(expected[i]))) << "element " << i;
  }
}

inline Values plus(Values a, double b) {
  for (double& value : a) value += b;
  return a;
}

inline Floats to_floats(const Values& values) { return {values.begin(), values.end()}; }
template <class Allocator>
Values to_values(const std::vector<float, Allocator>& floats) {
  return {floats.begin(), floats.end()};
}

inline const std::vector<ImageRange> kRanges = {{0, 2}, {2, 2}, {4, 1}};  ///< of a batch of five

}  // namespace octrain::layers::testing
