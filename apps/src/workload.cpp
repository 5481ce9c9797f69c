#include "workload.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "octrain/layers/host/backend.h"
#include "octrain/layers/models.h"
#include "octrain/runtime/error.h"
#include "recipe.h"

namespace octrain::apps {

namespace {

/// Synthetic test images: enough to tell learning from chance, few enough not to be the longer part.
constexpr std::int64_t kSyntheticTestImages = 1000;

/// What the model was published for, with what the user changes.
layers::ModelInput input_of(const WorkloadOptions& options, std::int64_t batch) {
  layers::ModelInput input = layers::find_model(options.model).native;
  input.batch = batch;
  if (options.image_size) input.height = input.width = *options.image_size;
  input.classes = options.classes.value_or(input.classes);
  return input;
}

std::shared_ptr<const layers::Dataset> open_data(const WorkloadOptions& options,
                                                 const layers::ModelInput& input, bool with_test) {
  layers::SyntheticSpec synthetic;
  synthetic.shape = {static_cast<int>(input.channels), static_cast<int>(input.height),
                     static_cast<int>(input.width)};
  synthetic.classes = input.classes;
  synthetic.test_images = with_test ? kSyntheticTestImages : 0;
  synthetic.seed = options.seed;
  return layers::open_dataset(options.data, synthetic);
}

layers::ReaderOptions reader_options(const WorkloadOptions& options, const layers::ModelInput& input,
                                     int channels) {
  layers::ReaderOptions result;
  result.batch = options.batch;
  result.output = {channels, static_cast<int>(input.height), static_cast<int>(input.width)};
  result.crop_margin = options.crop_margin;
  result.mirror = options.mirror;
  result.seed = options.seed;
  return result;
}

/// Forwards to the host's kernels, with the speed of the machine that is planned for.
class PlanningBackend final : public layers::Backend {
 public:
  PlanningBackend(std::unique_ptr<layers::Backend> kernels, const advisor::Machine& machine)
      : kernels_(std::move(kernels)), machine_(machine) {}
  std::string_view name() const override { return kernels_->name(); }
  std::unique_ptr<layers::Kernel> make_kernel(const layers::KernelRequest& request) override {
    return kernels_->make_kernel(request);
  }
  std::unique_ptr<layers::UpdateKernel> make_update(const runtime::SolverSpec& solver) override {
    return kernels_->make_update(solver);
  }
  std::uint64_t slab_bytes() const override { return kernels_->slab_bytes(); }
  double flops_per_s() const override {
    return machine_.flops_per_s > 0 ? machine_.flops_per_s : kernels_->flops_per_s();
  }
  double memory_bytes_per_s() const override {
    return machine_.memory_bytes_per_s > 0 ? machine_.memory_bytes_per_s : kernels_->memory_bytes_per_s();
  }

 private:
  std::unique_ptr<layers::Backend> kernels_;
  const advisor::Machine& machine_;
};

layers::LoweringOptions lowering_options(const WorkloadOptions& options, const runtime::SolverSpec& solver,
                                         layers::DataSource* data) {
  layers::LoweringOptions result;
  result.seed = options.seed;
  result.solver = solver;
  result.accumulate_batches = options.accumulate;
  result.data = data;
  return result;
}

}  // namespace

Workload open_workload(const WorkloadOptions& options, bool with_test) {
  Workload workload;
  layers::ModelInput input = input_of(options, options.batch);
  const std::shared_ptr<const layers::Dataset> data = open_data(options, input, with_test);
  input.channels = data->image_shape().channels;
  input.classes = options.classes.value_or(data->classes());
  if (input.classes < data->classes()) {
    throw runtime::UsageError(
        fmt::format("--classes {} is less than the data's {}", input.classes, data->classes()));
  }
  workload.net = layers::build_model(options.model, input);  // refuses a size before images are read for it
  workload.reader = std::make_unique<layers::DataReader>(
      data, reader_options(options, input, data->image_shape().channels));
  spdlog::info("data: {}", data->summary());
  return workload;
}

layers::LoweredNet lower_workload(const Workload& workload, layers::Backend& kernels,
                                  const WorkloadOptions& options, const runtime::SolverSpec& solver) {
  return layers::lower(workload.net, kernels, lowering_options(options, solver, workload.reader.get()));
}

layers::NetSpec build_net(const WorkloadOptions& options, std::int64_t batch) {
  return layers::build_model(options.model, input_of(options, batch));
}

layers::LoweredNet lower_for_machine(const layers::NetSpec& net, const WorkloadOptions& options,
                                     const runtime::SolverSpec& solver, const advisor::Machine& machine) {
  PlanningBackend backend(layers::make_host_backend(options.threads), machine);
  return layers::lower(net, backend, lowering_options(options, solver, nullptr));
}

advisor::Schedule planning_schedule(const WorkloadOptions& options, std::int64_t batch,
                                    const advisor::Machine& machine) {
  const Recipe recipe = make_recipe({}, options.model, batch, 1);
  return lower_for_machine(build_net(options, batch), options, recipe.solver, machine).program.train.schedule;
}

}  // namespace octrain::apps
