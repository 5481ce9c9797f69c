#include "cuda/ranges.h"

#include <nvtx3/nvToolsExt.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace octrain::runtime::cuda {
namespace {

/// Null where no profiler is attached, which every call then takes for nothing to do.
nvtxDomainHandle_t domain() {
  static const nvtxDomainHandle_t made = nvtxDomainCreateA("octrain");
  return made;
}

nvtxEventAttributes_t attributes(const char* name) {
  nvtxEventAttributes_t event{};
  event.version = NVTX_VERSION;
  event.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  event.messageType = NVTX_MESSAGE_TYPE_ASCII;
  event.message.ascii = name;
  return event;
}

}  // namespace

void push_range(const char* name) {
  if (domain() == nullptr) return;
  const nvtxEventAttributes_t event = attributes(name);
  nvtxDomainRangePushEx(domain(), &event);
}

void pop_range() {
  if (domain() != nullptr) nvtxDomainRangePop(domain());
}

RangeId start_range(const char* name, std::uint64_t bytes) {
  if (domain() == nullptr) return 0;
  nvtxEventAttributes_t event = attributes(name);
  event.payloadType = NVTX_PAYLOAD_TYPE_UNSIGNED_INT64;
  event.payload.ullValue = bytes;
  return nvtxDomainRangeStartEx(domain(), &event);
}

void end_range(RangeId range) {
  if (domain() != nullptr) nvtxDomainRangeEnd(domain(), range);
}

void name_thread(const char* name) {
  if (domain() != nullptr) nvtxNameOsThreadA(static_cast<std::uint32_t>(::syscall(SYS_gettid)), name);
}

}  // namespace octrain::runtime::cuda
