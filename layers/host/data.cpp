// Data: the source writes its images and labels where they are wanted.
#include "kernels.h"
#include "octrain/layers/data_source.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::host {

namespace {

class DataKernel final : public Kernel {
 public:
  explicit DataKernel(const KernelRequest& request)
      : Kernel(request), source_(request.data), tops_(request.top_shapes.size()) {
    if (source_ == nullptr) return;
    const Shape& images = request.top_shapes[0];
    if (source_->channels() == images.c && source_->height() == images.h && source_->width() == images.w)
      return;
    throw runtime::UsageError("layer '" + request.spec.name + "': the net takes images " +
                              to_string(images.c, images.h, images.w) + ", the data source makes " +
                              to_string(source_->channels(), source_->height(), source_->width()));
  }

  std::vector<Layout> top_layouts() const override { return std::vector<Layout>(tops_, Layout{1}); }

  void run(Step, const KernelCall& call) const override {
    if (source_ == nullptr)
      throw runtime::UsageError("a net lowered without a data source can be planned, not run");
    source_->fill_images(call.first_image, call.images, call.output(0));
    if (tops_ > 1) source_->fill_labels(call.first_image, call.images, call.output(1));
  }

 private:
  static std::string to_string(std::int64_t channels, std::int64_t height, std::int64_t width) {
    return std::to_string(channels) + "x" + std::to_string(height) + "x" + std::to_string(width);
  }

  DataSource* source_;
  std::size_t tops_;
};

}  // namespace

std::unique_ptr<Kernel> make_data_kernel(const KernelRequest& request) {
  return std::make_unique<DataKernel>(request);
}

}  // namespace octrain::layers::host
