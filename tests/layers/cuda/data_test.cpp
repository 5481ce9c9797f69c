#include "fake_cuda/fake_cuda.h"
#include "layers/stand_ins.h"
#include "octrain/runtime/error.h"

namespace octrain::layers::testing {
namespace {

constexpr Shape kImages{7, 3, 5, 4};

/// Images of one number each, which says the call and the image; a call's follows the last one's.
class CountingSource final : public DataSource {
 public:
  int channels() const override { return 3; }
  int height() const override { return 5; }
  int width() const override { return 4; }
  int classes() const override { return kClasses; }
  std::int64_t size(Split) const override { return 7; }
  void begin_batch(Split, std::uint64_t) override {}
  void fill_images(std::int64_t first, std::int64_t count, float* to) override {
    ++calls_;
    // The fake device sees by this what is still to be copied.
    fake_cuda::host_access(
        {}, {{to, static_cast<std::uint64_t>(count * kImages.image_elements()) * sizeof(float)}});
    for (std::int64_t i = 0; i < count * kImages.image_elements(); ++i)
      to[i] = static_cast<float>(100 * calls_ + first + i / kImages.image_elements());
  }
  void fill_labels(std::int64_t first, std::int64_t count, float* to) override {
    for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(10 * calls_ + first + i);
  }

 private:
  int calls_ = 0;
};

LayerSpec data_layer(std::int64_t height = kImages.h) {
  return {"data", {}, {"data", "label"}, DataParams{kImages.n, kImages.c, height, kImages.w}};
}

// Ops of growing and shrinking slabs, one behind another, while nobody waits for the device.
TEST(CudaData, ABufferIsNotFilledWhileItIsCopied) {
  CountingSource source;
  const KernelRunner runner(data_layer(), {}, 7, &source);
  const std::vector<ImageRange> ranges = {{0, 1}, {1, 2}, {3, 3}, {6, 1}, {0, 2}, {2, 5}};
  std::vector<Floats> images, labels;
  for (const ImageRange r : ranges) {
    images.emplace_back(static_cast<std::size_t>(r.count * kImages.image_elements()));
    labels.emplace_back(static_cast<std::size_t>(r.count));
  }
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const std::vector<void*> out = {images[i].data(), labels[i].data()};
    runner.kernel->run(Step::forward,
                       {.in = {}, .out = out, .first_image = ranges[i].first, .images = ranges[i].count});
  }
  EXPECT_EQ(fake_cuda::violations_text(), "");
  wait_for_backend_under_test();
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    for (std::int64_t image = 0; image < ranges[i].count; ++image) {
      const float number = static_cast<float>(ranges[i].first + image);
      const auto at = static_cast<std::size_t>(image * kImages.image_elements());
      EXPECT_EQ(images[i][at], static_cast<float>(100 * (i + 1)) + number);
      EXPECT_EQ(images[i][at + static_cast<std::size_t>(kImages.image_elements()) - 1], images[i][at]);
      EXPECT_EQ(labels[i][static_cast<std::size_t>(image)], static_cast<float>(10 * (i + 1)) + number);
    }
  }
}

TEST(CudaData, RefusesImagesOfAnotherSize) {
  CountingSource source;
  EXPECT_THROW(KernelRunner(data_layer(6), {}, 7, &source), runtime::UsageError);
}

TEST(CudaData, WithoutASourceItCanOnlyBePlanned) {
  const KernelRunner runner(data_layer(), {});
  Floats images(static_cast<std::size_t>(kImages.elements())), labels(7);
  EXPECT_THROW(runner.run(Step::forward, {0, 7}, {}, {images.data(), labels.data()}), runtime::UsageError);
}

}  // namespace
}  // namespace octrain::layers::testing
