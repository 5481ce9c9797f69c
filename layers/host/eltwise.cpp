// Eltwise: chunks small enough for the first-level cache, so that any number of bottoms costs one pass over
// memory. Bottoms laid out otherwise than the first are copied to its layout in the workspace, and their
// gradients from it.
#include <algorithm>

#include "channels.h"
#include "kernels.h"

namespace octrain::layers::host {

namespace {

using Operation = EltwiseParams::Operation;

constexpr std::int64_t kChunk = 1024;  // floats

class EltwiseKernel final : public Kernel {
 public:
  explicit EltwiseKernel(const KernelRequest& request)
      : Kernel(request),
        params_(std::get<EltwiseParams>(request.spec.params)),
        layout_(request.bottoms[0].layout),
        coefficients_(params_.coefficients) {
    for (const BlobDesc& bottom : request.bottoms) grids_.emplace_back(bottom);
    coefficients_.resize(grids_.size(), 1.0f);
  }

  std::vector<Layout> top_layouts() const override { return {layout_}; }

  std::uint64_t workspace_bytes(Step, std::int64_t images, bool) const override {
    return static_cast<std::uint64_t>(2 * strangers() * images * grids_[0].image_floats()) * sizeof(float);
  }

  void run(Step step, const KernelCall& call) const override {
    Staging staging(*this, call);
    const std::int64_t floats = call.images * grids_[0].image_floats();
    if (step == Step::forward) {
      const auto bottoms = staging.read(0);
      for_each_chunk(
          floats, [&](std::int64_t at, std::int64_t count) { forward(bottoms, call.output(0), at, count); });
      return;
    }
    const std::size_t first_bottom = params_.relu ? 2 : 1;
    const auto bottoms = staging.read(first_bottom);
    const auto gradients = staging.targets();
    for_each_chunk(
        floats, [&](std::int64_t at, std::int64_t count) { backward(call, bottoms, gradients, at, count); });
    staging.write(gradients);
  }

 private:
  [[nodiscard]] bool strange(std::size_t bottom) const { return grids_[bottom].block != grids_[0].block; }
  [[nodiscard]] std::int64_t strangers() const {
    return std::count_if(grids_.begin(), grids_.end(),
                         [&](const UnitGrid& grid) { return grid.block != grids_[0].block; });
  }

  // The operands of one call in the first bottom's layout.
  class Staging {
   public:
    Staging(const EltwiseKernel& kernel, const KernelCall& call)
        : kernel_(kernel), call_(call), free_(reinterpret_cast<float*>(call.workspace)) {}

    /// The bottoms from operand `first` on, if there are any.
    std::vector<const float*> read(std::size_t first) {
      std::vector<const float*> values;
      for (std::size_t i = 0; first + i < call_.in.size(); ++i) {
        values.push_back(call_.input(first + i));
        if (!kernel_.strange(i)) continue;
        float* copy = take();
        relayout(kernel_.grids_[i], values[i], kernel_.grids_[0], copy, false);
        values[i] = copy;
      }
      return values;
    }

    std::vector<float*> targets() {
      std::vector<float*> values;
      for (std::size_t i = 0; i < call_.out.size(); ++i) {
        values.push_back(call_.output(i));
        if (kernel_.strange(bottom(i))) values[i] = take();
      }
      return values;
    }

    void write(const std::vector<float*>& targets) const {
      for (std::size_t i = 0; i < targets.size(); ++i) {
        if (targets[i] == call_.output(i)) continue;
        relayout(kernel_.grids_[0], targets[i], kernel_.grids_[bottom(i)], call_.output(i), call_.accumulate);
      }
    }

   private:
    [[nodiscard]] std::size_t bottom(std::size_t out) const {
      return static_cast<std::size_t>(call_.chunk) + out;
    }

    float* take() {
      float* taken = free_;
      free_ += call_.images * kernel_.grids_[0].image_floats();
      return taken;
    }

    void relayout(const UnitGrid& from_grid, const float* from, const UnitGrid& to_grid, float* to,
                  bool accumulate) const {
      parallel_for(call_.images, [&](std::int64_t image) {
        float* target = to + image * to_grid.image_floats();
        copy_channels({from_grid, from + image * from_grid.image_floats()}, {to_grid, target},
                      to_grid.channels, accumulate);
        zero_padding_channels(to_grid, target);
      });
    }

    const EltwiseKernel& kernel_;
    const KernelCall& call_;
    float* free_;
  };

  template <class Function>
  static void for_each_chunk(std::int64_t floats, const Function& fn) {
    parallel_ranges(floats, kChunk, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t at = begin; at < end; at += kChunk) fn(at, std::min(kChunk, end - at));
    });
  }

  void forward(const std::vector<const float*>& bottoms, float* top, std::int64_t at,
               std::int64_t count) const {
    // A top on the bytes of a bottom that is still to be read is put together elsewhere.
    float apart[kChunk];
    const bool over_later = std::find(bottoms.begin() + 1, bottoms.end(), top) != bottoms.end();
    float* y = over_later ? apart : top + at;
    for (std::size_t i = 0; i < bottoms.size(); ++i) {
      const float* x = bottoms[i] + at;
      const float factor = coefficients_[i];
      // NOLINTBEGIN(bugprone-branch-clone): it does not look behind the pragmas
      if (i == 0) {
#pragma omp simd
        for (std::int64_t e = 0; e < count; ++e) y[e] = factor * x[e];
      } else if (params_.operation == Operation::sum) {
#pragma omp simd
        for (std::int64_t e = 0; e < count; ++e) y[e] += factor * x[e];
      } else if (params_.operation == Operation::product) {
#pragma omp simd
        for (std::int64_t e = 0; e < count; ++e) y[e] *= x[e];
      } else {
#pragma omp simd
        for (std::int64_t e = 0; e < count; ++e) y[e] = x[e] > y[e] ? x[e] : y[e];
      }
      // NOLINTEND(bugprone-branch-clone)
    }
    if (params_.relu) {
#pragma omp simd
      for (std::int64_t e = 0; e < count; ++e) y[e] = y[e] > 0 ? y[e] : 0;
    }
    if (over_later) std::copy_n(y, count, top + at);
  }

  // The gradients of bottoms call.chunk, call.chunk + 1, …
  void backward(const KernelCall& call, const std::vector<const float*>& bottoms,
                const std::vector<float*>& gradients, std::int64_t at, std::int64_t count) const {
    // The results may lie on top' or on the top, so these are read first.
    float gradient[kChunk], value[kChunk];
    const float* dy = call.input(0) + at;
    if (params_.relu) {
      const float* y = call.input(1) + at;
#pragma omp simd
      for (std::int64_t e = 0; e < count; ++e) gradient[e] = y[e] > 0 ? dy[e] : 0;
    } else {
      std::copy_n(dy, count, gradient);
    }
    for (std::size_t out = 0; out < gradients.size(); ++out) {
      const std::size_t bottom = static_cast<std::size_t>(call.chunk) + out;
      const float factor = coefficients_[bottom];
#pragma omp simd
      for (std::int64_t e = 0; e < count; ++e) value[e] = factor * gradient[e];
      apply_bottoms(bottoms, bottom, value, at, count);
      // A staged gradient is added to its target when it is written back.
      const bool accumulate = call.accumulate && gradients[out] == call.output(out);
      float* dx = gradients[out] + at;
#pragma omp simd
      for (std::int64_t e = 0; e < count; ++e) dx[e] = accumulate ? dx[e] + value[e] : value[e];
    }
  }

  // A product's gradient is multiplied by the other bottoms, a maximum's kept where `bottom` is the first to
  // attain it.
  void apply_bottoms(const std::vector<const float*>& bottoms, std::size_t bottom, float* value,
                     std::int64_t at, std::int64_t count) const {
    for (std::size_t other = 0; other < bottoms.size(); ++other) {
      if (other == bottom) continue;
      const float *x = bottoms[bottom] + at, *z = bottoms[other] + at;
      if (params_.operation == Operation::product) {
#pragma omp simd
        for (std::int64_t e = 0; e < count; ++e) value[e] *= z[e];
      } else if (other < bottom) {
#pragma omp simd
        for (std::int64_t e = 0; e < count; ++e) value[e] = x[e] > z[e] ? value[e] : 0;
      } else {
#pragma omp simd
        for (std::int64_t e = 0; e < count; ++e) value[e] = z[e] > x[e] ? 0 : value[e];
      }
    }
  }

  EltwiseParams params_;
  Layout layout_;
  std::vector<UnitGrid> grids_;
  std::vector<float> coefficients_;
};

}  // namespace

std::unique_ptr<Kernel> make_eltwise_kernel(const KernelRequest& request) {
  return std::make_unique<EltwiseKernel>(request);
}

}  // namespace octrain::layers::host
