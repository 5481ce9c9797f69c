// Memory that moves block by block: managed (userfaultfd) and explicit (mremap) alike.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "host/fault_server.h"
#include "host/handles.h"
#include "host/page_mover.h"
#include "host/pager.h"
#include "host/transfer_worker.h"
#include "host/userfault.h"
#include "octrain/runtime/host/host_space.h"
#include "src/layout.h"

namespace octrain::runtime::host {

class PagedSpace final : public MemorySpace {
 public:
  PagedSpace(Layout layout, const HostSpaceOptions& options, std::unique_ptr<Tier> tier);

  void place(std::span<const std::uint64_t> arena_offsets) override;
  [[nodiscard]] std::byte* address(TensorId tensor) override;
  [[nodiscard]] std::byte* workspace() override;
  void prefetch(TensorId tensor) override;
  void evict(TensorId tensor) override;
  void discard(TensorId tensor) override;
  void acquire(const OpAccess& access) override;
  void release(const OpAccess& access) override;
  void quiesce() override;
  void write_contents(TensorId tensor, std::uint64_t offset, std::span<const std::byte> from) override;
  void read_contents(TensorId tensor, std::uint64_t offset, std::span<std::byte> to) override;
  [[nodiscard]] MemoryCounters take_counters() override;
  void record_transfers(TransferLog* log) override;
  [[nodiscard]] std::uint64_t resident_bytes() const override;
  [[nodiscard]] std::string description() const override;

 private:
  [[nodiscard]] bool managed() const { return userfault_.has_value(); }
  [[nodiscard]] bool settled(TensorId tensor);
  void wait_until_settled(Lock& lock, TensorId tensor);
  void require_resident(TensorId tensor);
  void issue(Direction direction, TensorId tensor);

  Layout layout_;
  bool demand_only_;
  std::unique_ptr<Tier> tier_;
  Mapping memory_;
  std::optional<Userfault> userfault_;
  std::unique_ptr<PageMover> mover_;
  std::unique_ptr<Pager> pager_;
  std::unique_ptr<TierChannel> channel_;  // the executor thread's
  std::optional<FaultServer> faults_;
  std::optional<TransferWorker> in_;
  std::optional<TransferWorker> out_;
};

}  // namespace octrain::runtime::host
