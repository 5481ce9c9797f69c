// Machines from JSON files: the fields of advisor::Machine under their own names, bytes and nanoseconds as
// numbers.
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "octrain/runtime/error.h"
#include "planning.h"

namespace octrain::apps {

namespace {

using advisor::Machine;
using nlohmann::json;

/// True when the field has this name and was taken.
template <class Value>
bool take(const std::string& key, const json& value, const char* name, Value& field) {
  if (key != name) return false;
  if (!value.is_number() || value.get<double>() < 0) {
    throw runtime::BadInput(fmt::format("'{}' is not a number of at least 0", key));
  }
  field = value.get<Value>();
  return true;
}

void set_field(Machine& machine, const std::string& key, const json& value) {
  const bool known = take(key, value, "device_bytes", machine.device_bytes) ||
                     take(key, value, "block_bytes", machine.block_bytes) ||
                     take(key, value, "link_in_bytes_per_s", machine.link_in_bytes_per_s) ||
                     take(key, value, "link_out_bytes_per_s", machine.link_out_bytes_per_s) ||
                     take(key, value, "transfer_latency_ns", machine.transfer_latency_ns) ||
                     take(key, value, "fault_ns", machine.fault_ns) ||
                     take(key, value, "fault_bytes", machine.fault_bytes) ||
                     take(key, value, "host_bytes", machine.host_bytes) ||
                     take(key, value, "tier_bytes_per_s", machine.tier_bytes_per_s) ||
                     take(key, value, "flops_per_s", machine.flops_per_s) ||
                     take(key, value, "memory_bytes_per_s", machine.memory_bytes_per_s);
  if (known) return;
  if (key == "name" && value.is_string()) {
    machine.name = value.get<std::string>();
  } else if (key == "link_duplex" && value.is_boolean()) {
    machine.link_duplex = value.get<bool>();
  } else if (key == "faults_overlap" && value.is_boolean()) {
    machine.faults_overlap = value.get<bool>();
  } else if (key == "clean_evictions_copy" && value.is_boolean()) {
    machine.clean_evictions_copy = value.get<bool>();
  } else if (key == "tracks_writes" && value.is_boolean()) {
    machine.tracks_writes = value.get<bool>();
  } else {
    throw runtime::BadInput(fmt::format("'{}' is not a field of a machine, or not of its type", key));
  }
}

Machine read_machine(const std::string& path, std::istream& file) {
  try {
    const json fields = json::parse(file);
    if (!fields.is_object()) throw runtime::BadInput("expected an object with the fields of a machine");
    Machine machine;
    machine.name = path;
    for (const auto& [key, value] : fields.items()) set_field(machine, key, value);
    return machine;
  } catch (const json::exception& error) {
    throw runtime::BadInput(fmt::format("{}: {}", path, error.what()));
  } catch (const runtime::BadInput& error) {
    throw runtime::BadInput(fmt::format("{}: {}", path, error.what()));
  }
}

}  // namespace

Machine load_machine(const std::string& name_or_file) {
  if (const auto machine = advisor::find_machine(name_or_file)) return *machine;
  if (std::ifstream file(name_or_file); file) return read_machine(name_or_file, file);
  std::string names;
  for (const Machine& machine : advisor::built_in_machines())
    names += (names.empty() ? "" : ", ") + machine.name;
  throw runtime::UsageError(fmt::format("'{}' is neither a machine ({}) nor a file", name_or_file, names));
}

}  // namespace octrain::apps
