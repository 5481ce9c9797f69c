#include "octrain/layers/lowering.h"

#include <algorithm>

#include "net_lowering.h"

namespace octrain::layers {

LayerLowering::LayerLowering(NetLowering& net, std::size_t layer) : net_(net), layer_(layer) {}

const LayerSpec& LayerLowering::spec() const { return net_.nodes_[layer_].spec; }
const Kernel& LayerLowering::kernel() const { return *net_.nodes_[layer_].kernel; }
bool LayerLowering::training() const { return net_.training_; }
std::size_t LayerLowering::bottom_count() const { return net_.nodes_[layer_].bottoms.size(); }
double LayerLowering::forward_flops() const { return net_.nodes_[layer_].flops; }
const std::vector<ImageRange>& LayerLowering::ranges() const { return net_.nodes_[layer_].ranges; }

const BlobDesc& LayerLowering::bottom(std::size_t i) const {
  return net_.blobs_[net_.nodes_[layer_].bottoms[i]].desc;
}
const BlobDesc& LayerLowering::top(std::size_t i) const {
  return net_.blobs_[net_.nodes_[layer_].tops[i]].desc;
}

Operand LayerLowering::bottom(std::size_t i, ImageRange range) const {
  const Blob& blob = net_.blobs_[net_.nodes_[layer_].bottoms[i]];
  return net_.slab_view(blob, blob.slabs, range);
}

Operand LayerLowering::top(std::size_t i, ImageRange range) const {
  const Blob& blob = net_.blobs_[net_.nodes_[layer_].tops[i]];
  return net_.slab_view(blob, blob.slabs, range);
}

Operand LayerLowering::top_gradient(std::size_t i, ImageRange range) {
  Blob& blob = net_.blobs_[net_.nodes_[layer_].tops[i]];
  if (blob.gradients.empty()) net_.make_gradient(blob);
  return net_.slab_view(blob, blob.gradients, range);
}

Operand LayerLowering::bottom_gradient(std::size_t i, ImageRange range) {
  Blob& blob = net_.blobs_[net_.nodes_[layer_].bottoms[i]];
  if (blob.gradients.empty()) net_.make_gradient(blob);
  return net_.slab_view(blob, blob.gradients, range);
}

bool LayerLowering::wants_bottom_gradient(std::size_t i) const {
  const Blob& blob = net_.blobs_[net_.nodes_[layer_].bottoms[i]];
  return blob.trained_behind && !blob.is_data;
}

bool LayerLowering::accumulates_bottom_gradient(std::size_t i) const {
  const Node& node = net_.nodes_[layer_];
  const std::size_t blob = node.bottoms[i];
  if (std::find(node.tops.begin(), node.tops.end(), blob) != node.tops.end()) return false;  // in place
  const auto end = node.bottoms.begin() + static_cast<std::ptrdiff_t>(i);
  return net_.blobs_[blob].gradient_written || std::find(node.bottoms.begin(), end, blob) != end;
}

Operand LayerLowering::saved(ImageRange range) {
  Node& node = net_.nodes_[layer_];
  const auto found = node.saved.find(range.first);
  if (found != node.saved.end()) return found->second;
  const TensorView view = net_.tensors_.allocate(
      node.spec.name + ".saved[" + std::to_string(node.saved.size()) + "]", advisor::Role::activation,
      Lifetime::activation, node.kernel->saved_bytes(range.count));
  return node.saved[range.first] = view;
}

Operand LayerLowering::buffer(int index, std::uint64_t bytes) {
  Node& node = net_.nodes_[layer_];
  const auto found = node.buffers.find(index);
  if (found != node.buffers.end()) return found->second;
  // Accumulated batches write the same buffers again, which a tensor of role workspace excludes.
  const auto role =
      net_.options_.accumulate_batches == 1 ? advisor::Role::workspace : advisor::Role::activation;
  const TensorView view = net_.tensors_.allocate(node.spec.name + ".buffer" + std::to_string(index), role,
                                                 Lifetime::activation, bytes);
  return node.buffers[index] = view;
}

int LayerLowering::chunk_count(int parameter) const {
  return net_.parameters_.chunk_count(layer_, parameter);
}

Operand LayerLowering::parameter(int parameter, int chunk) const {
  return net_.parameters_.weight(net_.parameters_.chunk(layer_, parameter, chunk));
}

Operand LayerLowering::parameter_gradient(int parameter, int chunk) {
  return net_.parameters_.gradient(net_.parameters_.chunk(layer_, parameter, chunk));
}

bool LayerLowering::accumulates_parameter_gradient(int parameter, int chunk) const {
  return net_.parameters_.chunk(layer_, parameter, chunk).gradient_written;
}

void LayerLowering::emit(const OpSpec& op) { net_.emit(layer_, op); }

}  // namespace octrain::layers
