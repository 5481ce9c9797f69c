// Data: the source fills a pinned buffer, which the stream copies to where the images are wanted. There are
// two buffers, so that one is filled while the other is still being copied. Images of 16-bit elements are
// rounded on the device, a few at a time by way of the workspace.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <array>

#include "device_kernel.h"
#include "mixed.h"
#include "octrain/layers/data_source.h"
#include "octrain/runtime/cuda/handles.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::cuda {

namespace {

using runtime::cuda::check;

std::string to_string(std::int64_t channels, std::int64_t height, std::int64_t width) {
  return std::to_string(channels) + "x" + std::to_string(height) + "x" + std::to_string(width);
}

constexpr std::int64_t kGroupElements = std::int64_t{4} << 20;  // 16 MiB: a copy of a millisecond

/// A pinned buffer and the copies out of it.
class StagingBuffer {
 public:
  StagingBuffer() = default;
  StagingBuffer(const StagingBuffer&) = delete;
  StagingBuffer& operator=(const StagingBuffer&) = delete;
  ~StagingBuffer() {
    // The buffer must not go under a copy; what failed was somebody's to tell before.
    if (copied_) static_cast<void>(cudaEventSynchronize(copied_.get()));
  }

  /// Room for so many floats, once the copies under way are done.
  float* prepare(std::int64_t floats) {
    if (copied_) {
      check(cudaEventSynchronize(copied_.get()), "cudaEventSynchronize for images");
    } else {
      copied_ = runtime::cuda::make_event();
    }
    const std::uint64_t bytes = static_cast<std::uint64_t>(floats) * sizeof(float);
    if (bytes > buffer_.bytes()) {
      buffer_ = {};  // never two at a time
      buffer_ = runtime::cuda::make_pinned_buffer(bytes);
    }
    return reinterpret_cast<float*>(buffer_.data());
  }

  static void copy(const float* from, std::int64_t floats, float* to, cudaStream_t stream) {
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(floats) * sizeof(float), cudaMemcpyHostToDevice,
                          stream),
          "cudaMemcpyAsync of images");
  }

  void note_copies(cudaStream_t stream) {
    check(cudaEventRecord(copied_.get(), stream), "cudaEventRecord for images");
  }

 private:
  runtime::cuda::PinnedBuffer buffer_;
  runtime::cuda::Event copied_;
};

class DataKernel final : public DeviceKernel {
 public:
  DataKernel(const KernelRequest& request, const CudaContext& context)
      : DeviceKernel(request, context),
        source_(request.data),
        image_elements_(request.top_shapes[0].image_elements()),
        labels_(request.top_shapes.size() > 1) {
    if (source_ == nullptr) return;
    const Shape& images = request.top_shapes[0];
    if (source_->channels() == images.c && source_->height() == images.h && source_->width() == images.w)
      return;
    throw runtime::UsageError("layer '" + layer() + "': the net takes images " +
                              to_string(images.c, images.h, images.w) + ", the data source makes " +
                              to_string(source_->channels(), source_->height(), source_->width()));
  }

  std::vector<Layout> top_layouts() const override {
    std::vector<Layout> layouts = DeviceKernel::top_layouts();
    if (labels_) layouts[1].element = ElementType::float32;
    return layouts;
  }

  std::uint64_t workspace_bytes(Step, std::int64_t images, bool) const override {
    if (element() == ElementType::float32) return 0;
    return static_cast<std::uint64_t>(std::min(group(), images) * image_elements_) * sizeof(float);
  }

  bool repeats(bool) const override { return false; }

  void run(Step, const KernelCall& call) const override {
    if (source_ == nullptr)
      throw runtime::UsageError("a net lowered without a data source can be planned, not run");
    expect_operands(call, 0, labels_ ? 2 : 1);
    StagingBuffer& staging = staging_[turn_];
    turn_ = 1 - turn_;
    const std::int64_t floats = call.images * image_elements_;
    float* images = staging.prepare(floats + call.images);
    source_->fill_images(call.first_image, call.images, images);
    if (labels_) source_->fill_labels(call.first_image, call.images, images + floats);
    if (element() == ElementType::float32) {
      StagingBuffer::copy(images, floats, call.output(0), on_device_.stream());
    } else {
      copy_rounded(images, call);
    }
    if (labels_) StagingBuffer::copy(images + floats, call.images, call.output(1), on_device_.stream());
    staging.note_copies(on_device_.stream());
  }

 private:
  /// Images at a time.
  std::int64_t group() const { return std::max<std::int64_t>(kGroupElements / image_elements_, 1); }

  void copy_rounded(const float* images, const KernelCall& call) const {
    auto* floats = reinterpret_cast<float*>(call.workspace);
    auto* to = call.output<std::byte>(0);
    for (std::int64_t first = 0; first < call.images; first += group()) {
      const std::int64_t at = first * image_elements_,
                         count = std::min(group(), call.images - first) * image_elements_;
      StagingBuffer::copy(images + at, count, floats, on_device_.stream());
      narrow(floats, {element(), to + at * static_cast<std::int64_t>(size_of(element()))}, count,
             on_device_.stream());
    }
  }

  DataSource* source_;
  std::int64_t image_elements_;
  bool labels_;
  mutable std::array<StagingBuffer, 2> staging_;
  mutable std::size_t turn_ = 0;
};

}  // namespace

std::unique_ptr<Kernel> make_data_kernel(const KernelRequest& request, CudaContext& context) {
  return std::make_unique<DataKernel>(request, context);
}

}  // namespace octrain::layers::cuda
