// The state of one lowering: nodes and blobs of the net, its tensors, and the ops emitted so far.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "octrain/layers/lowering.h"
#include "octrain/layers/net.h"
#include "parameters.h"
#include "tensor_table.h"

namespace octrain::layers {

struct Blob {
  BlobDesc desc;
  std::int64_t images_per_slab = 0;
  std::vector<TensorView> slabs;
  std::vector<TensorView> gradients;  ///< made when first asked for
  bool is_data = false;
  bool trained_behind = false;  ///< some trained parameter contributes to it: its gradient is worth computing
  bool reaches_loss = false;    ///< some loss depends on it
  bool gradient_written = false;  ///< in the pass being lowered
};

struct Node {
  LayerSpec spec;
  const LayerType* type = nullptr;
  std::shared_ptr<const Kernel> kernel;
  std::vector<std::size_t> bottoms, tops;  ///< blobs
  std::vector<ParameterSpec> parameters;
  std::vector<ImageRange> ranges;
  std::map<std::int64_t, TensorView> saved;  ///< by the range's first image
  std::map<int, TensorView> buffers;
  double flops = 0;
  bool backward = false;  ///< takes part in the backward pass
};

/// Builds both passes. Used once: construct, build(), take.
class NetLowering {
 public:
  NetLowering(const NetSpec& net, Backend& backend, const LoweringOptions& options);
  LoweredNet build() &&;

 private:
  friend class LayerLowering;

  void add_node(const LayerSpec& spec, std::size_t index);
  void connect_tops(Node& node, const LayerSpec& spec, const std::vector<Shape>& shapes);
  void mark_backward();
  void make_blob_tensors();
  void make_ranges(Node& node) const;
  void lower_pass(bool training);
  void lower_batch(bool training, int accumulated);
  void lower_updates_after(std::size_t layer);
  void emit_update(const ParameterGroup& group);
  void emit(std::size_t layer, const OpSpec& op);
  advisor::Op make_op(const Node& node, const OpSpec& op) const;
  void make_gradient(Blob& blob);
  std::size_t scalar_index(const std::string& name);
  std::vector<runtime::Parameter> make_parameters() const;
  TensorView slab_view(const Blob& blob, const std::vector<TensorView>& slabs, ImageRange range) const;

  Backend& backend_;
  LoweringOptions options_;
  TensorTable tensors_;
  Parameters parameters_;
  std::shared_ptr<const UpdateKernel> update_;
  std::vector<Node> nodes_;
  std::vector<Blob> blobs_;
  std::map<std::string, std::size_t> blob_by_name_;
  std::int64_t batch_ = 0;

  // The pass being lowered.
  runtime::Program program_;
  runtime::Program::Pass* pass_ = nullptr;
  bool training_ = true;
  int accumulated_ = 0;                         // which of the accumulated batches
  bool batch_starts_ = true;                    // the next op is the first of its batch
  std::vector<bool> written_;                   // [tensor]: holds something of this batch already
  std::vector<std::size_t> group_layers_left_;  // [group]: layers whose gradients are still to come
};

}  // namespace octrain::layers
