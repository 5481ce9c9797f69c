// Times of ops by events on the compute stream; and a range for profilers around the calls of each.
#pragma once

#include <vector>

#include "octrain/runtime/cuda/handles.h"
#include "octrain/runtime/op_timer.h"

namespace octrain::runtime::cuda {

/// Throws CudaError.
class EventTimer final : public OpTimer {
 public:
  explicit EventTimer(cudaStream_t compute) : compute_(compute) {}
  ~EventTimer() override;

  void waits(const std::string& op) override;
  void runs() override { record(); }
  void done() override;
  void tell_starts(bool wanted) override { tells_starts_ = wanted; }
  /// Answers the runs that came to done().
  [[nodiscard]] std::vector<OpTime> take() override;

 private:
  static constexpr std::size_t kOfARun = 3;
  void record();
  void set_reference();
  void close_range();

  cudaStream_t compute_;
  std::vector<Event> events_;  // used again after take()
  std::size_t recorded_ = 0;
  bool range_is_open_ = false;
  bool tells_starts_ = false;
  Event reference_;  // was reached when the host's clock said:
  std::uint64_t reference_ns_ = 0;
};

}  // namespace octrain::runtime::cuda
