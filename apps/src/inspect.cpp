// octrain inspect and export: what a network is made of, and its schedule as a file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>

#include "commands.h"
#include "octrain/runtime/units.h"
#include "options.h"
#include "output.h"
#include "planning.h"
#include "recipe.h"
#include "workload.h"

namespace octrain::apps {

namespace {

struct InspectOptions {
  WorkloadOptions workload;
  std::string format = "schedule";
  std::string out;
};

using runtime::format_bytes;

layers::LoweredNet lower_here(const layers::NetSpec& net, const WorkloadOptions& options) {
  const Recipe recipe = make_recipe({}, options.model, options.batch, 1);
  return lower_for_machine(net, options, recipe.solver, advisor::find_machine("host").value());
}

std::string shape_text(const layers::Shape& shape) {
  return fmt::format("{}x{}x{}x{}", shape.n, shape.c, shape.h, shape.w);
}

std::string layers_text(const layers::NetSpec& net) {
  Table table({"layer", "type", "tops", "parameters", "forward GFLOP"});
  std::int64_t parameters = 0;
  double flops = 0;
  for (const layers::LayerSummary& layer : layers::summarize(net)) {
    std::string tops;
    for (const layers::Shape& shape : layer.tops) tops += (tops.empty() ? "" : " ") + shape_text(shape);
    table.add({layer.name, layer.type, tops, fmt::format("{}", layer.parameters),
               fmt::format("{:.4g}", layer.flops * 1e-9)});
    parameters += layer.parameters;
    flops += layer.flops;
  }
  table.add({"total", "", "", fmt::format("{}", parameters), fmt::format("{:.4g}", flops * 1e-9)});
  return table.text();
}

std::string bytes_text(const advisor::Schedule& schedule) {
  using advisor::Role;
  Table table({"role", "tensors", "bytes", ""});
  for (const Role role :
       {Role::input, Role::weight, Role::state, Role::activation, Role::gradient, Role::workspace}) {
    std::uint64_t bytes = 0;
    std::size_t count = 0;
    for (const advisor::TensorInfo& tensor : schedule.tensors) {
      if (tensor.role != role) continue;
      bytes += tensor.bytes;
      ++count;
    }
    if (count > 0) {
      table.add({std::string(to_string(role)), fmt::format("{}", count), fmt::format("{}", bytes),
                 format_bytes(bytes)});
    }
  }
  return table.text();
}

std::string ops_text(const advisor::Schedule& schedule) {
  advisor::OpIndex largest = 0;
  for (advisor::OpIndex op = 0; op < schedule.ops.size(); ++op) {
    if (advisor::op_bytes(schedule, op) > advisor::op_bytes(schedule, largest)) largest = op;
  }
  return fmt::format("footprint {}  {} ops  largest op {}: {} ({} of it workspace)\n",
                     format_bytes(advisor::footprint_bytes(schedule)), schedule.ops.size(),
                     schedule.ops[largest].name, format_bytes(advisor::op_bytes(schedule, largest)),
                     format_bytes(schedule.ops[largest].workspace_bytes));
}

int inspect(const InspectOptions& options) {
  const layers::NetSpec net = build_net(options.workload, options.workload.batch);
  const layers::LoweredNet lowered = lower_here(net, options.workload);
  const advisor::Schedule& schedule = lowered.program.train.schedule;
  write_text("-", layers_text(net) + '\n' + bytes_text(schedule) + '\n' + ops_text(schedule));
  if (!options.out.empty()) save_schedule(options.out, schedule);
  return 0;
}

int export_net(const InspectOptions& options) {
  const layers::NetSpec net = build_net(options.workload, options.workload.batch);
  save_schedule(options.out, lower_here(net, options.workload).program.train.schedule);
  return 0;
}

}  // namespace

void add_inspect_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("inspect", "Layers, shapes, bytes by role, the largest op");
  const auto options = std::make_shared<InspectOptions>();
  add_workload_options(*command, options->workload, true);
  command->add_option("--out", options->out, "Write the schedule, too")->type_name("SCHEDULE.csv");
  command->callback([options, &exit_code] { exit_code = inspect(*options); });
}

void add_export_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("export", "A network as a file for other tools");
  const auto options = std::make_shared<InspectOptions>();
  options->out = "-";
  add_workload_options(*command, options->workload, true);
  command->add_option("--format", options->format, "What to write")
      ->required()
      ->check(CLI::IsMember({"schedule"}));
  command->add_option("--out", options->out, "Where to (default: stdout)")->type_name("FILE");
  command->callback([options, &exit_code] { exit_code = export_net(*options); });
}

}  // namespace octrain::apps
