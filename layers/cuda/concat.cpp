#include "functors/concat.h"

#include "device_kernel.h"

namespace octrain::layers::cuda {

namespace {

class ConcatKernel final : public DeviceKernel {
 public:
  ConcatKernel(const KernelRequest& request, const CudaContext& context) : DeviceKernel(request, context) {
    for (const BlobDesc& bottom : request.bottoms) {
      bottoms_.push_back({bottom.image_floats(), top_floats_});
      top_floats_ += bottom.image_floats();
    }
  }

  void run(Step step, const KernelCall& call) const override {
    if (step == Step::forward) {
      expect_operands(call, bottoms_.size(), 1);
      for (std::size_t i = 0; i < bottoms_.size(); ++i) forward(bottoms_[i], call.in[i], call);
    } else {
      expect_operands(call, 1, call.out.size());
      for (std::size_t i = 0; i < call.out.size(); ++i) {
        backward(bottoms_[static_cast<std::size_t>(call.chunk) + i], call.out[i], call);
      }
    }
  }

 private:
  struct Bottom {
    std::int64_t floats, first;  ///< of an image; in the top's image
  };

  void forward(const Bottom& bottom, const float* from, const KernelCall& call) const {
    on_device_.launch(
        CopyRuns{from, call.out[0] + bottom.first, Divider(bottom.floats), bottom.floats, top_floats_, false},
        call.images * bottom.floats);
  }

  void backward(const Bottom& bottom, float* to, const KernelCall& call) const {
    on_device_.launch(CopyRuns{call.in[0] + bottom.first, to, Divider(bottom.floats), top_floats_,
                               bottom.floats, call.accumulate},
                      call.images * bottom.floats);
  }

  std::vector<Bottom> bottoms_;
  std::int64_t top_floats_ = 0;
};

}  // namespace

std::unique_ptr<Kernel> make_concat_kernel(const KernelRequest& request, CudaContext& context) {
  return std::make_unique<ConcatKernel>(request, context);
}

}  // namespace octrain::layers::cuda
