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

}  // namespace

template <class Handle>
Descriptor<Handle> make_descriptor(std::string_view where) {
  Handle handle = nullptr;
  check(create(&handle), where, "cannot make a descriptor");
  return Descriptor<Handle>(handle);
}

template TensorDescriptor make_descriptor<cudnnTensorDescriptor_t>(std::string_view);
template FilterDescriptor make_descriptor<cudnnFilterDescriptor_t>(std::string_view);
template ConvolutionDescriptor make_descriptor<cudnnConvolutionDescriptor_t>(std::string_view);
template ActivationDescriptor make_descriptor<cudnnActivationDescriptor_t>(std::string_view);

cudnnDataType_t data_type(ElementType element) {
  return element == ElementType::float32   ? CUDNN_DATA_FLOAT
         : element == ElementType::float16 ? CUDNN_DATA_HALF
                                           : CUDNN_DATA_BFLOAT16;
}

TensorDescriptor tensor_descriptor(std::string_view where, ElementType element, std::int64_t n,
                                   std::int64_t c, std::int64_t h, std::int64_t w) {
  // cuDNN's strides are ints; slabs keep far below that but for single images of 8 GiB.
  if (n * c * h * w > std::numeric_limits<int>::max()) {
    throw runtime::UsageError(std::string(where) + ": cuDNN takes no tensor of " +
                              std::to_string(n * c * h * w) + " elements");
  }
  TensorDescriptor descriptor = make_descriptor<cudnnTensorDescriptor_t>(where);
  check(
      cudnnSetTensor4dDescriptor(descriptor.get(), CUDNN_TENSOR_NCHW, data_type(element), static_cast<int>(n),
                                 static_cast<int>(c), static_cast<int>(h), static_cast<int>(w)),
      where, "cudnnSetTensor4dDescriptor");
  return descriptor;
}

ActivationDescriptor relu_descriptor(std::string_view where) {
  ActivationDescriptor descriptor = make_descriptor<cudnnActivationDescriptor_t>(where);
  check(cudnnSetActivationDescriptor(descriptor.get(), CUDNN_ACTIVATION_RELU, CUDNN_NOT_PROPAGATE_NAN, 0),
        where, "cudnnSetActivationDescriptor");
  return descriptor;
}

}  // namespace octrain::layers::cuda
