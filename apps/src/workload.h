// From a model's name and a data set's to a lowered net.
#pragma once

#include <cstdint>
#include <memory>

#include "octrain/advisor/machine.h"
#include "octrain/layers/data_reader.h"
#include "octrain/layers/net.h"
#include "octrain/runtime/solver.h"
#include "options.h"

namespace octrain::apps {

/// Data and network of a training, not lowered yet. `reader` must outlive what is lowered from it.
struct Workload {
  std::unique_ptr<layers::DataReader> reader;
  layers::NetSpec net;
};

/// Throws UsageError for an unknown model, BadInput for bad data. `with_test`: synthetic data gets a test
/// set, too.
[[nodiscard]] Workload open_workload(const WorkloadOptions& options, bool with_test);
[[nodiscard]] layers::LoweredNet lower_workload(const Workload& workload, layers::Backend& kernels,
                                                const WorkloadOptions& options,
                                                const runtime::SolverSpec& solver);

/// The network of the options, at `batch`, by itself: without data, nothing allocated.
[[nodiscard]] layers::NetSpec build_net(const WorkloadOptions& options, std::int64_t batch);
/// To plan with: host kernels' layouts and workspace, op times by the machine's speed (by this machine's
/// where it states none).
[[nodiscard]] layers::LoweredNet lower_for_machine(const layers::NetSpec& net, const WorkloadOptions& options,
                                                   const runtime::SolverSpec& solver,
                                                   const advisor::Machine& machine);
/// The schedule of the options' network at `batch`, trained by its model's recipe.
[[nodiscard]] advisor::Schedule planning_schedule(const WorkloadOptions& options, std::int64_t batch,
                                                  const advisor::Machine& machine);

}  // namespace octrain::apps
