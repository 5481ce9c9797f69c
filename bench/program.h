// What the benchmarks that are programs of ours have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <new>
#include <string>

#include "octrain/runtime/error.h"
#include "output.h"

namespace octrain::bench {

/// Parses, runs, and turns what is thrown into a message and octrain's exit code for it.
inline int run_program(CLI::App& app, int argc, char** argv, const std::function<int()>& run) {
  const auto fail = [&](int exit_code, const char* message) {
    std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), message);
    return exit_code;
  };
  try {
    app.parse(argc, argv);
    return run();
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : fail(runtime::kExitUsage, error.what());
  } catch (const runtime::Error& error) {
    return fail(error.exit_code(), error.what());
  } catch (const std::bad_alloc&) {
    return fail(runtime::kExitDoesNotFit, "out of memory; give a smaller size");
  } catch (const std::exception& error) {
    return fail(runtime::kExitDevice, error.what());
  }
}

/// To stdout, unless that is where the JSON goes.
inline void print(const std::string& text, const std::string& json_path) {
  if (json_path != "-") apps::write_text("-", text);
}

}  // namespace octrain::bench
