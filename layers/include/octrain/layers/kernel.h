// What lowering asks of a backend: kernels that know their layouts, bytes and workspace before a byte of them
// is allocated.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "octrain/layers/blob.h"
#include "octrain/layers/net_spec.h"
#include "octrain/layers/parameter_spec.h"
#include "octrain/runtime/solver.h"

namespace octrain::layers {

class DataSource;

/// The kinds of op a layer is lowered to. Each layer's source says which it uses, and the order of their
/// operands.
enum class Step {
  forward,
  statistics,           ///< batch norm: a slab's share of the batch statistics
  finish_statistics,    ///< batch norm: statistics of the whole batch, running averages
  mask_gradient,        ///< folded ReLU: top' in place
  backward_statistics,  ///< batch norm: a slab's share of gamma' and beta'
  backward_parameters,
  backward_data,
};

/// One op's operands. `in` and `out` are in the order in which lowering named them; a pointer may stand in
/// both (in place) where the layer's source names one operand twice or offers it (OpSpec::overwrites). Blobs
/// and their gradients hold what their Layout says, all else float32 unless the layer's source says
/// otherwise.
struct KernelCall {
  std::span<const void* const> in;
  std::span<void* const> out;
  std::int64_t first_image = 0;  ///< in the batch
  std::int64_t images = 0;       ///< this op's
  bool accumulate = false;       ///< add to `out` instead of overwriting it
  int chunk = 0;                 ///< which chunk of the parameter (inner product)
  std::byte* workspace = nullptr;
  std::uint64_t iteration = 0;
  bool training = true;
  float gradient_scale = 1;  ///< loss scale / accumulated batches, applied by losses to gradients
  double* scalar = nullptr;  ///< losses and accuracy add to it

  template <class T = float>
  [[nodiscard]] const T* input(std::size_t i) const {
    return static_cast<const T*>(in[i]);
  }
  template <class T = float>
  [[nodiscard]] T* output(std::size_t i) const {
    return static_cast<T*>(out[i]);
  }
};

/// A parameter as a kernel stores it: chunks of whole output rows, in the order of rows, each in the kernel's
/// own layout.
struct ParameterStorage {
  struct Chunk {
    std::int64_t first = 0, count = 0;  ///< elements in canonical order
    std::uint64_t bytes = 0;            ///< as stored
  };
  std::vector<Chunk> chunks;
};

/// What a kernel is made for. Blobs are those of the whole batch.
struct KernelRequest {
  const LayerSpec& spec;
  std::vector<BlobDesc> bottoms;
  std::vector<Shape> top_shapes;
  std::vector<ParameterSpec> parameters;
  std::uint64_t seed_key = 0;  ///< mixes seed and layer
  DataSource* data = nullptr;  ///< Data layers
};

/// Kernels of one layer. run() is called from one thread; it may use threads of its own. Results are a
/// function of the operands alone, bit for bit (never of timing, addresses or workspace contents).
class Kernel {
 public:
  virtual ~Kernel() = default;
  /// Layout of each top; lowering gives the gradient of a blob the blob's layout.
  [[nodiscard]] virtual std::vector<Layout> top_layouts() const = 0;
  /// Default: every parameter one chunk, stored in canonical order.
  [[nodiscard]] virtual std::vector<ParameterStorage> parameter_storage() const;
  virtual void to_canonical(int parameter, int chunk, const float* stored, float* canonical) const;
  virtual void from_canonical(int parameter, int chunk, const float* canonical, float* stored) const;
  /// Bytes the kernel keeps from forward to backward for `images` images (e.g. where each maximum came from).
  [[nodiscard]] virtual std::uint64_t saved_bytes(std::int64_t images) const;
  [[nodiscard]] virtual std::uint64_t workspace_bytes(Step step, std::int64_t images, bool accumulate) const;
  virtual void run(Step step, const KernelCall& call) const = 0;
  /// Whether run() gives a device the same work every time: false where that hangs on the iteration or on the
  /// host.
  [[nodiscard]] virtual bool repeats(bool /*training*/) const { return true; }

 protected:
  explicit Kernel(const KernelRequest& request);
  std::vector<ParameterSpec> parameters_;
};

/// Elementwise optimizer update of a run of parameters that share tensors.
class UpdateKernel {
 public:
  struct Segment {
    std::int64_t first = 0, count = 0;  ///< floats in the tensors
    float lr_mult = 1, decay_mult = 1;
  };
  virtual ~UpdateKernel() = default;
  struct Iteration {
    float learning_rate = 0;
    std::uint64_t number = 0;  ///< counts from 0
    /// By which the gradient was multiplied; other than 1 only where the backend scales losses.
    float loss_scale = 1;
  };
  /// weight' = rule(weight, gradient / loss scale, states). Where losses are scaled, a gradient that is not
  /// finite everywhere leaves all segments' weights and states as they are.
  virtual void run(std::span<const Segment> segments, float* weight, const float* gradient,
                   std::span<float* const> states, const Iteration& iteration) const = 0;
  /// Has run() left something as it was since this was last asked? Waits for what was begun.
  [[nodiscard]] virtual bool take_overflow() const { return false; }
};

class Backend {
 public:
  virtual ~Backend() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Throws runtime::UsageError naming the layer when this backend has no kernel for it.
  [[nodiscard]] virtual std::unique_ptr<Kernel> make_kernel(const KernelRequest& request) = 0;
  [[nodiscard]] virtual std::unique_ptr<UpdateKernel> make_update(const runtime::SolverSpec& solver) = 0;
  /// A blob is cut into slabs of a power of two of images, the largest that stay within this.
  [[nodiscard]] virtual std::uint64_t slab_bytes() const = 0;
  /// For time estimates of ops: what the device sustains.
  [[nodiscard]] virtual double flops_per_s() const = 0;
  [[nodiscard]] virtual double memory_bytes_per_s() const = 0;
};

}  // namespace octrain::layers
