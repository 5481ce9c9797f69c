#include "layers/layer_harness.h"

#include <algorithm>
#include <map>

#include "layers/stand_ins.h"

namespace octrain::layers::testing {

namespace {

std::string text_of(const advisor::Schedule& schedule, advisor::OpIndex op, const advisor::Overwrite& pair) {
  return schedule.ops[op].name + ": " + schedule.tensors[pair.read].name + " -> " +
         schedule.tensors[pair.written].name;
}

}  // namespace

NetSpec between_data_and_loss(const std::vector<LayerSpec>& layers, Shape images) {
  NetSpec net{"harness", {}};
  net.layers.push_back({"data", {}, {"data", "label"}, DataParams{images.n, images.c, images.h, images.w}});
  net.layers.push_back({"identity", {"data"}, {"x"}, ScaleParams{}});
  net.layers.insert(net.layers.end(), layers.begin(), layers.end());
  InnerProductParams logits;
  logits.outputs = kClasses;
  logits.weight_options.filler = {.kind = Filler::Kind::xavier};
  net.layers.push_back({"logits", {"y"}, {"logits"}, logits});
  net.layers.push_back({"loss", {"logits", "label"}, {"loss"}, SoftmaxLossParams{}});
  return net;
}

LayerSpec blocked_layer(const std::string& name, const std::string& top, int outputs, int kernel) {
  if (layouts_under_test() == std::vector<int>{1}) return {name, {"x"}, {top}, ScaleParams{}};
  ConvolutionParams params;
  params.outputs = outputs;
  params.kernel_h = params.kernel_w = kernel;
  params.weight_options.filler = {.kind = Filler::Kind::xavier};
  return {name, {"x"}, {top}, params};
}

struct LayerHarness::State {
  State(const NetSpec& net, std::uint64_t slab_bytes, std::unique_ptr<Backend> made)
      : source(shape_of(net)),
        backend(slab_bytes, std::move(made)),
        lowered(lower(net, backend, {.solver = {.momentum = 0, .weight_decay = 0}, .data = &source})),
        memory(lowered.program.train.schedule, lowered.program.test.schedule) {}
  static Shape shape_of(const NetSpec& net) {
    const auto& data = std::get<DataParams>(net.layers.front().params);
    return {data.batch, data.channels, data.height, data.width};
  }
  const LoweredBlob& find_blob(const std::string& name) const {
    for (const LoweredBlob& blob : lowered.blobs) {
      if (blob.desc.name == name) return blob;
    }
    throw std::out_of_range("no blob " + name);
  }
  const runtime::Parameter& find_parameter(const std::string& name) const {
    for (const runtime::Parameter& parameter : lowered.program.parameters) {
      if (parameter.name == name) return parameter;
    }
    throw std::out_of_range("no parameter " + name);
  }
  float* floats(runtime::TensorId tensor, std::uint64_t offset) {
    return reinterpret_cast<float*>(memory.address(tensor) + offset);
  }
  Values read(const LoweredBlob& blob, const std::vector<TensorView>& slabs) {
    TestBlob whole(blob.desc);
    std::int64_t first = 0;
    for (const TensorView& slab : slabs) {
      std::copy_n(memory.address(slab.tensor) + slab.offset, slab.bytes,
                  static_cast<std::byte*>(whole.at({first, 0})));
      first += blob.images_per_slab;
    }
    EXPECT_TRUE(whole.padding_is_zero()) << blob.desc.name;
    return whole.values();
  }

  const runtime::Program::Pass& pass(Split split) const {
    return split == Split::train ? lowered.program.train : lowered.program.test;
  }
  void run(Split split, advisor::OpIndex op, std::vector<double>& scalars) {
    pass(split).functions[op]({memory, memory.workspace(), iteration, 1.0f, scalars, loss_scale});
    wait_for_backend_under_test();
  }
  /// What the op writes, by tensor; afterwards everything is as it was. What it does not read is `garbage` at
  /// first. Of `pairs`, the written lie on the bytes of the read.
  std::map<runtime::TensorId, Bytes> outputs(Split split, advisor::OpIndex op, std::byte garbage,
                                             const std::vector<advisor::Overwrite>& pairs) {
    const advisor::Op& entry = pass(split).schedule.ops[op];
    std::map<runtime::TensorId, Bytes> before, after;
    for (const auto* tensors : {&entry.reads, &entry.writes}) {
      for (const runtime::TensorId tensor : *tensors) before[tensor] = memory.contents(tensor);
    }
    for (const runtime::TensorId tensor : entry.writes) {
      const bool read = std::find(entry.reads.begin(), entry.reads.end(), tensor) != entry.reads.end();
      if (!read) memory.set_contents(tensor, Bytes(before[tensor].size(), garbage));
    }
    for (const advisor::Overwrite& pair : pairs) memory.place(pair.written, pair.read);
    std::vector<double> scalars(pass(split).scalar_names.size());
    run(split, op, scalars);
    for (const runtime::TensorId tensor : entry.writes) after[tensor] = memory.contents(tensor);
    for (const advisor::Overwrite& pair : pairs) memory.place(pair.written, pair.written);
    for (const auto& [tensor, bytes] : before) memory.set_contents(tensor, bytes);
    return after;
  }
  /// On the bytes of what it reads the op writes the same as on others. What it writes at all is what does
  /// not depend on the garbage that was there.
  void expect_same_in_place(Split split, advisor::OpIndex op, const std::vector<advisor::Overwrite>& pairs) {
    const auto own = outputs(split, op, std::byte{0x55}, {}), other = outputs(split, op, std::byte{0xaa}, {});
    const auto in_place = outputs(split, op, std::byte{0x55}, pairs);
    std::size_t written = 0, different = 0;
    for (const auto& [tensor, bytes] : own) {
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] != other.at(tensor)[i]) continue;
        ++written;
        different += bytes[i] != in_place.at(tensor)[i];
      }
    }
    EXPECT_GT(written, 0u);
    EXPECT_EQ(different, 0u) << "bytes of " << text_of(pass(split).schedule, op, pairs.back());
  }

  NoiseSource source;
  OtherSlabs backend;
  LoweredNet lowered;
  PlainMemory memory;
  std::uint64_t iteration = 0;
  float loss_scale = 1;
};

LayerHarness::LayerHarness(const NetSpec& net, std::uint64_t slab_bytes, std::unique_ptr<Backend> backend)
    : state_(std::make_unique<State>(net, slab_bytes, std::move(backend))) {
  for (const runtime::Parameter& parameter : state_->lowered.program.parameters) {
    std::size_t count = 1;
    for (const std::int64_t dim : parameter.dims) count *= static_cast<std::size_t>(dim);
    std::vector<float> values(count);
    parameter.fill(values);
    set_parameter(parameter.name, to_values(values));
  }
}

LayerHarness::~LayerHarness() = default;

void LayerHarness::set_images(const Values& images) { state_->source.set_images(images); }

void LayerHarness::set_loss_scale(float scale) { state_->loss_scale = scale; }

bool LayerHarness::take_overflow() { return state_->lowered.program.take_overflow(); }

double LayerHarness::run_iteration() {
  std::vector<double> scalars(state_->pass(Split::train).scalar_names.size());
  for (advisor::OpIndex op = 0; op < state_->pass(Split::train).functions.size(); ++op)
    state_->run(Split::train, op, scalars);
  ++state_->iteration;
  return scalars[0];
}

std::vector<std::string> LayerHarness::run_in_place(Split split) {
  const runtime::Program::Pass& pass = state_->pass(split);
  std::vector<std::string> offers;
  std::vector<double> scalars(pass.scalar_names.size());
  for (advisor::OpIndex op = 0; op < pass.functions.size(); ++op) {
    const std::vector<advisor::Overwrite>& pairs = pass.schedule.ops[op].overwrites;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      offers.push_back(text_of(pass.schedule, op, pairs[i]));
      state_->expect_same_in_place(split, op, {pairs[i]});
      for (std::size_t k = 0; k < i; ++k) {
        const bool together = pairs[k].read != pairs[i].read && pairs[k].written != pairs[i].written;
        if (together) state_->expect_same_in_place(split, op, {pairs[k], pairs[i]});
      }
    }
    state_->run(split, op, scalars);
  }
  ++state_->iteration;
  return offers;
}

Values LayerHarness::blob(const std::string& name) const {
  const LoweredBlob& blob = state_->find_blob(name);
  return state_->read(blob, blob.slabs);
}

Values LayerHarness::gradient(const std::string& name) const {
  const LoweredBlob& blob = state_->find_blob(name);
  return state_->read(blob, blob.gradients);
}

std::size_t LayerHarness::slab_count(const std::string& name) const {
  return state_->find_blob(name).slabs.size();
}

Values LayerHarness::parameter(const std::string& name) const {
  Floats values;
  for (const runtime::ParameterChunk& chunk : state_->find_parameter(name).chunks) {
    values.resize(chunk.first + chunk.count);
    chunk.to_canonical(state_->floats(chunk.tensor, chunk.offset_bytes), values.data() + chunk.first);
  }
  return to_values(values);
}

void LayerHarness::set_parameter(const std::string& name, const Values& values) {
  const Floats floats = to_floats(values);
  for (const runtime::ParameterChunk& chunk : state_->find_parameter(name).chunks) {
    chunk.from_canonical(floats.data() + chunk.first, state_->floats(chunk.tensor, chunk.offset_bytes));
  }
}

std::vector<std::string> LayerHarness::parameters() const {
  std::vector<std::string> names;
  for (const runtime::Parameter& parameter : state_->lowered.program.parameters)
    names.push_back(parameter.name);
  return names;
}

bool LayerHarness::is_trained(const std::string& parameter) const {
  const runtime::TensorId tensor = state_->find_parameter(parameter).chunks[0].tensor;
  return state_->lowered.program.train.schedule.tensors[tensor].role == advisor::Role::weight;
}

Outcome run_once(const NetSpec& net, std::uint64_t slab_bytes, std::unique_ptr<Backend> backend) {
  LayerHarness harness(net, slab_bytes, std::move(backend));
  Outcome outcome;
  outcome.loss = harness.run_iteration();
  outcome.y = harness.blob("y");
  outcome.x_gradient = harness.gradient("x");
  for (const std::string& name : harness.parameters()) outcome.parameters.push_back(harness.parameter(name));
  return outcome;
}

void expect_near(const Outcome& actual, const Outcome& expected) {
  EXPECT_NEAR(actual.loss, expected.loss, 1e-5);
  expect_near(actual.y, expected.y, 1e-4);
  expect_near(actual.x_gradient, expected.x_gradient, 1e-4);
  for (std::size_t i = 0; i < expected.parameters.size(); ++i)
    expect_near(actual.parameters[i], expected.parameters[i], 1e-4);
}

namespace {

/// At a rate of 1 the update has subtracted the gradient itself; the largest element of each trained
/// parameter is probed.
void expect_central_differences(const NetSpec& net) {
  constexpr double kStep = 1e-2;
  LayerHarness harness(net, kOneSlab);
  for (const std::string& name : harness.parameters()) {
    if (!harness.is_trained(name)) continue;
    const Values before = LayerHarness(net, kOneSlab).parameter(name);
    LayerHarness trained(net, kOneSlab);
    trained.run_iteration();
    const Values after = trained.parameter(name);
    std::size_t probe = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (std::abs(before[i] - after[i]) > std::abs(before[probe] - after[probe])) probe = i;
    }
    const auto loss_at = [&](double value) {
      LayerHarness moved(net, kOneSlab);
      Values values = before;
      values[probe] = value;
      moved.set_parameter(name, values);
      return moved.run_iteration();
    };
    const double numeric = (loss_at(before[probe] + kStep) - loss_at(before[probe] - kStep)) / (2 * kStep);
    EXPECT_NEAR(before[probe] - after[probe], numeric, 1e-3 + 0.02 * std::abs(numeric)) << name;
  }
}

}  // namespace

void expect_slabs_do_not_matter(const std::vector<LayerSpec>& layers, Shape images) {
  const NetSpec net = between_data_and_loss(layers, images);
  const Outcome whole = run_once(net, kOneSlab), cut = run_once(net, 1);
  ASSERT_EQ(LayerHarness(net, kOneSlab).slab_count("x"), 1);
  ASSERT_EQ(LayerHarness(net, 1).slab_count("x"), static_cast<std::size_t>(images.n));
  expect_near(cut, whole);
  EXPECT_EQ(run_once(net, kOneSlab), whole);
  EXPECT_EQ(run_once(net, 1), cut);
  expect_central_differences(net);
}

}  // namespace octrain::layers::testing
