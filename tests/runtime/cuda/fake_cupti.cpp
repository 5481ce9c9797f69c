#include "runtime/cuda/fake_cupti.h"

#include <cupti_result.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace octrain::fake_cupti {
namespace {

#if CUDA_VERSION >= 13000
using Activity = CUpti_ActivityUnifiedMemoryCounter3;  // longer than what readers of older toolkits know
#else
using Activity = CUpti_ActivityUnifiedMemoryCounter2;
#endif

struct State {
  std::string failing;
  CUptiResult error = CUPTI_SUCCESS;
  std::vector<std::string> calls;
  std::vector<Record> records;
  std::vector<CUpti_ActivityUnifiedMemoryCounterKind> wanted;
  bool enabled = false;
  std::size_t lost = 0;
  int buffers_out = 0;
  CUpti_BuffersCallbackRequestFunc give = nullptr;
  CUpti_BuffersCallbackCompleteFunc take = nullptr;
};
State state;

CUptiResult answer(const char* name) {
  state.calls.emplace_back(name);
  return state.failing == name ? state.error : CUPTI_SUCCESS;
}

/// As many of the records as fit in one buffer.
void deliver() {
  std::uint8_t* buffer = nullptr;
  std::size_t size = 0, most = 0;
  state.give(&buffer, &size, &most);
  ++state.buffers_out;
  const std::size_t count = std::min(size / sizeof(Activity), state.records.size());
  for (std::size_t i = 0; i < count; ++i) {
    Activity activity{};
    activity.kind = CUPTI_ACTIVITY_KIND_UNIFIED_MEMORY_COUNTER;
    activity.counterKind = state.records[i].kind;
    activity.flags = state.records[i].flags;
    activity.value = state.records[i].value;
    std::memcpy(buffer + i * sizeof(Activity), &activity, sizeof(Activity));
  }
  state.records.erase(state.records.begin(), state.records.begin() + static_cast<std::ptrdiff_t>(count));
  state.take(nullptr, 0, buffer, size, count * sizeof(Activity));
  --state.buffers_out;
}

}  // namespace

void reset(const std::string& failing, CUptiResult error) {
  state = {};
  state.failing = failing;
  state.error = error;
}
void happened(const std::vector<Record>& records) {
  for (const Record& record : records) {
    const bool wanted = std::count(state.wanted.begin(), state.wanted.end(), record.kind) > 0;
    if (state.enabled && wanted) state.records.push_back(record);
  }
}
void lost(std::size_t records) { state.lost = records; }
std::vector<std::string> calls() { return state.calls; }
int buffers_out() { return state.buffers_out; }

}  // namespace octrain::fake_cupti

using octrain::fake_cupti::Activity;
using octrain::fake_cupti::answer;
using octrain::fake_cupti::state;

CUptiResult CUPTIAPI cuptiActivityRegisterCallbacks(CUpti_BuffersCallbackRequestFunc give,
                                                    CUpti_BuffersCallbackCompleteFunc take) {
  state.give = give;
  state.take = take;
  return answer("cuptiActivityRegisterCallbacks");
}
CUptiResult CUPTIAPI
cuptiActivityConfigureUnifiedMemoryCounter(CUpti_ActivityUnifiedMemoryCounterConfig* config, uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i)
    if (config[i].enable != 0) state.wanted.push_back(config[i].kind);
  return answer("cuptiActivityConfigureUnifiedMemoryCounter");
}
CUptiResult CUPTIAPI cuptiActivityEnable(CUpti_ActivityKind kind) {
  const CUptiResult result = answer("cuptiActivityEnable");
  state.enabled = result == CUPTI_SUCCESS && kind == CUPTI_ACTIVITY_KIND_UNIFIED_MEMORY_COUNTER;
  return result;
}
CUptiResult CUPTIAPI cuptiActivityDisable(CUpti_ActivityKind) {
  state.enabled = false;
  return answer("cuptiActivityDisable");
}
CUptiResult CUPTIAPI cuptiActivityFlushAll(uint32_t) {
  const CUptiResult result = answer("cuptiActivityFlushAll");
  while (result == CUPTI_SUCCESS && !state.records.empty()) octrain::fake_cupti::deliver();
  return result;
}
CUptiResult CUPTIAPI cuptiActivityGetNextRecord(uint8_t* buffer, size_t valid, CUpti_Activity** record) {
  std::uint8_t* const last = reinterpret_cast<std::uint8_t*>(*record);
  std::uint8_t* const next = last == nullptr ? buffer : last + sizeof(Activity);
  if (next + sizeof(Activity) > buffer + valid) return CUPTI_ERROR_MAX_LIMIT_REACHED;
  *record = reinterpret_cast<CUpti_Activity*>(next);
  return CUPTI_SUCCESS;
}
CUptiResult CUPTIAPI cuptiActivityGetNumDroppedRecords(CUcontext, uint32_t, size_t* dropped) {
  *dropped = std::exchange(state.lost, 0);
  return CUPTI_SUCCESS;
}
CUptiResult CUPTIAPI cuptiGetResultString(CUptiResult result, const char** text) {
  *text =
      result == CUPTI_ERROR_UM_PROFILING_NOT_SUPPORTED ? "unified memory profiling is not supported" : "?";
  return CUPTI_SUCCESS;
}
