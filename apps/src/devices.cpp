// octrain devices: what each backend can do here, and why not where it cannot.
#include <CLI/CLI.hpp>
#include <memory>

#include "commands.h"
#include "output.h"
#include "platform.h"

namespace octrain::apps {

void add_devices_command(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("devices", "What each backend can do here, and why not where it cannot");
  const auto tier_dir = std::make_shared<std::filesystem::path>();
  command->add_option("--tier-dir", *tier_dir, "Directory of the file tier (default /var/tmp)");
  command->callback([tier_dir, &exit_code] {
    write_text("-", describe_platforms(*tier_dir));
    exit_code = 0;
  });
}

}  // namespace octrain::apps
