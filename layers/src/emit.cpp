// How one op of a layer becomes an op of the schedule and the function that runs it.
#include <algorithm>
#include <utility>

#include "net_lowering.h"
#include "octrain/runtime/units.h"

namespace octrain::layers {

namespace {

bool contains(const std::vector<advisor::TensorId>& ids, advisor::TensorId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

void add_unique(std::vector<advisor::TensorId>& ids, advisor::TensorId id) {
  if (!contains(ids, id)) ids.push_back(id);
}

bool same_place(const TensorView& a, const TensorView& b) {
  return a.offset == b.offset && a.bytes == b.bytes;
}

bool apart(const TensorView& a, const TensorView& b) {
  return a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
}

// With two tensors on the same bytes: is whatever the op reads of the one and writes of the other either
// apart, or offered by the layer and at one place?
bool harmless(const OpSpec& spec, const advisor::Overwrite& pair) {
  for (std::size_t i = 0; i < spec.in.size(); ++i) {
    if (spec.in[i].tensor != pair.read) continue;
    for (std::size_t o = 0; o < spec.out.size(); ++o) {
      if (spec.out[o].tensor != pair.written || apart(spec.in[i], spec.out[o])) continue;
      const auto offer = std::find(spec.overwrites.begin(), spec.overwrites.end(), Overwriting{i, o});
      if (offer == spec.overwrites.end() || !same_place(spec.in[i], spec.out[o])) return false;
    }
  }
  return true;
}

// What the layer offers of values, as the schedule offers it of tensors. Small values share tensors, and both
// values must lie at one place of theirs.
std::vector<advisor::Overwrite> overwrites_of(const OpSpec& spec, const advisor::Op& op,
                                              const std::vector<advisor::TensorInfo>& tensors) {
  std::vector<advisor::Overwrite> pairs;
  for (const Overwriting& offer : spec.overwrites) {
    const TensorView &in = spec.in[offer.in], &out = spec.out[offer.out];
    const advisor::Overwrite pair{in.tensor, out.tensor};
    const bool from_one_to_another = !contains(op.writes, pair.read) && !contains(op.reads, pair.written) &&
                                     tensors[pair.read].bytes == tensors[pair.written].bytes;
    if (!from_one_to_another || !same_place(in, out) || !harmless(spec, pair)) continue;
    if (std::find(pairs.begin(), pairs.end(), pair) == pairs.end()) pairs.push_back(pair);
  }
  return pairs;
}

std::string_view step_suffix(Step step) {
  switch (step) {
    case Step::forward:
      return "";
    case Step::statistics:
      return " statistics";
    case Step::finish_statistics:
      return " finish statistics";
    case Step::mask_gradient:
      return " mask";
    case Step::backward_statistics:
      return " backward statistics";
    case Step::backward_parameters:
      return " backward parameters";
    case Step::backward_data:
      return " backward data";
  }
  return "";
}

advisor::Phase phase_of(Step step) {
  const bool forward = step == Step::forward || step == Step::statistics || step == Step::finish_statistics;
  return forward ? advisor::Phase::forward : advisor::Phase::backward;
}

// Where a loss or an accuracy adds its result.
struct ScalarTarget {
  std::size_t index = 0;
  double weight = 0;  // of the net's total loss, scalar 0
  bool used = false;
};

// Everything one op needs at run time; copyable, as std::function wants it.
struct BoundOp {
  std::shared_ptr<const Kernel> kernel;
  Step step;
  std::vector<TensorView> in, out;
  KernelCall call;  // pointers are filled in at each run
  ScalarTarget scalar;

  void operator()(const runtime::OpContext& context) const {
    std::vector<const void*> in_pointers;
    std::vector<void*> out_pointers;
    in_pointers.reserve(in.size());
    out_pointers.reserve(out.size());
    for (const TensorView& view : in) in_pointers.push_back(context.bytes(view.tensor, view.offset));
    for (const TensorView& view : out) out_pointers.push_back(context.bytes(view.tensor, view.offset));
    KernelCall bound = call;
    bound.in = in_pointers;
    bound.out = out_pointers;
    bound.workspace = context.workspace;
    bound.iteration = context.iteration;
    bound.gradient_scale = call.gradient_scale * context.loss_scale;
    double result = 0;
    if (scalar.used) bound.scalar = &result;
    kernel->run(step, bound);
    if (!scalar.used) return;
    result *= call.gradient_scale;  // the share of a batch; losses themselves are not scaled
    if (scalar.index != 0) context.scalars[scalar.index] += result;
    context.scalars[0] += scalar.weight * result;
  }
};

}  // namespace

advisor::Op NetLowering::make_op(const Node& node, const OpSpec& spec) const {
  advisor::Op op;
  op.name = node.spec.name + std::string(step_suffix(spec.step));
  if (node.ranges.size() > 1) op.name += " @" + std::to_string(spec.range.first);
  if (spec.chunk > 0) op.name += " #" + std::to_string(spec.chunk);
  op.phase = phase_of(spec.step);
  op.workspace_bytes = runtime::round_up(
      node.kernel->workspace_bytes(spec.step, spec.range.count, spec.accumulate), runtime::kBlockBytes);
  double bytes = 0;
  for (const Operand& operand : spec.in) {
    add_unique(op.reads, operand.tensor);
    bytes += static_cast<double>(operand.bytes);
  }
  for (const Operand& operand : spec.out) {
    // What else the tensor holds of this batch must stay, so a write in part is a read as well.
    const bool keeps = spec.accumulate || (written_[operand.tensor] && !tensors_.covers(operand));
    if (keeps) add_unique(op.reads, operand.tensor);
    add_unique(op.writes, operand.tensor);
    bytes += static_cast<double>(operand.bytes);
  }
  op.overwrites = overwrites_of(spec, op, tensors_.tensors());
  const double memory_ns = bytes / backend_.memory_bytes_per_s() * 1e9;
  const double compute_ns = spec.flops / backend_.flops_per_s() * 1e9;
  op.time_ns = static_cast<std::uint64_t>(std::max(memory_ns, compute_ns));
  return op;
}

void NetLowering::emit(std::size_t layer, const OpSpec& spec) {
  const Node& node = nodes_[layer];
  written_.resize(tensors_.tensors().size(), false);
  pass_->schedule.ops.push_back(make_op(node, spec));
  for (const Operand& operand : spec.out) {
    written_[operand.tensor] = true;
    parameters_.note_write(operand);
  }
  BoundOp bound{node.kernel, spec.step, spec.in, spec.out, {}, {}};
  bound.call.first_image = spec.range.first;
  bound.call.images = spec.range.count;
  bound.call.accumulate = spec.accumulate;
  bound.call.chunk = spec.chunk;
  bound.call.training = training_;
  bound.call.gradient_scale = training_ ? 1.0f / static_cast<float>(options_.accumulate_batches) : 1.0f;
  const bool makes_scalar = node.tops.empty() && !node.spec.tops.empty() && spec.step == Step::forward;
  if (makes_scalar) {
    const auto* loss = std::get_if<SoftmaxLossParams>(&node.spec.params);
    bound.scalar = {scalar_index(node.spec.tops[0]),
                    loss != nullptr ? static_cast<double>(loss->loss_weight) : 0.0, true};
  }
  pass_->repeatable.push_back(!makes_scalar && node.kernel->repeats(training_));
  const bool first_of_batch = std::exchange(batch_starts_, false);
  if (first_of_batch && options_.data != nullptr) {
    const auto split = training_ ? Split::train : Split::test;
    const auto batches = static_cast<std::uint64_t>(training_ ? options_.accumulate_batches : 1);
    pass_->functions.push_back(
        [bound, data = options_.data, split, batches,
         index = static_cast<std::uint64_t>(accumulated_)](const runtime::OpContext& context) {
          data->begin_batch(split, context.iteration * batches + index);
          bound(context);
        });
    return;
  }
  pass_->functions.emplace_back(std::move(bound));
}

}  // namespace octrain::layers
