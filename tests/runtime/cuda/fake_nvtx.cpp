#include "runtime/cuda/fake_nvtx.h"

#include <nvtx3/nvToolsExt.h>

#include <map>
#include <mutex>
#include <thread>

namespace octrain::fake_nvtx {
namespace {

std::mutex mutex;
std::vector<Range> seen;                                   // range id: place + 1
std::map<std::thread::id, std::vector<std::size_t>> open;  // by thread: places in `seen`
std::vector<std::string> threads;
std::string domain_name;

nvtxDomainHandle_t make_domain(const char* name) {
  const std::scoped_lock lock(mutex);
  domain_name = name;
  return reinterpret_cast<nvtxDomainHandle_t>(&domain_name);
}
bool ours(nvtxDomainHandle_t domain) {
  return domain == reinterpret_cast<nvtxDomainHandle_t>(&domain_name) && domain_name == "octrain";
}
nvtxRangeId_t start(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* event) {
  const std::scoped_lock lock(mutex);
  if (ours(domain)) seen.push_back({event->message.ascii, event->payload.ullValue, false, false});
  return seen.size();
}
void end(nvtxDomainHandle_t, nvtxRangeId_t id) {
  const std::scoped_lock lock(mutex);
  seen.at(id - 1).ended = true;
}
int push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* event) {
  const std::scoped_lock lock(mutex);
  if (!ours(domain)) return 0;
  open[std::this_thread::get_id()].push_back(seen.size());
  seen.push_back({event->message.ascii, 0, true, false});
  return 0;
}
int pop(nvtxDomainHandle_t) {
  const std::scoped_lock lock(mutex);
  auto& mine = open[std::this_thread::get_id()];
  seen.at(mine.at(mine.size() - 1)).ended = true;
  mine.pop_back();
  return 0;
}
void name_thread(std::uint32_t, const char* name) {
  const std::scoped_lock lock(mutex);
  threads.emplace_back(name);
}

template <class Function>
void put(NvtxFunctionTable table, std::size_t place, Function* function) {
  *table[place] = reinterpret_cast<NvtxFunctionPointer>(function);
}

}  // namespace

std::vector<Range> ranges() {
  const std::scoped_lock lock(mutex);
  return seen;
}
std::vector<std::string> thread_names() {
  const std::scoped_lock lock(mutex);
  return threads;
}

}  // namespace octrain::fake_nvtx

extern "C" int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_table) {
  using namespace octrain::fake_nvtx;
  const auto* callbacks = static_cast<const NvtxExportTableCallbacks*>(get_table(NVTX_ETID_CALLBACKS));
  if (callbacks == nullptr) return 0;
  NvtxFunctionTable core = nullptr, domains = nullptr;
  unsigned core_size = 0, domains_size = 0;
  if (callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE, &core, &core_size) == 0 ||
      callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE2, &domains, &domains_size) == 0)
    return 0;
  put(core, NVTX_CBID_CORE_NameOsThreadA, name_thread);
  put(domains, NVTX_CBID_CORE2_DomainCreateA, make_domain);
  put(domains, NVTX_CBID_CORE2_DomainRangeStartEx, start);
  put(domains, NVTX_CBID_CORE2_DomainRangeEnd, end);
  put(domains, NVTX_CBID_CORE2_DomainRangePushEx, push);
  put(domains, NVTX_CBID_CORE2_DomainRangePop, pop);
  return 1;
}
