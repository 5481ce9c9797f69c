// From the element type that a backend was told, to the C++ type that kernels are templates over.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <memory>

#include "kernels.h"

namespace octrain::layers::cuda {

template <class T>
struct Element {};

/// function(Element<T>{}), T what elements are stored as.
template <class Function>
decltype(auto) for_element(ElementType element, const Function& function) {
  switch (element) {
    case ElementType::float16:
      return function(Element<__half>{});
    case ElementType::bfloat16:
      return function(Element<__nv_bfloat16>{});
    case ElementType::float32:
      break;
  }
  return function(Element<float>{});
}

/// The kernel for the backend's element type.
template <template <class> class KernelOf>
std::unique_ptr<Kernel> make_of_element(const KernelRequest& request, const CudaContext& context) {
  return for_element(context.options.element, [&]<class T>(Element<T>) -> std::unique_ptr<Kernel> {
    return std::make_unique<KernelOf<T>>(request, context);
  });
}

}  // namespace octrain::layers::cuda
