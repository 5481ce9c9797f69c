#include "octrain/runtime/cuda/driver_meter.h"

#include <cuda_runtime_api.h>

#include <cstdlib>
#include <utility>

#if __has_include(<cupti_activity.h>)
#include <cupti_activity.h>
#include <cupti_result.h>
#include <dlfcn.h>

#include <array>
#include <mutex>
#endif

namespace octrain::runtime::cuda {
namespace {

bool has_device() {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) == cudaSuccess) return true;
  static_cast<void>(cudaGetLastError());
  return false;
}

}  // namespace

std::vector<std::string> cupti_libraries() {
  constexpr int kMajor = CUDART_VERSION / 1000, kMinor = CUDART_VERSION % 1000 / 10;
  const std::string major = std::to_string(kMajor);
  // Until CUDA 11 the library was named after the whole version.
  const std::string version = kMajor > 11 ? major : major + '.' + std::to_string(kMinor);
  std::vector<std::string> libraries{"libcupti.so." + version};
  std::vector<std::string> toolkits{"/usr/local/cuda-" + major + '.' + std::to_string(kMinor),
                                    "/usr/local/cuda"};
  for (const char* name : {"CUDA_PATH", "CUDA_HOME"}) {
    const char* path = std::getenv(name);
    if (path != nullptr && *path != '\0') toolkits.insert(toolkits.begin(), path);
  }
  for (const std::string& toolkit : toolkits)
    for (const char* place : {"/extras/CUPTI/lib64/", "/lib64/"})
      libraries.push_back(toolkit + place + libraries.front());
  libraries.emplace_back("libcupti.so");
  return libraries;
}

void DriverMeter::refuse(const std::string& why) {
  library_.reset();
  if (told_) std::exchange(told_, nullptr)(why);
}

#if __has_include(<cupti_activity.h>)

namespace {

/// Toolkit 13 has a third form of it, with more behind; what stands here are the same fields in each.
using Record = CUpti_ActivityUnifiedMemoryCounter2;

/// CUPTI calls back without a word of whom it calls; buffers come from threads of its own.
std::mutex mutex;
DriverCounters counters;
CUptiResult (*next_record)(std::uint8_t*, std::size_t, CUpti_Activity**) = nullptr;

constexpr std::size_t kBufferBytes = std::size_t{1} << 20, kBufferAlignment = 8;

void count_in(const Record& record) {
  switch (record.flags) {
    case CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_USER:
      counters.prefetch_in_bytes += record.value;
      return;
    case CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_COHERENCE:
      counters.demand_in_bytes += record.value;
      return;
    case CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_PREFETCH:
      counters.speculative_in_bytes += record.value;
      return;
    default:
      counters.other_in_bytes += record.value;
  }
}

void count_out(const Record& record) {
  switch (record.flags) {
    case CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_USER:
      counters.prefetch_out_bytes += record.value;
      return;
    case CUPTI_ACTIVITY_UNIFIED_MEMORY_MIGRATION_CAUSE_EVICTION:
      counters.evicted_bytes += record.value;
      return;
    default:
      counters.other_out_bytes += record.value;
  }
}

void count(const Record& record) {
  switch (record.counterKind) {
    case CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_KIND_BYTES_TRANSFER_HTOD:
      return count_in(record);
    case CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_KIND_BYTES_TRANSFER_DTOH:
      return count_out(record);
    case CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_KIND_GPU_PAGE_FAULT:  // prefetches make some as well
      if (record.flags != CUPTI_ACTIVITY_UNIFIED_MEMORY_ACCESS_TYPE_PREFETCH)
        counters.fault_groups += record.value;
      return;
    case CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_KIND_THRASHING:
      ++counters.thrashings;
      return;
    default:
      return;
  }
}

void CUPTIAPI give_buffer(std::uint8_t** buffer, std::size_t* size, std::size_t* most_records) {
  *buffer = static_cast<std::uint8_t*>(std::aligned_alloc(kBufferAlignment, kBufferBytes));
  *size = *buffer != nullptr ? kBufferBytes : 0;
  *most_records = 0;  // as many as fit
}

void CUPTIAPI take_buffer(CUcontext, std::uint32_t, std::uint8_t* buffer, std::size_t, std::size_t valid) {
  {
    const std::scoped_lock lock(mutex);
    CUpti_Activity* activity = nullptr;
    while (valid > 0 && next_record != nullptr && next_record(buffer, valid, &activity) == CUPTI_SUCCESS) {
      if (activity->kind == CUPTI_ACTIVITY_KIND_UNIFIED_MEMORY_COUNTER)
        count(*reinterpret_cast<const Record*>(activity));
    }
  }
  std::free(buffer);
}

}  // namespace

/// The functions that are used; never unloaded, since threads of its own run in it.
struct DriverMeter::Library {
  void* handle = nullptr;
  decltype(&cuptiActivityConfigureUnifiedMemoryCounter) configure = nullptr;
  decltype(&cuptiActivityRegisterCallbacks) register_callbacks = nullptr;
  decltype(&cuptiActivityEnable) enable = nullptr;
  decltype(&cuptiActivityDisable) disable = nullptr;
  decltype(&cuptiActivityFlushAll) flush = nullptr;
  decltype(&cuptiActivityGetNextRecord) next = nullptr;
  decltype(&cuptiActivityGetNumDroppedRecords) dropped = nullptr;
  decltype(&cuptiGetResultString) text_of = nullptr;

  /// Empty, or why not.
  std::string load(const std::vector<std::string>& libraries) {
    std::string why;
    for (const std::string& name : libraries) {
      handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (handle != nullptr) break;
      if (why.empty()) why = dlerror();
    }
    if (handle == nullptr) return "CUPTI cannot be loaded: " + why;
    const bool all = find(configure, "cuptiActivityConfigureUnifiedMemoryCounter") &&
                     find(register_callbacks, "cuptiActivityRegisterCallbacks") &&
                     find(enable, "cuptiActivityEnable") && find(disable, "cuptiActivityDisable") &&
                     find(flush, "cuptiActivityFlushAll") && find(next, "cuptiActivityGetNextRecord") &&
                     find(dropped, "cuptiActivityGetNumDroppedRecords") &&
                     find(text_of, "cuptiGetResultString");
    return all ? "" : "the library of CUPTI lacks functions";
  }
  template <class Function>
  bool find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    return function != nullptr;
  }

  /// Empty, or why not.
  std::string start() const {
    std::array<CUpti_ActivityUnifiedMemoryCounterConfig, 4> wanted{};
    constexpr std::array kKinds{CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_KIND_BYTES_TRANSFER_HTOD,
                                CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_KIND_BYTES_TRANSFER_DTOH,
                                CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_KIND_GPU_PAGE_FAULT,
                                CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_KIND_THRASHING};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      wanted[i].scope = CUPTI_ACTIVITY_UNIFIED_MEMORY_COUNTER_SCOPE_PROCESS_ALL_DEVICES;
      wanted[i].kind = kKinds[i];
      wanted[i].enable = 1;
    }
    std::string why = failure(register_callbacks(give_buffer, take_buffer), "cuptiActivityRegisterCallbacks");
    if (why.empty())
      why = failure(configure(wanted.data(), wanted.size()), "cuptiActivityConfigureUnifiedMemoryCounter");
    if (why.empty()) why = failure(enable(CUPTI_ACTIVITY_KIND_UNIFIED_MEMORY_COUNTER), "cuptiActivityEnable");
    return why;
  }
  [[nodiscard]] std::string failure(CUptiResult result, const char* what) const {
    if (result == CUPTI_SUCCESS) return "";
    const char* text = nullptr;
    if (text_of(result, &text) != CUPTI_SUCCESS || text == nullptr) text = "an unknown error";
    return std::string(what) + ": " + text;
  }
};

DriverMeter::DriverMeter(const std::vector<std::string>& libraries, Told told)
    : told_(std::move(told)), library_(std::make_unique<Library>()) {
  if (!has_device()) {  // asking for one initialises the driver, which CUPTI wants, and makes no context
    library_.reset();
    return;
  }
  std::string why = library_->load(libraries);
  if (why.empty()) {
    const std::scoped_lock lock(mutex);
    counters = {};
    next_record = library_->next;
  }
  if (why.empty()) why = library_->start();
  if (!why.empty()) refuse(why);
}

DriverMeter::~DriverMeter() {
  if (library_ == nullptr) return;
  static_cast<void>(library_->disable(CUPTI_ACTIVITY_KIND_UNIFIED_MEMORY_COUNTER));
  static_cast<void>(library_->flush(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED));  // so that buffers come back
}

std::optional<DriverCounters> DriverMeter::take() {
  if (library_ == nullptr) return std::nullopt;
  std::string why = library_->failure(library_->flush(0), "cuptiActivityFlushAll");
  std::size_t lost = 0;
  if (why.empty())
    why = library_->failure(library_->dropped(nullptr, 0, &lost), "cuptiActivityGetNumDroppedRecords");
  if (!why.empty() || lost > 0) {
    static_cast<void>(library_->disable(CUPTI_ACTIVITY_KIND_UNIFIED_MEMORY_COUNTER));
    refuse(why.empty() ? "CUPTI lost " + std::to_string(lost) + " records" : why);
    return std::nullopt;
  }
  const std::scoped_lock lock(mutex);
  return std::exchange(counters, {});
}

#else

struct DriverMeter::Library {};

DriverMeter::DriverMeter(const std::vector<std::string>&, Told told) : told_(std::move(told)) {
  if (has_device()) refuse("this was built without CUPTI's headers");
}
DriverMeter::~DriverMeter() = default;
std::optional<DriverCounters> DriverMeter::take() { return std::nullopt; }

#endif

}  // namespace octrain::runtime::cuda
