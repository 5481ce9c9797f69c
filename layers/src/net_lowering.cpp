#include "net_lowering.h"

#include <algorithm>
#include <bit>
#include <set>

#include "octrain/runtime/error.h"
#include "octrain/runtime/random.h"
#include "octrain/runtime/units.h"

namespace octrain::layers {

namespace {

[[noreturn]] void fail(const LayerSpec& spec, const std::string& what) {
  throw runtime::UsageError("layer '" + spec.name + "' (" + std::string(type_name(spec.params)) +
                            "): " + what);
}

bool is_loss(const LayerSpec& spec) { return std::holds_alternative<SoftmaxLossParams>(spec.params); }

std::int64_t element_count(const std::vector<std::int64_t>& dims) {
  std::int64_t count = 1;
  for (const std::int64_t dim : dims) count *= dim;
  return count;
}

}  // namespace

NetLowering::NetLowering(const NetSpec& net, Backend& backend, const LoweringOptions& options)
    : backend_(backend),
      options_(options),
      parameters_(tensors_, options.solver.state_count()),
      update_(backend.make_update(options.solver)) {
  nodes_.reserve(net.layers.size());
  for (std::size_t i = 0; i < net.layers.size(); ++i) add_node(net.layers[i], i);
  mark_backward();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    parameters_.place(i, nodes_[i].spec.name, nodes_[i].parameters, *nodes_[i].kernel, nodes_[i].backward);
  }
  parameters_.finish();
  make_blob_tensors();
  for (Node& node : nodes_) make_ranges(node);
}

void NetLowering::add_node(const LayerSpec& spec, std::size_t index) {
  Node node;
  node.spec = spec;
  node.type = &layer_type(spec.params);
  std::vector<Shape> shapes;
  KernelRequest request{spec, {}, {}, {}, runtime::mix_keys(options_.seed, index), options_.data};
  for (const std::string& bottom : spec.bottoms) {
    const auto found = blob_by_name_.find(bottom);
    if (found == blob_by_name_.end())
      fail(spec, "bottom '" + bottom + "' is not a top of any layer before it");
    node.bottoms.push_back(found->second);
    request.bottoms.push_back(blobs_[found->second].desc);
    shapes.push_back(blobs_[found->second].desc.shape);
  }
  try {
    request.top_shapes = node.type->top_shapes(spec, shapes);
    request.parameters = node.parameters = node.type->parameters(spec, shapes);
  } catch (const runtime::UsageError& error) {
    fail(spec, error.what());
  }
  node.flops = node.type->flops(spec, shapes, request.top_shapes);
  node.kernel = backend_.make_kernel(request);
  connect_tops(node, spec, request.top_shapes);
  nodes_.push_back(std::move(node));
}

void NetLowering::connect_tops(Node& node, const LayerSpec& spec, const std::vector<Shape>& shapes) {
  if (!shapes.empty() && shapes.size() != spec.tops.size()) {
    fail(spec,
         "has " + std::to_string(spec.tops.size()) + " tops, but makes " + std::to_string(shapes.size()));
  }
  const std::vector<Layout> layouts = node.kernel->top_layouts();
  bool trained =
      std::any_of(node.parameters.begin(), node.parameters.end(), [](const auto& p) { return p.trained; });
  for (const std::size_t b : node.bottoms) trained = trained || blobs_[b].trained_behind;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const bool in_place = i < spec.bottoms.size() && spec.tops[i] == spec.bottoms[i];
    if (in_place) {
      node.tops.push_back(node.bottoms[i]);
      continue;
    }
    if (blob_by_name_.contains(spec.tops[i])) fail(spec, "top '" + spec.tops[i] + "' exists already");
    Blob blob;
    blob.desc = {spec.tops[i], shapes[i], layouts[i]};
    blob.is_data = std::holds_alternative<DataParams>(spec.params);
    blob.trained_behind = trained;
    if (blob.is_data) batch_ = shapes[i].n;
    blob_by_name_[spec.tops[i]] = blobs_.size();
    node.tops.push_back(blobs_.size());
    blobs_.push_back(std::move(blob));
  }
}

void NetLowering::mark_backward() {
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    bool reaches = is_loss(node->spec);
    for (const std::size_t top : node->tops) reaches = reaches || blobs_[top].reaches_loss;
    if (!reaches || node->type->lower_backward == nullptr) continue;
    bool trained = std::any_of(node->parameters.begin(), node->parameters.end(),
                               [](const auto& p) { return p.trained; });
    for (const std::size_t bottom : node->bottoms) trained = trained || blobs_[bottom].trained_behind;
    node->backward = trained;
    for (const std::size_t bottom : node->bottoms) blobs_[bottom].reaches_loss = true;
  }
}

void NetLowering::make_blob_tensors() {
  for (Blob& blob : blobs_) {
    const std::uint64_t image_bytes = blob.desc.image_bytes();
    const std::uint64_t fitting = std::max<std::uint64_t>(1, backend_.slab_bytes() / image_bytes);
    blob.images_per_slab =
        std::min<std::int64_t>(static_cast<std::int64_t>(std::bit_floor(fitting)), blob.desc.shape.n);
    for (std::int64_t first = 0; first < blob.desc.shape.n; first += blob.images_per_slab) {
      const std::int64_t images = std::min(blob.images_per_slab, blob.desc.shape.n - first);
      const auto role = blob.is_data ? advisor::Role::input : advisor::Role::activation;
      blob.slabs.push_back(tensors_.allocate(blob.desc.name + "[" + std::to_string(blob.slabs.size()) + "]",
                                             role, Lifetime::activation,
                                             static_cast<std::uint64_t>(images) * image_bytes));
    }
  }
}

void NetLowering::make_gradient(Blob& blob) {
  for (std::size_t i = 0; i < blob.slabs.size(); ++i) {
    blob.gradients.push_back(tensors_.allocate(blob.desc.name + "'[" + std::to_string(i) + "]",
                                               advisor::Role::gradient, Lifetime::activation_gradient,
                                               blob.slabs[i].bytes));
  }
}

void NetLowering::make_ranges(Node& node) const {
  std::int64_t step = batch_;
  for (const std::size_t b : node.bottoms) step = std::min(step, blobs_[b].images_per_slab);
  for (const std::size_t t : node.tops) step = std::min(step, blobs_[t].images_per_slab);
  for (std::int64_t first = 0; first < batch_; first += step)
    node.ranges.push_back({first, std::min(step, batch_ - first)});
}

TensorView NetLowering::slab_view(const Blob& blob, const std::vector<TensorView>& slabs,
                                  ImageRange range) const {
  const std::size_t slab = static_cast<std::size_t>(range.first / blob.images_per_slab);
  const std::int64_t first_in_slab = range.first - static_cast<std::int64_t>(slab) * blob.images_per_slab;
  const TensorView& whole = slabs[slab];
  return {whole.tensor, whole.offset + static_cast<std::uint64_t>(first_in_slab) * blob.desc.image_bytes(),
          static_cast<std::uint64_t>(range.count) * blob.desc.image_bytes()};
}

LoweredNet NetLowering::build() && {
  lower_pass(true);
  const bool tested = std::any_of(nodes_.begin(), nodes_.end(),
                                  [](const Node& n) { return n.spec.include == Include::test; });
  if (tested) lower_pass(false);
  // Both passes work on the same tensors, those that only the other one uses included.
  program_.train.schedule.tensors = tensors_.tensors();
  program_.test.schedule.tensors = tensors_.tensors();
  program_.parameters = make_parameters();
  program_.batch = batch_ * options_.accumulate_batches;
  program_.take_overflow = [kernel = update_] { return kernel->take_overflow(); };
  if (options_.solver.state_count() == 1) program_.state_names = {"momentum"};
  if (options_.solver.state_count() == 2) program_.state_names = {"m", "v"};
  LoweredNet lowered{std::move(program_), {}};
  for (const Blob& blob : blobs_)
    lowered.blobs.push_back({blob.desc, blob.images_per_slab, blob.slabs, blob.gradients});
  return lowered;
}

void NetLowering::lower_pass(bool training) {
  training_ = training;
  pass_ = training ? &program_.train : &program_.test;
  pass_->scalar_names = {"loss"};
  group_layers_left_.assign(parameters_.groups().size(), 0);
  for (std::size_t g = 0; g < parameters_.groups().size(); ++g) {
    std::set<std::size_t> layers;
    for (const std::size_t c : parameters_.groups()[g].chunks) layers.insert(parameters_.chunks()[c].layer);
    group_layers_left_[g] = layers.size();
  }
  const int batches = training ? options_.accumulate_batches : 1;
  for (int i = 0; i < batches; ++i) lower_batch(training, i);
}

void NetLowering::lower_batch(bool training, int accumulated) {
  accumulated_ = accumulated;
  batch_starts_ = true;
  const auto& tensors = tensors_.tensors();
  std::set<advisor::TensorId> gradients_of_parameters;
  for (const ParameterGroup& group : parameters_.groups()) {
    if (group.trained) gradients_of_parameters.insert(group.gradient);
  }
  if (accumulated == 0) written_.assign(tensors.size(), false);
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    if (outlives_iteration(tensors[t].role)) {
      written_[t] = true;
    } else if (!gradients_of_parameters.contains(static_cast<advisor::TensorId>(t))) {
      written_[t] = false;
    }
  }
  for (Blob& blob : blobs_) blob.gradient_written = false;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].spec.include == (training ? Include::test : Include::train)) continue;
    LayerLowering layer(*this, i);
    nodes_[i].type->lower_forward(layer);
  }
  if (!training) return;
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    if (!node.backward || node.spec.include == Include::test) continue;
    LayerLowering layer(*this, i);
    node.type->lower_backward(layer);
    for (const std::size_t bottom : node.bottoms) blobs_[bottom].gradient_written = true;
    if (accumulated + 1 == options_.accumulate_batches) lower_updates_after(i);
  }
}

void NetLowering::lower_updates_after(std::size_t layer) {
  std::set<std::size_t> touched;
  for (const PlacedChunk& chunk : parameters_.chunks()) {
    if (chunk.layer == layer) touched.insert(chunk.group);
  }
  for (const std::size_t g : touched) {
    const ParameterGroup& group = parameters_.groups()[g];
    if (--group_layers_left_[g] == 0 && group.trained) emit_update(group);
  }
}

void NetLowering::emit_update(const ParameterGroup& group) {
  std::vector<UpdateKernel::Segment> segments;
  for (const std::size_t c : group.chunks) {
    const PlacedChunk& chunk = parameters_.chunks()[c];
    segments.push_back({static_cast<std::int64_t>(chunk.offset / sizeof(float)),
                        static_cast<std::int64_t>(chunk.bytes / sizeof(float)), chunk.lr_mult,
                        chunk.decay_mult});
  }
  advisor::Op op;
  op.name = "update " + tensors_.tensors()[group.weight].name;
  op.phase = advisor::Phase::update;
  op.reads = {group.weight, group.gradient};
  op.writes = {group.weight};
  op.reads.insert(op.reads.end(), group.states.begin(), group.states.end());
  op.writes.insert(op.writes.end(), group.states.begin(), group.states.end());
  const double moved =
      static_cast<double>(group.bytes) * static_cast<double>(op.reads.size() + op.writes.size());
  op.time_ns = static_cast<std::uint64_t>(moved / backend_.memory_bytes_per_s() * 1e9);
  pass_->schedule.ops.push_back(std::move(op));
  pass_->repeatable.push_back(false);  // the learning rate is the iteration's
  pass_->functions.push_back([kernel = update_, segments, group](const runtime::OpContext& context) {
    std::vector<float*> states;
    for (const advisor::TensorId state : group.states) states.push_back(context.floats(state));
    kernel->run(segments, context.floats(group.weight), context.floats(group.gradient), states,
                {context.learning_rate, context.iteration, context.loss_scale});
  });
}

std::size_t NetLowering::scalar_index(const std::string& name) {
  auto& names = pass_->scalar_names;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  names.push_back(name);
  return names.size() - 1;
}

std::vector<runtime::Parameter> NetLowering::make_parameters() const {
  std::vector<runtime::Parameter> parameters;
  for (std::size_t layer = 0; layer < nodes_.size(); ++layer) {
    const Node& node = nodes_[layer];
    const std::vector<ParameterStorage> storage = node.kernel->parameter_storage();
    for (std::size_t p = 0; p < node.parameters.size(); ++p) {
      const ParameterSpec& spec = node.parameters[p];
      runtime::Parameter parameter{node.spec.name + "." + spec.name, spec.dims, {}, {}};
      const std::uint64_t key = runtime::mix_keys(runtime::mix_keys(options_.seed, layer), 1000 + p);
      parameter.fill = [dims = spec.dims, filler = spec.options.filler, key](std::span<float> values) {
        layers::fill(values, dims, filler, key);
      };
      for (std::size_t c = 0; c < storage[p].chunks.size(); ++c) {
        const PlacedChunk& placed = parameters_.chunk(layer, static_cast<int>(p), static_cast<int>(c));
        const auto& stored = storage[p].chunks[c];
        parameter.chunks.push_back(
            {parameters_.groups()[placed.group].weight, placed.offset, placed.bytes,
             parameters_.groups()[placed.group].states, static_cast<std::uint64_t>(stored.first),
             static_cast<std::uint64_t>(stored.count),
             [kernel = node.kernel, p, c](const float* from, float* to) {
               kernel->to_canonical(static_cast<int>(p), static_cast<int>(c), from, to);
             },
             [kernel = node.kernel, p, c](const float* from, float* to) {
               kernel->from_canonical(static_cast<int>(p), static_cast<int>(c), from, to);
             }});
      }
      if (element_count(spec.dims) == 0) fail(node.spec, "parameter '" + spec.name + "' is empty");
      parameters.push_back(std::move(parameter));
    }
  }
  return parameters;
}

}  // namespace octrain::layers
