// The factories of the CUDA kernels, one a layer type; each is defined in the source file of that name.
#pragma once

#include <memory>

#include "context.h"
#include "octrain/layers/kernel.h"

namespace octrain::layers::cuda {

std::unique_ptr<Kernel> make_data_kernel(const KernelRequest& request, CudaContext& context);
std::unique_ptr<Kernel> make_convolution_kernel(const KernelRequest& request, CudaContext& context);
std::unique_ptr<Kernel> make_inner_product_kernel(const KernelRequest& request, CudaContext& context);
std::unique_ptr<Kernel> make_pooling_kernel(const KernelRequest& request, CudaContext& context);
std::unique_ptr<Kernel> make_relu_kernel(const KernelRequest& request, CudaContext& context);
std::unique_ptr<Kernel> make_lrn_kernel(const KernelRequest& request, CudaContext& context);
std::unique_ptr<Kernel> make_batch_norm_kernel(const KernelRequest& request, CudaContext& context);
std::unique_ptr<Kernel> make_scale_kernel(const KernelRequest& request, CudaContext& context);
std::unique_ptr<Kernel> make_dropout_kernel(const KernelRequest& request, CudaContext& context);
std::unique_ptr<Kernel> make_concat_kernel(const KernelRequest& request, CudaContext& context);
std::unique_ptr<Kernel> make_eltwise_kernel(const KernelRequest& request, CudaContext& context);
std::unique_ptr<Kernel> make_softmax_loss_kernel(const KernelRequest& request, CudaContext& context);
std::unique_ptr<Kernel> make_accuracy_kernel(const KernelRequest& request, CudaContext& context);

std::unique_ptr<UpdateKernel> make_update_kernel(const runtime::SolverSpec& solver, CudaContext& context);

}  // namespace octrain::layers::cuda
