// cuDNN's descriptors, each freed with its owner.
#pragma once

#include <cudnn.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>

#include "octrain/layers/blob.h"

namespace octrain::layers::cuda {

/// Hands a descriptor back to cuDNN.
struct DescriptorDeleter {
  void operator()(cudnnTensorDescriptor_t descriptor) const { cudnnDestroyTensorDescriptor(descriptor); }
  void operator()(cudnnFilterDescriptor_t descriptor) const { cudnnDestroyFilterDescriptor(descriptor); }
  void operator()(cudnnConvolutionDescriptor_t descriptor) const {
    cudnnDestroyConvolutionDescriptor(descriptor);
  }
  void operator()(cudnnActivationDescriptor_t descriptor) const {
    cudnnDestroyActivationDescriptor(descriptor);
  }
};

/// get() is what cuDNN takes.
template <class Handle>
using Descriptor = std::unique_ptr<std::remove_pointer_t<Handle>, DescriptorDeleter>;

using TensorDescriptor = Descriptor<cudnnTensorDescriptor_t>;
using FilterDescriptor = Descriptor<cudnnFilterDescriptor_t>;
using ConvolutionDescriptor = Descriptor<cudnnConvolutionDescriptor_t>;
using ActivationDescriptor = Descriptor<cudnnActivationDescriptor_t>;

/// An empty descriptor, still to be set; `where` (layer 'NAME') is for the error.
template <class Handle>
[[nodiscard]] Descriptor<Handle> make_descriptor(std::string_view where);

[[nodiscard]] cudnnDataType_t data_type(ElementType element);

/// Dense, in the order n, c, h, w.
[[nodiscard]] TensorDescriptor tensor_descriptor(std::string_view where, ElementType element, std::int64_t n,
                                                 std::int64_t c, std::int64_t h, std::int64_t w);
/// max(x, 0); what is not a number is not passed on.
[[nodiscard]] ActivationDescriptor relu_descriptor(std::string_view where);

}  // namespace octrain::layers::cuda
