// What nets under test run on: noise for data, slabs of any size, plain memory.
#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "layers/kernel_runner.h"
#include "octrain/layers/data_source.h"
#include "octrain/runtime/memory_space.h"

namespace octrain::layers::testing {

inline constexpr int kClasses = 7;

/// The same images every time.
class NoiseSource final : public DataSource {
 public:
  explicit NoiseSource(Shape images)
      : shape_(images), images_(to_floats(random_values(images.elements(), 11))) {}
  void set_images(const Values& images) { images_ = to_floats(images); }
  int channels() const override { return static_cast<int>(shape_.c); }
  int height() const override { return static_cast<int>(shape_.h); }
  int width() const override { return static_cast<int>(shape_.w); }
  int classes() const override { return kClasses; }
  std::int64_t size(Split) const override { return shape_.n; }
  void begin_batch(Split, std::uint64_t) override {}
  void fill_images(std::int64_t first, std::int64_t count, float* to) override {
    std::copy_n(images_.begin() + first * shape_.image_elements(), count * shape_.image_elements(), to);
  }
  void fill_labels(std::int64_t first, std::int64_t count, float* to) override {
    for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<float>((first + i) * 3 % kClasses);
  }

 private:
  Shape shape_;
  Floats images_;
};

/// A backend with slabs of another size.
class OtherSlabs final : public Backend {
 public:
  OtherSlabs(std::uint64_t bytes, std::unique_ptr<Backend> backend)
      : backend_(std::move(backend)), bytes_(bytes) {}
  std::string_view name() const override { return backend_->name(); }
  std::unique_ptr<Kernel> make_kernel(const KernelRequest& request) override {
    return backend_->make_kernel(request);
  }
  std::unique_ptr<UpdateKernel> make_update(const runtime::SolverSpec& solver) override {
    return backend_->make_update(solver);
  }
  std::uint64_t slab_bytes() const override { return bytes_; }
  double flops_per_s() const override { return backend_->flops_per_s(); }
  double memory_bytes_per_s() const override { return backend_->memory_bytes_per_s(); }

 private:
  std::unique_ptr<Backend> backend_;
  std::uint64_t bytes_;
};

/// Everything is always there. What nobody wrote is not zero.
class PlainMemory final : public runtime::MemorySpace {
 public:
  PlainMemory(const advisor::Schedule& train, const advisor::Schedule& test) {
    std::uint64_t workspace = 0;
    for (const auto* schedule : {&train, &test}) {
      for (const advisor::Op& op : schedule->ops) workspace = std::max(workspace, op.workspace_bytes);
    }
    for (const advisor::TensorInfo& tensor : train.tensors) {
      bytes_.push_back(tensor.bytes);
      blocks_.emplace_back(tensor.bytes, kNoise);
    }
    blocks_.emplace_back(workspace, kNoise);
    place_.resize(bytes_.size());
    std::iota(place_.begin(), place_.end(), runtime::TensorId{0});
  }
  std::byte* address(runtime::TensorId tensor) override { return blocks_[place_[tensor]].data(); }
  std::byte* workspace() override { return blocks_.back().data(); }
  void place(std::span<const std::uint64_t>) override {}
  void prefetch(runtime::TensorId) override {}
  void evict(runtime::TensorId) override {}
  void discard(runtime::TensorId) override {}
  void acquire(const runtime::OpAccess&) override {}
  void release(const runtime::OpAccess&) override {}
  void quiesce() override {}
  void write_contents(runtime::TensorId tensor, std::uint64_t offset,
                      std::span<const std::byte> from) override {
    std::copy(from.begin(), from.end(), address(tensor) + offset);
  }
  void read_contents(runtime::TensorId tensor, std::uint64_t offset, std::span<std::byte> to) override {
    std::copy_n(address(tensor) + offset, to.size(), to.begin());
  }
  runtime::MemoryCounters take_counters() override { return {}; }
  std::uint64_t resident_bytes() const override { return 0; }
  std::string description() const override { return "plain"; }

  [[nodiscard]] Bytes contents(runtime::TensorId tensor) {
    return {address(tensor), address(tensor) + bytes_[tensor]};
  }
  void set_contents(runtime::TensorId tensor, const Bytes& bytes) {
    std::copy(bytes.begin(), bytes.end(), address(tensor));
  }
  /// The tensor lies on the bytes that `where` had at first.
  void place(runtime::TensorId tensor, runtime::TensorId where) { place_[tensor] = where; }

 private:
  static constexpr std::byte kNoise{0x7f};
  std::vector<Bytes> blocks_;  // the last one: workspace
  std::vector<std::uint64_t> bytes_;
  std::vector<runtime::TensorId> place_;
};

}  // namespace octrain::layers::testing
