// What managed memory does on the card that is there: see scripts/gpu-check, which builds and runs this.
// Usage: OCTRAIN_MANAGED_LIMIT=BYTES memory_probe [JSON_FILE [SECONDS]]. Tables go to stdout, and JSON after
// them where no file is named. Exit status 4: no device, an error of CUDA's, or more memory than is allowed.
// It never oversubscribes the card, never resets it and changes none of its settings.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>

#include "facts.h"
#include "sections.h"

namespace probe {
namespace {

struct Section {
  const char* name;
  void (*run)(Session&);
};

constexpr Section kSections[] = {
    {"Floor of the clock", measure_floor},
    {"Prefetch against copy", measure_moves},
    {"Both ways at once", measure_both_ways},
    {"Faults: bandwidth", measure_fault_bandwidth},
    {"Faults: latency", measure_fault_latency},
    {"Prefetch of what is resident", measure_prefetch_again},
    {"Discard", measure_discards},
    {"Batches: 2 MiB blocks", measure_batches},
    {"Advice: time of the call", measure_advice},
    {"Advice: reads of a host range", measure_remote_reads},
    {"Pages of device memory", measure_pages},
};

// No section starts after this, where nothing else is said: what was measured is to be written before
// scripts/gpu-check loses patience.
constexpr std::chrono::seconds kLongest{360};

void require_device() {
  int devices = 0;
  check(cudaGetDeviceCount(&devices), "cudaGetDeviceCount");
  if (devices == 0) throw std::runtime_error("no CUDA device");
  check(cudaSetDevice(kDevice), "cudaSetDevice");
  if (attribute(cudaDevAttrConcurrentManagedAccess) == 0) {
    throw std::runtime_error("the device has no concurrentManagedAccess: nothing of this can be measured");
  }
}

void run_section(const Section& section, Session& session) {
  std::fprintf(stderr, "==> %s\n", section.name);
  session.report.begin(section.name);
  section.run(session);
  if (!release_failure.empty()) throw std::runtime_error(release_failure);
}

void run_all(Ledger& ledger, Report& report, std::chrono::seconds longest) {
  const auto start = std::chrono::steady_clock::now();
  const std::vector<std::size_t> sizes = sizes_within(ledger.limit_bytes(), free_device_bytes());
  if (sizes.empty()) {
    throw std::runtime_error("OCTRAIN_MANAGED_LIMIT or free device memory is too small to measure");
  }
  if (sizes.back() < kGiB) {
    report.note("sizes above " + std::to_string(sizes.back() / kMiB) +
                " MiB left out: OCTRAIN_MANAGED_LIMIT or free device memory does not hold them");
  }
  Session session(ledger, report, sizes);
  for (const Section& section : kSections) {
    if (std::chrono::steady_clock::now() - start < longest) {
      run_section(section, session);
    } else {
      report.note(std::string("left out for lack of time: ") + section.name);
    }
  }
}

// Says in one line what went wrong, keeps what was measured until then, and gives the exit status.
int measure_all(Ledger& ledger, Report& report, std::chrono::seconds longest) {
  std::string failure;
  try {
    run_all(ledger, report, longest);
    add_link(report);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  report.fact("managed_peak_bytes", ledger.peak_bytes());
  if (failure.empty()) failure = release_failure;
  if (failure.empty()) return 0;
  std::fprintf(stderr, "memory_probe: %s\n", failure.c_str());
  report.fail(failure);
  return 4;
}

bool write(const Report& report, const char* json_file) {
  std::fputs(report.markdown().c_str(), stdout);
  if (json_file == nullptr) {
    std::printf("\n```json\n%s```\n", report.json().c_str());
    return std::fflush(stdout) == 0;
  }
  std::ofstream json(json_file);
  json << report.json() << std::flush;
  return json.good() && std::fflush(stdout) == 0;
}

}  // namespace
}  // namespace probe

int main(int argc, char** argv) {
  const std::chrono::seconds longest(argc == 3 ? std::atoi(argv[2]) : probe::kLongest.count());
  if (argc > 3 || longest.count() < 1) {
    std::fprintf(stderr, "usage: OCTRAIN_MANAGED_LIMIT=BYTES memory_probe [JSON_FILE [SECONDS]]\n");
    return 2;
  }
  try {
    probe::Ledger ledger(probe::managed_limit_from_environment());
    probe::Report report;
    probe::require_device();
    report.begin("All");
    probe::add_facts(report, ledger);
    const int status = probe::measure_all(ledger, report, longest);
    if (probe::write(report, argc > 1 ? argv[1] : nullptr)) return status;
    std::fprintf(stderr, "memory_probe: the results could not be written\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "memory_probe: %s\n", error.what());
  }
  return 4;
}
