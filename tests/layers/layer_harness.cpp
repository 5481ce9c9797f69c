#include "layers/layer_harness.h"

#include <algorithm>
#include <cstdlib>

#include "octrain/layers/data_source.h"
#include "octrain/runtime/memory_space.h"
#include "octrain/runtime/units.h"

namespace octrain::layers::testing {

namespace {

constexpr int kClasses = 7;

/// The same images every time.
class NoiseSource final : public DataSource {
 public:
  explicit NoiseSource(Shape images)
      : shape_(images), images_(to_floats(random_values(images.elements(), 11))) {}
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

/// Plain memory: everything is always there. What nobody wrote is not zero.
class PlainMemory final : public runtime::MemorySpace {
 public:
  explicit PlainMemory(const advisor::Schedule& schedule) {
    std::uint64_t workspace = 0;
    for (const advisor::Op& op : schedule.ops) workspace = std::max(workspace, op.workspace_bytes);
    for (const advisor::TensorInfo& tensor : schedule.tensors) blocks_.push_back(allocate(tensor.bytes));
    blocks_.push_back(allocate(workspace));
  }
  std::byte* address(runtime::TensorId tensor) override { return blocks_[tensor].get(); }
  std::byte* workspace() override { return blocks_.back().get(); }
  void place(std::span<const std::uint64_t>) override {}
  void prefetch(runtime::TensorId) override {}
  void evict(runtime::TensorId) override {}
  void discard(runtime::TensorId) override {}
  std::uint64_t acquire(const runtime::OpAccess&) override { return 0; }
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

 private:
  struct Free {
    void operator()(std::byte* block) const { std::free(block); }
  };
  using Block = std::unique_ptr<std::byte, Free>;
  static Block allocate(std::uint64_t bytes) {
    const std::uint64_t whole = runtime::round_up(std::max<std::uint64_t>(bytes, 1), 4096);
    Block block(static_cast<std::byte*>(std::aligned_alloc(4096, whole)));
    std::fill_n(block.get(), whole, std::byte{0x7f});
    return block;
  }
  std::vector<Block> blocks_;  // the last one: workspace
};

/// The host backend with slabs of another size.
class OtherSlabs final : public Backend {
 public:
  explicit OtherSlabs(std::uint64_t bytes) : host_(make_host_backend()), bytes_(bytes) {}
  std::string_view name() const override { return host_->name(); }
  std::unique_ptr<Kernel> make_kernel(const KernelRequest& request) override {
    return host_->make_kernel(request);
  }
  std::unique_ptr<UpdateKernel> make_update(const runtime::SolverSpec& solver) override {
    return host_->make_update(solver);
  }
  std::uint64_t slab_bytes() const override { return bytes_; }
  double flops_per_s() const override { return host_->flops_per_s(); }
  double memory_bytes_per_s() const override { return host_->memory_bytes_per_s(); }

 private:
  std::unique_ptr<Backend> host_;
  std::uint64_t bytes_;
};

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

struct LayerHarness::State {
  State(const NetSpec& net, std::uint64_t slab_bytes)
      : source(shape_of(net)),
        backend(slab_bytes),
        lowered(lower(net, backend, {.solver = {.momentum = 0, .weight_decay = 0}, .data = &source})),
        memory(lowered.program.train.schedule) {}
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
      std::copy_n(floats(slab.tensor, slab.offset), slab.bytes / sizeof(float), whole.at({first, 0}));
      first += blob.images_per_slab;
    }
    EXPECT_TRUE(whole.padding_is_zero()) << blob.desc.name;
    return whole.values();
  }

  NoiseSource source;
  OtherSlabs backend;
  LoweredNet lowered;
  PlainMemory memory;
  std::uint64_t iteration = 0;
};

LayerHarness::LayerHarness(const NetSpec& net, std::uint64_t slab_bytes)
    : state_(std::make_unique<State>(net, slab_bytes)) {
  for (const runtime::Parameter& parameter : state_->lowered.program.parameters) {
    std::size_t count = 1;
    for (const std::int64_t dim : parameter.dims) count *= static_cast<std::size_t>(dim);
    std::vector<float> values(count);
    parameter.fill(values);
    set_parameter(parameter.name, to_values(values));
  }
}

LayerHarness::~LayerHarness() = default;

double LayerHarness::run_iteration() {
  const runtime::Program::Pass& pass = state_->lowered.program.train;
  std::vector<double> scalars(pass.scalar_names.size());
  for (const runtime::OpFunction& function : pass.functions) {
    function({state_->memory, state_->memory.workspace(), state_->iteration, 1.0f, scalars});
  }
  ++state_->iteration;
  return scalars[0];
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

namespace {

struct Outcome {
  double loss = 0;
  Values y, x_gradient;
  std::vector<Values> parameters;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome run_once(const NetSpec& net, std::uint64_t slab_bytes) {
  LayerHarness harness(net, slab_bytes);
  Outcome outcome;
  outcome.loss = harness.run_iteration();
  outcome.y = harness.blob("y");
  outcome.x_gradient = harness.gradient("x");
  for (const std::string& name : harness.parameters()) outcome.parameters.push_back(harness.parameter(name));
  return outcome;
}

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
  EXPECT_NEAR(whole.loss, cut.loss, 1e-5);
  expect_near(whole.y, cut.y, 1e-4);
  expect_near(whole.x_gradient, cut.x_gradient, 1e-4);
  for (std::size_t i = 0; i < whole.parameters.size(); ++i)
    expect_near(whole.parameters[i], cut.parameters[i], 1e-4);
  EXPECT_EQ(run_once(net, kOneSlab), whole);
  EXPECT_EQ(run_once(net, 1), cut);
  expect_central_differences(net);
}

}  // namespace octrain::layers::testing
