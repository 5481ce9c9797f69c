// A layer with weight and bias, run through every step by any backend's kernel on plain memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "context.h"
#include "fake_libraries.h"
#include "kernels.h"
#include "layers/kernel_runner.h"
#include "octrain/layers/host/backend.h"

namespace octrain::layers::cuda::testing {

using layers::testing::Bytes;
using layers::testing::Floats;
using layers::testing::kRanges;
using layers::testing::random_values;
using layers::testing::TestBlob;
using layers::testing::to_floats;
using layers::testing::to_values;
using layers::testing::Values;

struct LibraryCase {
  LayerSpec spec;
  Shape bottom;  ///< of five images
  bool bias = true, relu = false;
  ElementType element = ElementType::float32;
};

inline LibraryCase make_case(const Shape& bottom, const ConvolutionParams& params) {
  return {{"conv", {"x"}, {"y"}, params}, bottom, params.bias, params.relu};
}
inline LibraryCase make_case(const Shape& bottom, const InnerProductParams& params) {
  return {{"ip", {"x"}, {"y"}, params}, bottom, params.bias, params.relu};
}

/// By `make`, a backend's make_kernel.
template <class Make>
std::unique_ptr<Kernel> make_kernel(const LibraryCase& c, const Make& make) {
  const std::vector<Shape> bottoms = {c.bottom};
  const LayerType& type = layer_type(c.spec.params);
  return make(KernelRequest{c.spec,
                            {BlobDesc{"x", c.bottom, {1, c.element}}},
                            type.top_shapes(c.spec, bottoms),
                            type.parameters(c.spec, bottoms),
                            7,
                            nullptr});
}

inline std::unique_ptr<Kernel> make_cuda_kernel(const LibraryCase& c, CudaContext& context) {
  return make_kernel(c, [&](const KernelRequest& request) {
    return std::holds_alternative<ConvolutionParams>(c.spec.params)
               ? make_convolution_kernel(request, context)
               : make_inner_product_kernel(request, context);
  });
}

inline std::unique_ptr<Kernel> make_host_kernel(const LibraryCase& c) {
  return make_kernel(c,
                     [](const KernelRequest& request) { return make_host_backend(2)->make_kernel(request); });
}

/// What a kernel computes of the same seeded numbers, in canonical order.
struct LibraryResults {
  Values top, top_gradient, bottom_gradient, weight_gradient, bias_gradient;
};

class LibraryRun {
 public:
  /// `accumulate`: all gradients are added to ones.
  LibraryRun(const LibraryCase& c, const Kernel& kernel, bool accumulate)
      : c_(c),
        kernel_(kernel),
        accumulate_(accumulate),
        storage_(kernel.parameter_storage()),
        bottom_(BlobDesc{"x", c.bottom, {1, c.element}}, random_values(c.bottom.elements(), 1)),
        top_({"y", top_shape(), kernel.top_layouts()[0]}, 9),
        top_gradient_(top_.desc, random_values(top_shape().elements(), 2)),
        bottom_gradient_(bottom_.desc, 1) {
    for (int p = 0; p < static_cast<int>(storage_.size()); ++p) store(p);
  }

  LibraryResults run() {
    for (int chunk = 0; chunk < chunks(); ++chunk) {
      for (const ImageRange r : kRanges) forward(chunk, r);
    }
    for (const ImageRange r : kRanges) {
      void* gradient = top_gradient_.at(r);
      if (c_.relu) call(Step::mask_gradient, r, {top_.at(r), gradient}, {gradient}, false, 0);
    }
    for (int chunk = 0; chunk < chunks(); ++chunk) {
      for (const ImageRange r : kRanges) backward(chunk, r);
    }
    LibraryResults results{top_.values(), top_gradient_.values(), bottom_gradient_.values(), gradient(0), {}};
    if (c_.bias) results.bias_gradient = gradient(1);
    return results;
  }

 private:
  [[nodiscard]] Shape top_shape() const {
    return layer_type(c_.spec.params).top_shapes(c_.spec, std::vector{c_.bottom})[0];
  }
  [[nodiscard]] int chunks() const { return static_cast<int>(storage_[0].chunks.size()); }
  [[nodiscard]] static std::int64_t count(const ParameterStorage& storage) {
    return storage.chunks.back().first + storage.chunks.back().count;
  }

  void store(int parameter) {
    const ParameterStorage& storage = storage_[static_cast<std::size_t>(parameter)];
    const Floats canonical = to_floats(random_values(count(storage), 3 + parameter, -0.5, 0.5));
    const Floats ones(canonical.size(), 1.0F);
    values_.emplace_back();
    gradients_.emplace_back();
    for (int chunk = 0; chunk < static_cast<int>(storage.chunks.size()); ++chunk) {
      const ParameterStorage::Chunk& part = storage.chunks[static_cast<std::size_t>(chunk)];
      Floats value(part.bytes / sizeof(float), 7.0F), gradient(value.size(), 7.0F);
      kernel_.from_canonical(parameter, chunk, canonical.data() + part.first, value.data());
      kernel_.from_canonical(parameter, chunk, ones.data() + part.first, gradient.data());
      values_.back().push_back(std::move(value));
      gradients_.back().push_back(std::move(gradient));
    }
  }

  void forward(int chunk, ImageRange r) {
    std::vector<const void*> in = {bottom_.at(r), values_[0][static_cast<std::size_t>(chunk)].data()};
    if (c_.bias) in.push_back(values_[1][0].data());
    if (chunk > 0) in.push_back(top_.at(r));
    call(Step::forward, r, in, {top_.at(r)}, false, chunk);
  }

  void backward(int chunk, ImageRange r) {
    const auto at = static_cast<std::size_t>(chunk);
    std::vector<void*> out = {gradients_[0][at].data()};
    if (c_.bias && chunk == 0) out.push_back(gradients_[1][0].data());
    call(Step::backward_parameters, r, {bottom_.at(r), top_gradient_.at(r)}, out, accumulate_ || r.first > 0,
         chunk);
    call(Step::backward_data, r, {top_gradient_.at(r), values_[0][at].data()}, {bottom_gradient_.at(r)},
         accumulate_ || chunk > 0, chunk);
  }

  void call(Step step, ImageRange r, const std::vector<const void*>& in, const std::vector<void*>& out,
            bool accumulate, int chunk) {
    Bytes workspace(kernel_.workspace_bytes(step, r.count, accumulate), std::byte{0x7f});
    KernelCall operands{.in = in, .out = out};
    operands.first_image = r.first;
    operands.images = r.count;
    operands.accumulate = accumulate;
    operands.chunk = chunk;
    operands.workspace = workspace.data();
    kernel_.run(step, operands);
  }

  Values gradient(int parameter) {
    const ParameterStorage& storage = storage_[static_cast<std::size_t>(parameter)];
    Floats canonical(static_cast<std::size_t>(count(storage)));
    for (int chunk = 0; chunk < static_cast<int>(storage.chunks.size()); ++chunk) {
      const auto at = static_cast<std::size_t>(chunk);
      kernel_.to_canonical(parameter, chunk, gradients_[static_cast<std::size_t>(parameter)][at].data(),
                           canonical.data() + storage.chunks[at].first);
    }
    return to_values(canonical);
  }

  const LibraryCase& c_;
  const Kernel& kernel_;
  bool accumulate_;
  std::vector<ParameterStorage> storage_;
  TestBlob bottom_, top_, top_gradient_, bottom_gradient_;
  std::vector<std::vector<Floats>> values_, gradients_;  ///< [parameter][chunk]
};

}  // namespace octrain::layers::cuda::testing
