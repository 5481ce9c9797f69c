#include "mixed.h"

#include <stdexcept>
#include <string>

#include "device_kernel.h"
#include "for_element.h"
#include "functors/bias.h"
#include "functors/elementwise.h"

namespace octrain::layers::cuda {

namespace {

/// For what float32 leaves to the libraries.
template <class Function>
void for_half_element(ElementType element, const Function& function) {
  if (element == ElementType::float16) return function(Element<__half>{});
  if (element == ElementType::bfloat16) return function(Element<__nv_bfloat16>{});
  throw std::logic_error("a kernel of 16-bit elements was called with " + std::string(name_of(element)));
}

template <class T>
T* as(Element<T>, Elements elements) {
  return static_cast<T*>(elements.data);
}

ChannelParts parts_of(const ChannelShape& shape) { return {shape.images, shape.channels, shape.pixels}; }

}  // namespace

void narrow(const float* from, Elements to, std::int64_t count, cudaStream_t stream) {
  for_half_element(to.type, [&]<class T>(Element<T> type) {
    Launcher(stream).launch(Copy<float, T>{from, as(type, to), false}, count);
  });
}

void widen(const void* from, ElementType type, float* to, bool accumulate, std::int64_t count,
           cudaStream_t stream) {
  for_half_element(type, [&]<class T>(Element<T>) {
    Launcher(stream).launch(Copy<T, float>{static_cast<const T*>(from), to, accumulate}, count);
  });
}

void mask_gradient(const void* top, Elements gradient, std::int64_t count, cudaStream_t stream) {
  for_element(gradient.type, [&]<class T>(Element<T> type) {
    T* values = as(type, gradient);
    Launcher(stream).launch(RectifyGradient<T>{static_cast<const T*>(top), values, values, false}, count);
  });
}

void add_bias(const float* bias, bool relu, Elements top, const ChannelShape& shape, cudaStream_t stream) {
  for_half_element(top.type, [&]<class T>(Element<T> type) {
    const AddBias<T> add{{shape.channels, shape.pixels}, bias, as(type, top), relu};
    Launcher(stream).launch(add, shape.images * shape.channels * shape.pixels);
  });
}

void sum_bias_gradient(const void* top_gradient, ElementType type, const ChannelShape& shape,
                       float* bias_gradient, bool accumulate, std::byte* workspace, cudaStream_t stream) {
  const ChannelParts parts = parts_of(shape);
  auto* partial = reinterpret_cast<SumPair*>(workspace);
  for_half_element(type, [&]<class T>(Element<T>) {
    const ChannelSums<BiasTerms<T>> sums{{static_cast<const T*>(top_gradient)}, parts, partial};
    Launcher(stream).reduce(sums, parts.blocks());
  });
  Launcher(stream).launch(BiasGradient{parts, partial, bias_gradient, accumulate}, shape.channels);
}

std::uint64_t bias_gradient_bytes(const ChannelShape& shape) {
  return static_cast<std::uint64_t>(parts_of(shape).workspace_bytes());
}

}  // namespace octrain::layers::cuda
