// layers/src/batch_norm.cpp lists the steps and their operands.
#include "functors/batch_norm.h"

#include "device_kernel.h"
#include "for_element.h"

namespace octrain::layers::cuda {

namespace {

// Of the schedule's small buffers, which hold two values a channel: all of the first, then all of the second.
template <class T>
struct TwoAChannel {
  TwoAChannel(const float* buffer, std::int64_t channels)
      : first(reinterpret_cast<const T*>(buffer)), second(first + channels) {}
  const T* first;
  const T* second;
};
template <class T>
struct TwoAChannelOut {
  TwoAChannelOut(float* buffer, std::int64_t channels)
      : first(reinterpret_cast<T*>(buffer)), second(first + channels) {}
  T* first;
  T* second;
};

template <class T>
class BatchNormKernel final : public DeviceKernel {
 public:
  BatchNormKernel(const KernelRequest& request, const CudaContext& context)
      : DeviceKernel(request, context),
        params_(std::get<BatchNormParams>(request.spec.params)),
        channels_(request.bottoms[0].shape.c),
        pixels_(request.bottoms[0].shape.h * request.bottoms[0].shape.w),
        batch_elements_(static_cast<double>(request.bottoms[0].shape.n * pixels_)) {}

  std::uint64_t workspace_bytes(Step step, std::int64_t images, bool) const override {
    if (step == Step::statistics || step == Step::backward_statistics)
      return static_cast<std::uint64_t>(parts(images).workspace_bytes());
    if (step == Step::backward_data) return static_cast<std::uint64_t>(2 * channels_) * sizeof(float);
    return 0;
  }

  void run(Step step, const KernelCall& call) const override {
    switch (step) {
      case Step::statistics:
        return statistics(call);
      case Step::finish_statistics:
        return call.training ? finish_training(call) : finish_testing(call);
      case Step::forward:
        return forward(call);
      case Step::backward_statistics:
        return backward_statistics(call);
      case Step::backward_parameters:
        return backward_parameters(call);
      default:
        return backward_data(call);
    }
  }

 private:
  ChannelParts parts(std::int64_t images) const { return {images, channels_, pixels_}; }
  std::size_t parameters() const { return params_.affine ? 2 : 0; }

  /// The norm in operand `at`; gamma and beta, where there are any, the last two.
  Norm norm(const KernelCall& call, std::size_t at) const {
    const TwoAChannel<float> values(call.input(at), channels_);
    const std::size_t end = call.in.size();
    return {values.first, values.second, params_.affine ? call.input(end - 2) : nullptr,
            params_.affine ? call.input(end - 1) : nullptr, params_.relu};
  }

  void statistics(const KernelCall& call) const {
    expect_operands(call, 1, 1);
    const ChannelParts shares = parts(call.images);
    const MomentTerms<T> terms{call.input<T>(0), pixels_};
    auto* partial = reinterpret_cast<SumPair*>(call.workspace);
    on_device_.reduce(ChannelSums<MomentTerms<T>>{terms, shares, partial}, shares.blocks());
    const TwoAChannelOut<double> moments(call.output(0), channels_);
    const std::int64_t before = call.accumulate ? call.first_image * pixels_ : 0;
    on_device_.launch(
        MergeMoments<T>{shares, partial, terms, static_cast<double>(before),
                        static_cast<double>(call.images * pixels_), moments.first, moments.second},
        channels_);
  }

  void finish_training(const KernelCall& call) const {
    expect_operands(call, 3, 3);
    const TwoAChannel<double> moments(call.input(0), channels_);
    const TwoAChannelOut<float> to(call.output(0), channels_);
    on_device_.launch(
        FinishTraining{moments.first, moments.second, batch_elements_, params_.epsilon, params_.momentum,
                       to.first, to.second, call.input(1), call.input(2), call.output(1), call.output(2)},
        channels_);
  }

  void finish_testing(const KernelCall& call) const {
    expect_operands(call, 2, 1);
    const TwoAChannelOut<float> to(call.output(0), channels_);
    on_device_.launch(FinishTesting{call.input(0), call.input(1), params_.epsilon, to.first, to.second},
                      channels_);
  }

  void forward(const KernelCall& call) const {
    expect_operands(call, 2 + parameters(), 1);
    on_device_.launch(Normalise<T>{norm(call, 1), channel_of_, call.input<T>(0), call.output<T>(0)},
                      call.images * channels_ * pixels_);
  }

  void backward_statistics(const KernelCall& call) const {
    expect_operands(call, 3 + parameters(), 1);
    const ChannelParts shares = parts(call.images);
    auto* partial = reinterpret_cast<SumPair*>(call.workspace);
    on_device_.reduce(
        ChannelSums<GradientTerms<T>>{{norm(call, 2), call.input<T>(0), call.input<T>(1)}, shares, partial},
        shares.blocks());
    const TwoAChannelOut<double> sums(call.output(0), channels_);
    on_device_.launch(StoreSums{shares, partial, sums.first, sums.second, call.accumulate}, channels_);
  }

  void backward_parameters(const KernelCall& call) const {
    expect_operands(call, 2, 2);
    const TwoAChannel<double> sums(call.input(0), channels_);
    on_device_.launch(
        NormParameters{sums.first, sums.second, TwoAChannel<float>(call.input(1), channels_).second,
                       call.output(0), call.output(1), call.accumulate},
        channels_);
  }

  void backward_data(const KernelCall& call) const {
    expect_operands(call, 4 + parameters(), 1);
    const Norm of_norm = norm(call, 2);
    const TwoAChannel<double> sums(call.input(3), channels_);
    auto* offsets = reinterpret_cast<float*>(call.workspace);
    float* slopes = offsets + channels_;
    on_device_.launch(NormSlopes{sums.first, sums.second, of_norm.inverse, batch_elements_, offsets, slopes},
                      channels_);
    on_device_.launch(NormBackward<T>{of_norm, channel_of_, call.input<T>(0), call.input<T>(1), offsets,
                                      slopes, call.output<T>(0), call.accumulate},
                      call.images * channels_ * pixels_);
  }

  BatchNormParams params_;
  std::int64_t channels_, pixels_;
  double batch_elements_;
  ChannelOf channel_of_{channels_, pixels_};
};

}  // namespace

std::unique_ptr<Kernel> make_batch_norm_kernel(const KernelRequest& request, CudaContext& context) {
  return make_of_element<BatchNormKernel>(request, context);
}

}  // namespace octrain::layers::cuda
