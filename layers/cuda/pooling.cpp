// Pooling by our own kernels: the average divides by the window's area inside the padded image, and what the
// maximum saves is a byte a window.
#include "functors/pooling.h"

#include "device_kernel.h"

namespace octrain::layers::cuda {

namespace {

// Positions in a window of at most this many floats are saved in a byte each.
constexpr std::int64_t kByteWindow = 256;

class PoolingKernel : public DeviceKernel {
 public:
  PoolingKernel(const KernelRequest& request, const CudaContext& context)
      : DeviceKernel(request, context),
        grid_(grid_of(request)),
        bottom_floats_(request.bottoms[0].image_floats()),
        top_floats_(request.top_shapes[0].image_elements()),
        bottom_place_(grid_.rows.extent, grid_.columns.extent),
        top_place_(grid_.rows.windows, grid_.columns.windows) {}

 protected:
  PoolingGrid grid_;
  std::int64_t bottom_floats_, top_floats_;  // of an image
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

template <class Position>
class MaximumKernel final : public PoolingKernel {
 public:
  using PoolingKernel::PoolingKernel;

  std::uint64_t saved_bytes(std::int64_t images) const override {
    return static_cast<std::uint64_t>(images * top_floats_) * sizeof(Position);
  }

  void run(Step step, const KernelCall& call) const override {
    if (step == Step::forward) {
      expect_operands(call, 1, call.training ? 2 : 1);
      auto* saved = call.training ? reinterpret_cast<Position*>(call.out[1]) : nullptr;
      on_device_.launch(MaximumForward<Position>{grid_, top_place_, call.in[0], call.out[0], saved},
                        call.images * top_floats_);
    } else {
      expect_operands(call, 2, 1);
      const auto* saved = reinterpret_cast<const Position*>(call.in[1]);
      on_device_.launch(
          MaximumBackward<Position>{grid_, bottom_place_, call.in[0], saved, call.out[0], call.accumulate},
          call.images * bottom_floats_);
    }
  }
};

class AverageKernel final : public PoolingKernel {
 public:
  using PoolingKernel::PoolingKernel;

  void run(Step step, const KernelCall& call) const override {
    expect_operands(call, 1, 1);
    if (step == Step::forward) {
      on_device_.launch(AverageForward{grid_, top_place_, call.in[0], call.out[0]},
                        call.images * top_floats_);
    } else {
      on_device_.launch(AverageBackward{grid_, bottom_place_, call.in[0], call.out[0], call.accumulate},
                        call.images * bottom_floats_);
    }
  }
};

}  // namespace

std::unique_ptr<Kernel> make_pooling_kernel(const KernelRequest& request, CudaContext& context) {
  const Shape& bottom = request.bottoms[0].shape;
  const PoolingParams window = resolve_window(std::get<PoolingParams>(request.spec.params),
                                              static_cast<int>(bottom.h), static_cast<int>(bottom.w));
  if (window.method == PoolingParams::Method::average)
    return std::make_unique<AverageKernel>(request, context);
  if (std::int64_t{window.kernel_h} * window.kernel_w <= kByteWindow)
    return std::make_unique<MaximumKernel<std::uint8_t>>(request, context);
  return std::make_unique<MaximumKernel<std::int32_t>>(request, context);
}

}  // namespace octrain::layers::cuda
