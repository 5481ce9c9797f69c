#include "device_kernel.h"

#include <stdexcept>

#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {

DeviceKernel::DeviceKernel(const KernelRequest& request, const CudaContext& context,
                           std::optional<std::size_t> labels)
    : Kernel(request),
      on_device_(context.stream),
      layer_(request.spec.name),
      element_(context.options.element),
      tops_(request.top_shapes.size()) {
  for (std::size_t i = 0; i < request.bottoms.size(); ++i) {
    const BlobDesc& bottom = request.bottoms[i];
    if (bottom.layout == Layout{1, i == labels ? ElementType::float32 : element_}) continue;
    throw runtime::UsageError("layer '" + layer_ + "': this CUDA kernel takes blobs in plain layout and of " +
                              std::string(name_of(element_)) + ", not '" + bottom.name + "'");
  }
}

std::vector<Layout> DeviceKernel::top_layouts() const {
  return std::vector<Layout>(tops_, Layout{1, element_});
}

void DeviceKernel::expect_operands(const KernelCall& call, std::size_t in, std::size_t out) const {
  if (call.in.size() == in && call.out.size() == out) return;
  throw std::logic_error("layer '" + layer_ + "': a kernel of " + std::to_string(in) + " operands in and " +
                         std::to_string(out) + " out was called with " + std::to_string(call.in.size()) +
                         " and " + std::to_string(call.out.size()));
}

}  // namespace octrain::layers::cuda
