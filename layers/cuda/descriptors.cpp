#include "descriptors.h"

#include <limits>
#include <string>

#include "context.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {

namespace {

cudnnStatus_t create(cudnnTensorDescriptor_t* descriptor) { return cudnnCreateTensorDescriptor(descriptor); }
cudnnStatus_t create(cudnnFilterDescriptor_t* descriptor) { return cudnnCreateFilterDescriptor(descriptor); }
cudnnStatus_t create(cudnnConvolutionDescriptor_t* descriptor) {
  return cudnnCreateConvolutionDescriptor(descriptor);
}
cudnnStatus_t create(cudnnActivationDescriptor_t* descriptor) {
  return cudnnCreateActivationDescriptor(descriptor);
}
cudnnStatus_t create(cudnnPoolingDescriptor_t* descriptor) {
  return cudnnCreatePoolingDescriptor(descriptor);
}
cudnnStatus_t create(cudnnLRNDescriptor_t* descriptor) { return cudnnCreateLRNDescriptor(descriptor); }

}  // namespace

template <class Handle>
Descriptor<Handle> make_descriptor(std::string_view layer) {
  Handle handle = nullptr;
  check(create(&handle), layer, "cannot make a descriptor");
  return Descriptor<Handle>(handle);
}

template TensorDescriptor make_descriptor<cudnnTensorDescriptor_t>(std::string_view);
template FilterDescriptor make_descriptor<cudnnFilterDescriptor_t>(std::string_view);
template ConvolutionDescriptor make_descriptor<cudnnConvolutionDescriptor_t>(std::string_view);
template ActivationDescriptor make_descriptor<cudnnActivationDescriptor_t>(std::string_view);
template PoolingDescriptor make_descriptor<cudnnPoolingDescriptor_t>(std::string_view);
template LrnDescriptor make_descriptor<cudnnLRNDescriptor_t>(std::string_view);

TensorDescriptor tensor_descriptor(std::string_view layer, std::int64_t n, std::int64_t c, std::int64_t h,
                                   std::int64_t w) {
  // cuDNN's strides are ints; slabs keep far below that but for single images of 8 GiB.
  if (n * c * h * w > std::numeric_limits<int>::max()) {
    throw runtime::UsageError(std::string(layer) + ": cuDNN takes no tensor of " +
                              std::to_string(n * c * h * w) + " elements");
  }
  TensorDescriptor descriptor = make_descriptor<cudnnTensorDescriptor_t>(layer);
  check(cudnnSetTensor4dDescriptor(descriptor.get(), CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, static_cast<int>(n),
                                   static_cast<int>(c), static_cast<int>(h), static_cast<int>(w)),
        layer, "cudnnSetTensor4dDescriptor");
  return descriptor;
}

ActivationDescriptor relu_descriptor(std::string_view layer) {
  ActivationDescriptor descriptor = make_descriptor<cudnnActivationDescriptor_t>(layer);
  // The only treatment of what is no number that cudnnConvolutionBiasActivationForward takes.
  check(cudnnSetActivationDescriptor(descriptor.get(), CUDNN_ACTIVATION_RELU, CUDNN_NOT_PROPAGATE_NAN, 0),
        layer, "cudnnSetActivationDescriptor");
  return descriptor;
}

}  // namespace octrain::layers::cuda
