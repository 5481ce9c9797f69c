// From a net's specification to a program: shapes, parameters, slabs, ops, schedule.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "octrain/layers/data_source.h"
#include "octrain/layers/kernel.h"
#include "octrain/layers/net_spec.h"
#include "octrain/runtime/program.h"

namespace octrain::layers {

struct LoweringOptions {
  std::uint64_t seed = 1;
  runtime::SolverSpec solver;
  int accumulate_batches = 1;  ///< batches whose gradients are added before an update (Caffe's iter_size)
  DataSource* data = nullptr;  ///< must outlive the program; null: the program can be planned, not run
};

/// Where a blob's values (and gradients) lie: one view a slab.
struct LoweredBlob {
  BlobDesc desc;
  std::int64_t images_per_slab = 0;
  std::vector<TensorView> slabs;
  std::vector<TensorView> gradients;  ///< empty when nobody wants it
};

struct LoweredNet {
  runtime::Program program;
  std::vector<LoweredBlob> blobs;
};

/// Lowers the net for a backend. Each blob is cut into slabs along the batch by its own size alone; each op
/// works on whole images of one slab; tensors under 1 MiB of like lifetime share a 2 MiB block; an update
/// follows the last op on its gradient. The program keeps what it needs of the backend's kernels; `backend`
/// itself may go. Throws UsageError for a net that cannot be built (unknown bottom, wrong shape), naming
/// layer and blob.
[[nodiscard]] LoweredNet lower(const NetSpec& net, Backend& backend, const LoweringOptions& options);

/// In-place ReLUs folded into the layers before them, and layers of the other phase left out; lower() calls
/// this itself.
[[nodiscard]] NetSpec fuse(const NetSpec& net);

struct LayerSummary {
  std::string name, type;
  std::vector<Shape> tops;
  std::int64_t parameters = 0;
  double flops = 0;  ///< forward, one batch
};
/// Shapes and counts without kernels; throws as lower().
[[nodiscard]] std::vector<LayerSummary> summarize(const NetSpec& net);

}  // namespace octrain::layers
