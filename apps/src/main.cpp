#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "commands.h"
#include "octrain/runtime/error.h"

namespace {

namespace runtime = octrain::runtime;

int fail(int exit_code, const std::string& message) {
  std::cerr << "octrain: " << message << '\n';
  return exit_code;
}

int run(std::vector<std::string> arguments) {
  CLI::App app("Trains neural networks that do not fit in device memory.", "octrain");
  app.set_version_flag("--version", "octrain " OCTRAIN_VERSION);
  app.require_subcommand(1);
  int exit_code = 0;
  octrain::apps::add_train_command(app, exit_code);
  octrain::apps::add_plan_command(app, exit_code);
  octrain::apps::add_compare_command(app, exit_code);
  octrain::apps::add_check_command(app, exit_code);
  octrain::apps::add_pack_command(app, exit_code);
  octrain::apps::add_inspect_command(app, exit_code);
  octrain::apps::add_export_command(app, exit_code);
  octrain::apps::add_devices_command(app, exit_code);
  try {
    app.parse(std::move(arguments));  // in reverse order, as CLI11 wants it
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return fail(runtime::kExitUsage, std::string(error.what()) + " (see octrain --help)");
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool names_command = arguments.empty() || arguments[0][0] != '-' || arguments[0] == "--help" ||
                             arguments[0] == "-h" || arguments[0] == "--version";
  if (!names_command) arguments.insert(arguments.begin(), "train");
  try {
    return run({arguments.rbegin(), arguments.rend()});
  } catch (const runtime::Error& error) {
    return fail(error.exit_code(), error.what());
  } catch (const std::bad_alloc&) {
    return fail(runtime::kExitDoesNotFit, "out of host memory; give a smaller --device-memory or --batch");
  } catch (const std::exception& error) {
    return fail(runtime::kExitDevice, error.what());
  }
}
