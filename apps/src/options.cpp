#include "options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <map>

#include "octrain/runtime/units.h"

namespace octrain::apps {

namespace {

using runtime::LearningRate;
using runtime::SolverSpec;
using runtime::host::LinkPace;

const std::map<std::string, Mode> kModes = {{"incore", Mode::incore},
                                            {"um-naive", Mode::um_naive},
                                            {"um", Mode::um},
                                            {"explicit", Mode::explicit_copy}};
const std::map<std::string, TierChoice> kTiers = {
    {"auto", TierChoice::automatic}, {"ram", TierChoice::ram}, {"file", TierChoice::file}};
const std::map<std::string, PageMover> kMovers = {
    {"auto", PageMover::automatic}, {"move", PageMover::move}, {"copy", PageMover::copy}};
const std::map<std::string, SolverSpec::Kind> kSolvers = {{"sgd", SolverSpec::Kind::sgd},
                                                          {"adam", SolverSpec::Kind::adam}};
const std::map<std::string, LearningRate::Policy> kRatePolicies = {
    {"fixed", LearningRate::Policy::fixed},
    {"step", LearningRate::Policy::step},
    {"multistep", LearningRate::Policy::multistep},
    {"poly", LearningRate::Policy::poly},
    {"exp", LearningRate::Policy::exp},
    {"inv", LearningRate::Policy::inv}};

const std::map<std::string, Precision> kPrecisions = {{"fp32", Precision::fp32},
                                                      {"tf32", Precision::tf32},
                                                      {"fp16", Precision::fp16},
                                                      {"bf16", Precision::bf16}};
const std::map<std::string, LogFormat> kLogFormats = {{"jsonl", LogFormat::jsonl},
                                                      {"caffe", LogFormat::caffe}};

/// An option whose value is one of the names of `choices`, which the help text lists.
template <class Value>
CLI::Option* add_choice(CLI::App& command, const std::string& name, Value& value,
                        const std::map<std::string, Value>& choices, const std::string& help) {
  std::string names;
  for (const auto& [choice, unused] : choices) names += (names.empty() ? "" : "|") + choice;
  return command
      .add_option_function<std::string>(
          name,
          [name, names, &value, &choices](const std::string& text) {
            const auto found = choices.find(text);
            if (found == choices.end())
              throw CLI::ValidationError(name, "'" + text + "' is not one of " + names);
            value = found->second;
          },
          help)
      ->type_name(names);
}

LinkPace parse_link(const std::string& text) {
  const std::size_t comma = text.find(',');
  const auto speed = runtime::parse_bytes_per_second(text.substr(0, comma));
  const auto latency = comma == std::string::npos ? std::optional<std::uint64_t>(0)
                                                  : runtime::parse_duration_ns(text.substr(comma + 1));
  if (!speed || *speed <= 0 || !latency) {
    throw CLI::ValidationError("--link", "'" + text + "' is not a speed and a latency like 12GB/s,10us");
  }
  return {*speed, *latency};
}

void set_device_memory(MemoryOptions& options, const std::string& text) {
  options.device_bytes = runtime::parse_bytes(text);
  options.device_share.reset();
  if (options.device_bytes && *options.device_bytes > 0) return;
  options.device_share = runtime::parse_share(text);
  if (options.device_share) return;
  throw CLI::ValidationError("--device-memory",
                             "'" + text + "' is neither a size like 4GiB nor a share like 50%");
}

void set_loss_scale(ArithmeticOptions& options, const std::string& text) {
  options.loss_scale_given = true;
  options.loss_scale.reset();
  if (text == "auto") return;
  float scale = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), scale);
  if (error != std::errc() || end != text.data() + text.size() || !(scale > 0) || !std::isfinite(scale))
    throw CLI::ValidationError("--loss-scale", "'" + text + "' is neither auto nor a positive number");
  options.loss_scale = scale;
}

void add_arithmetic_options(CLI::App& command, ArithmeticOptions& options) {
  add_choice(command, "--precision", options.precision, kPrecisions,
             "What activations are stored as and products computed in (default fp32); weights stay fp32. "
             "All but fp32 need a GPU");
  command
      .add_option_function<std::string>(
          "--loss-scale", [&options](const std::string& text) { set_loss_scale(options, text); },
          "By what fp16 multiplies losses (default auto: as much as its gradients bear)")
      ->type_name("auto|NUMBER");
  command.add_flag("--fast-nondeterministic", options.fast_nondeterministic,
                   "Take the fastest convolutions on a GPU even if their losses differ from run to run");
}

}  // namespace

std::string_view to_string(Precision precision) {
  for (const auto& [name, value] : kPrecisions) {
    if (value == precision) return name;
  }
  return "";
}

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::incore:
      return "incore";
    case Mode::um_naive:
      return "um-naive";
    case Mode::um:
      return "um";
    case Mode::explicit_copy:
      return "explicit";
  }
  return "";
}

CLI::Option* add_size_option(CLI::App& command, const std::string& name, std::optional<std::uint64_t>& bytes,
                             const std::string& help) {
  return command
      .add_option_function<std::string>(
          name,
          [name, &bytes](const std::string& text) {
            bytes = runtime::parse_bytes(text);
            if (!bytes || *bytes == 0) {
              throw CLI::ValidationError(name, "'" + text + "' is not a size like 4GiB or 512MiB");
            }
          },
          help)
      ->type_name("SIZE");
}

CLI::Option* add_device_memory_option(CLI::App& command, std::optional<std::uint64_t>& bytes,
                                      const char* help) {
  return add_size_option(command, "--device-memory", bytes, help);
}

void add_workload_options(CLI::App& command, WorkloadOptions& options, bool required) {
  command
      .add_option("--model", options.model,
                  "A network of the zoo: lenet, cifar10-full, alexnet, vgg16, resnet50, …")
      ->required(required);
  command.add_option("--batch", options.batch, "Images of one batch")
      ->required(required)
      ->check(CLI::PositiveNumber);
  command.add_option("--classes", options.classes, "Classes (default: the data's, or the model's own)")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--image-size", options.image_size,
                  "Height and width of the input (default: the model's own)")
      ->check(CLI::PositiveNumber);
  command.add_option("--seed", options.seed, "Seed of everything that is drawn")->capture_default_str();
  command
      .add_option("--accumulate", options.accumulate,
                  "Batches whose gradients are added up before each update")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

void add_data_options(CLI::App& command, WorkloadOptions& options) {
  command
      .add_option(
          "--data", options.data,
          "synthetic, fashion-mnist, or a directory: IDX files (also .gz), CIFAR-10 binary, JPEGs by class")
      ->capture_default_str();
  command
      .add_option("--crop-margin", options.crop_margin,
                  "Resize to this much more on each side, then crop by chance")
      ->check(CLI::NonNegativeNumber);
  command.add_flag("--mirror", options.mirror, "Mirror half of the training images, by chance");
  command.add_option("--threads", options.threads, "Threads of the kernels (default: all processors)")
      ->check(CLI::PositiveNumber);
  command.add_option("--backend", options.backend, "Where to compute")
      ->check(CLI::IsMember({"auto", "host", "cuda"}))
      ->capture_default_str();
  add_arithmetic_options(command, options.arithmetic);
}

void add_memory_options(CLI::App& command, MemoryOptions& options) {
  add_choice(command, "--mode", options.mode, kModes, "How memory is managed (default um)");
  add_plan_options(
      command, options.plan,
      "Who makes the plan: auto (default) takes the best of all; octrain plan --list-policies tells them");
  command
      .add_option_function<std::string>(
          "--device-memory", [&options](const std::string& text) { set_device_memory(options, text); },
          "Budget of resident bytes, or its share of the footprint (default: what the machine has)")
      ->type_name("SIZE|PERCENT%");
  add_choice(command, "--tier", options.tier, kTiers,
             "What lies below it (default auto: RAM while it holds everything)");
  command.add_option("--tier-dir", options.tier_dir,
                     "Directory of the file tier, on a disk (default /var/tmp)");
  command
      .add_option_function<std::string>(
          "--link", [&options](const std::string& text) { options.link = parse_link(text); },
          "Pace of the RAM tier, to stand for a device's link")
      ->type_name("12GB/s,10us");
  add_choice(command, "--page-mover", options.page_mover, kMovers,
             "How managed pages are put in place; for tests (default auto)");
}

void add_solver_options(CLI::App& command, SolverOptions& options) {
  LearningRate& rate = options.rate;
  add_choice(command, "--solver", options.kind, kSolvers, "Update rule (default sgd)");
  command.add_option("--lr", options.base_rate, "Base learning rate (default: by model and batch)")
      ->check(CLI::PositiveNumber);
  add_choice(command, "--lr-policy", rate.policy, kRatePolicies,
             "How it changes with iterations (default fixed)");
  command.add_option("--gamma", rate.gamma, "Factor of step, multistep, exp, inv")->capture_default_str();
  command.add_option("--power", rate.power, "Exponent of poly and inv")->capture_default_str();
  command.add_option("--step-size", rate.step_size, "Iterations of one step")->check(CLI::PositiveNumber);
  command.add_option("--steps", rate.step_iterations, "Iterations at which multistep steps: 1000,2000")
      ->delimiter(',');
  command.add_option("--momentum", options.momentum, "Momentum of sgd (default 0.9)")
      ->check(CLI::Range(0.0, 1.0));
  command.add_option("--weight-decay", options.weight_decay, "L2 decay (default: by model)")
      ->check(CLI::NonNegativeNumber);
}

void add_log_options(CLI::App& command, LogOptions& options) {
  CLI::Option* log =
      command
          .add_option(
              "--log", options.file,
              "What happens, a line an iteration, as it happens; with --resume it is added to the file")
          ->type_name("FILE");
  add_choice(command, "--log-format", options.format, kLogFormats,
             "JSON objects (default jsonl), or lines that Caffe's log parsers read")
      ->needs(log);
}

}  // namespace octrain::apps
