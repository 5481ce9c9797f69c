// The subcommands. Each adds itself to the command line and runs when it is named there.
#pragma once

namespace CLI {
class App;
}  // namespace CLI

namespace octrain::apps {

/// `exit_code` is set by the command that ran; failures are thrown (runtime/error.h).
void add_train_command(CLI::App& app, int& exit_code);
void add_plan_command(CLI::App& app, int& exit_code);
void add_compare_command(CLI::App& app, int& exit_code);
void add_check_command(CLI::App& app, int& exit_code);
void add_pack_command(CLI::App& app, int& exit_code);
void add_inspect_command(CLI::App& app, int& exit_code);
void add_export_command(CLI::App& app, int& exit_code);
void add_devices_command(CLI::App& app, int& exit_code);

}  // namespace octrain::apps
