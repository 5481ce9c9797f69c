// octrain devices: what each backend can do here, and why not where it cannot.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <thread>

#include "commands.h"
#include "memory_choice.h"
#include "octrain/runtime/host/host_space.h"
#include "octrain/runtime/units.h"
#include "output.h"

namespace octrain::apps {

namespace {

namespace host = runtime::host;

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

int devices(std::filesystem::path tier_dir) {
  if (tier_dir.empty()) tier_dir = host::default_tier_dir();
  std::string text = "host backend\n";
  text += fmt::format("  {} with {} processors\n", processor_name(), std::thread::hardware_concurrency());
  text += fmt::format("  RAM: {} available, {} of it as device memory by default\n",
                      runtime::format_bytes(host::available_ram_bytes()),
                      runtime::format_bytes(usable_ram_bytes()));
  const host::DiskSpace disk = host::disk_space(tier_dir);
  text +=
      fmt::format("  file tier: {}, {} free{}\n", tier_dir.string(), runtime::format_bytes(disk.free_bytes),
                  disk.in_ram ? " (lies in RAM: name a directory on a disk by --tier-dir)" : "");
  for (const host::HostCapability& capability : host::host_capabilities(tier_dir)) {
    text += fmt::format("  {}: {}{}{}\n", capability.name, capability.available ? "yes" : "no",
                        capability.detail.empty() ? "" : ", ", capability.detail);
  }
  text += "cuda backend\n  no: this build has none\n";
  write_text("-", text);
  return 0;
}

}  // namespace

void add_devices_command(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("devices", "What each backend can do here, and why not where it cannot");
  const auto tier_dir = std::make_shared<std::filesystem::path>();
  command->add_option("--tier-dir", *tier_dir, "Directory of the file tier (default /var/tmp)");
  command->callback([tier_dir, &exit_code] { exit_code = devices(*tier_dir); });
}

}  // namespace octrain::apps
