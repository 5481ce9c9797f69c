// cuDNN's algorithms for the three ops of a convolution: which one an op gets.
#pragma once

#include <cstdint>
#include <string_view>

#include "context.h"
#include "descriptors.h"
#include "octrain/layers/kernel.h"
#include "tuning.h"

namespace octrain::layers::cuda {

/// One convolution on some number of images, as cuDNN is told.
struct ConvolutionDescriptors {
  TensorDescriptor bottom, top;
  FilterDescriptor weight;
  ConvolutionDescriptor convolution;
};

struct ConvolutionAlgorithm {
  int number = 0;  ///< a cudnnConvolutionFwdAlgo_t, …BwdDataAlgo_t or …BwdFilterAlgo_t
  std::uint64_t workspace_bytes = 0;
};

/// The fastest on this card within the options' bounds, the same in every run that has the same tuning file
/// (tuning_file.h). Its arithmetic is set in `descriptors.convolution`. `step`: forward, backward_data or
/// backward_parameters. Measuring takes memory for the op's operands and the workspace for as long as it
/// lasts; where there is none, cuDNN's rules choose. Throws DeviceError, saying `where`, when cuDNN has
/// nothing within the bounds.
[[nodiscard]] ConvolutionAlgorithm choose_algorithm(std::string_view where, Step step,
                                                    const ConvolutionShape& shape,
                                                    const ConvolutionDescriptors& descriptors,
                                                    const CudaContext& context);

}  // namespace octrain::layers::cuda
