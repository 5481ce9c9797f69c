// What is known about the card and its link without measuring.
#pragma once

#include <cctype>
#include <fstream>
#include <string>

#include "memory.h"
#include "report.h"

namespace probe {

inline int attribute(cudaDeviceAttr which) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, kDevice), "cudaDeviceGetAttribute");
  return value;
}

inline std::string version(int number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

inline std::string first_line(const std::string& path) {
  std::string line;
  std::getline(std::ifstream(path), line);
  return line.empty() ? "unknown" : line;
}

inline void add_versions(Report& report) {
  int driver = 0;
  int runtime = 0;
  check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
  check(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
  report.fact("driver", first_line("/proc/driver/nvidia/version"));
  report.fact("driver_cuda_version", version(driver));
  report.fact("toolkit_version", version(CUDART_VERSION));
  report.fact("runtime_version", version(runtime));
}

inline void add_facts(Report& report, const Ledger& ledger) {
  struct Attribute {
    const char* what;
    cudaDeviceAttr which;
  };
  // A host link with native atomics and the host's page tables is NVLink-C2C; the runtime has no query for
  // PCIe's speed.
  constexpr Attribute kAttributes[] = {
      {"concurrent_managed_access", cudaDevAttrConcurrentManagedAccess},
      {"pageable_memory_access", cudaDevAttrPageableMemoryAccess},
      {"pageable_memory_access_uses_host_page_tables", cudaDevAttrPageableMemoryAccessUsesHostPageTables},
      {"direct_managed_memory_access_from_host", cudaDevAttrDirectManagedMemAccessFromHost},
      {"host_native_atomics", cudaDevAttrHostNativeAtomicSupported},
      {"integrated", cudaDevAttrIntegrated},
      {"copy_engines", cudaDevAttrAsyncEngineCount},
      {"multiprocessors", cudaDevAttrMultiProcessorCount},
      {"compute_capability_major", cudaDevAttrComputeCapabilityMajor},
      {"compute_capability_minor", cudaDevAttrComputeCapabilityMinor},
  };
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, kDevice), "cudaGetDeviceProperties");
  report.fact("name", properties.name);
  add_versions(report);
  for (const Attribute& each : kAttributes)
    report.fact(each.what, static_cast<std::size_t>(attribute(each.which)));
  report.fact("device_memory_bytes", properties.totalGlobalMem);
  report.fact("free_at_start_bytes", free_device_bytes());
  report.fact("managed_limit_bytes", ledger.limit_bytes());
}

// Read after the measurements: an idle card lowers its link's speed.
inline void add_link(Report& report) {
  char bus_id[32] = "";
  check(cudaDeviceGetPCIBusId(bus_id, sizeof bus_id, kDevice), "cudaDeviceGetPCIBusId");
  std::string device;
  for (const char* c = bus_id; *c != 0; ++c)
    device += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  report.fact("pci_bus_id", device);
  for (const char* what : {"current_link_speed", "current_link_width", "max_link_speed", "max_link_width"}) {
    report.fact(std::string("pcie_") + what, first_line("/sys/bus/pci/devices/" + device + "/" + what));
  }
}

}  // namespace probe
