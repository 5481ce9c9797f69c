// Pooling by our own kernels: the average divides by the window's area inside the padded image, and what the
// maximum saves is a byte a window.
#include "functors/pooling.h"

#include "device_kernel.h"
#include "for_element.h"

namespace octrain::layers::cuda {

namespace {

// Positions in a window of at most this many floats are saved in a byte each.
constexpr std::int64_t kByteWindow = 256;

class PoolingKernel : public DeviceKernel {
 public:
  PoolingKernel(const KernelRequest& request, const CudaContext& context)
      : DeviceKernel(request, context),
        grid_(grid_of(request)),
        bottom_elements_(request.bottoms[0].image_elements()),
        top_elements_(request.top_shapes[0].image_elements()),
        bottom_place_(grid_.rows.extent, grid_.columns.extent),
        top_place_(grid_.rows.windows, grid_.columns.windows) {}

 protected:
  PoolingGrid grid_;
  std::int64_t bottom_elements_, top_elements_;  // of an image
  PlaneOf bottom_place_, top_place_;

 private:
  static PoolingGrid grid_of(const KernelRequest& request) {
    const Shape &bottom = request.bottoms[0].shape, &top = request.top_shapes[0];
    const int height = static_cast<int>(bottom.h), width = static_cast<int>(bottom.w);
    const PoolingParams w = resolve_window(std::get<PoolingParams>(request.spec.params), height, width);
    return {{height, static_cast<int>(top.h), w.kernel_h, w.stride_h, w.pad_h},
            {width, static_cast<int>(top.w), w.kernel_w, w.stride_w, w.pad_w}};
  }
};

template <class T, class Position>
class MaximumKernel final : public PoolingKernel {
 public:
  using PoolingKernel::PoolingKernel;

  std::uint64_t saved_bytes(std::int64_t images) const override {
    return static_cast<std::uint64_t>(images * top_elements_) * sizeof(Position);
  }

  void run(Step step, const KernelCall& call) const override {
    if (step == Step::forward) {
      expect_operands(call, 1, call.training ? 2 : 1);
      auto* saved = call.training ? call.output<Position>(1) : nullptr;
      on_device_.launch(
          MaximumForward<T, Position>{grid_, top_place_, call.input<T>(0), call.output<T>(0), saved},
          call.images * top_elements_);
    } else {
      expect_operands(call, 2, 1);
      const auto* saved = call.input<Position>(1);
      on_device_.launch(MaximumBackward<T, Position>{grid_, bottom_place_, call.input<T>(0), saved,
                                                     call.output<T>(0), call.accumulate},
                        call.images * bottom_elements_);
    }
  }
};

template <class T>
using ByteMaximumKernel = MaximumKernel<T, std::uint8_t>;
template <class T>
using WideMaximumKernel = MaximumKernel<T, std::int32_t>;

template <class T>
class AverageKernel final : public PoolingKernel {
 public:
  using PoolingKernel::PoolingKernel;

  void run(Step step, const KernelCall& call) const override {
    expect_operands(call, 1, 1);
    if (step == Step::forward) {
      on_device_.launch(AverageForward<T>{grid_, top_place_, call.input<T>(0), call.output<T>(0)},
                        call.images * top_elements_);
    } else {
      on_device_.launch(
          AverageBackward<T>{grid_, bottom_place_, call.input<T>(0), call.output<T>(0), call.accumulate},
          call.images * bottom_elements_);
    }
  }
};

}  // namespace

std::unique_ptr<Kernel> make_pooling_kernel(const KernelRequest& request, CudaContext& context) {
  const Shape& bottom = request.bottoms[0].shape;
  const PoolingParams window = resolve_window(std::get<PoolingParams>(request.spec.params),
                                              static_cast<int>(bottom.h), static_cast<int>(bottom.w));
  if (window.method == PoolingParams::Method::average)
    return make_of_element<AverageKernel>(request, context);
  if (std::int64_t{window.kernel_h} * window.kernel_w <= kByteWindow)
    return make_of_element<ByteMaximumKernel>(request, context);
  return make_of_element<WideMaximumKernel>(request, context);
}

}  // namespace octrain::layers::cuda
