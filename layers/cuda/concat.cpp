#include "functors/concat.h"

#include <algorithm>

#include "device_kernel.h"
#include "for_element.h"

namespace octrain::layers::cuda {

namespace {

template <class T>
class ConcatKernel final : public DeviceKernel {
 public:
  ConcatKernel(const KernelRequest& request, const CudaContext& context) : DeviceKernel(request, context) {
    for (const BlobDesc& bottom : request.bottoms) {
      bottoms_.push_back({bottom.image_elements(), top_elements_});
      top_elements_ += bottom.image_elements();
    }
  }

  void run(Step step, const KernelCall& call) const override {
    if (step == Step::forward) {
      expect_operands(call, bottoms_.size(), 1);
      for (std::size_t i = 0; i < bottoms_.size(); ++i) forward(bottoms_[i], call.input<T>(i), call);
    } else {
      expect_operands(call, 1,
                      std::min(call.out.size(), bottoms_.size() - static_cast<std::size_t>(call.chunk)));
      for (std::size_t i = 0; i < call.out.size(); ++i) {
        backward(bottoms_[static_cast<std::size_t>(call.chunk) + i], call.output<T>(i), call);
      }
    }
  }

 private:
  struct Bottom {
    std::int64_t elements, first;  ///< of an image; in the top's image
  };

  void forward(const Bottom& bottom, const T* from, const KernelCall& call) const {
    on_device_.launch(CopyRuns<T>{from, call.output<T>(0) + bottom.first, Divider(bottom.elements),
                                  bottom.elements, top_elements_, false},
                      call.images * bottom.elements);
  }

  void backward(const Bottom& bottom, T* to, const KernelCall& call) const {
    on_device_.launch(CopyRuns<T>{call.input<T>(0) + bottom.first, to, Divider(bottom.elements),
                                  top_elements_, bottom.elements, call.accumulate},
                      call.images * bottom.elements);
  }

  std::vector<Bottom> bottoms_;
  std::int64_t top_elements_ = 0;
};

}  // namespace

std::unique_ptr<Kernel> make_concat_kernel(const KernelRequest& request, CudaContext& context) {
  return make_of_element<ConcatKernel>(request, context);
}

}  // namespace octrain::layers::cuda
