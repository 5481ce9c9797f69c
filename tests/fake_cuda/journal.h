// What was called and what was found wrong; and which call is to fail.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "fake_cuda/fake_cuda.h"

namespace octrain::fake_cuda {

class Journal {
 public:
  /// A new call; answers its number, from 0.
  std::size_t begin(const char* name);
  [[nodiscard]] Call& call(std::size_t number) { return calls_[number]; }
  [[nodiscard]] const std::deque<Call>& calls() const { return calls_; }
  [[nodiscard]] std::size_t count(std::string_view name) const;

  /// `text` follows the description of the call.
  void violate(Defect defect, std::size_t call, const std::string& text);
  [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }
  /// "call 12, cudaMemcpyAsync (stream 0x…; 0x…+4096 read, …)"
  [[nodiscard]] std::string describe(std::size_t call) const;

  void fail(std::size_t n, cudaError_t error, std::string_view name);
  /// What the call that begins now must answer; cudaSuccess: what it likes.
  [[nodiscard]] cudaError_t injected(std::string_view name);
  [[nodiscard]] bool failure_pending() const { return until_failure_ > 0; }

 private:
  std::deque<Call> calls_;  ///< a deque: references stay while others call
  std::vector<Violation> violations_;
  std::size_t until_failure_ = 0;  ///< calls up to it and with it; 0: none is to fail
  cudaError_t failure_ = cudaSuccess;
  std::string failing_name_;
};

/// "0x7f…"
[[nodiscard]] std::string hexadecimal(const void* address);

}  // namespace octrain::fake_cuda
