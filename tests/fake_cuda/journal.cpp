#include "fake_cuda/journal.h"

#include <algorithm>
#include <iterator>
#include <sstream>

namespace octrain::fake_cuda {
namespace {

const char* verb(Touch touch) {
  switch (touch) {
    case Touch::kNone:
      return "";
    case Touch::kRead:
      return " read";
    case Touch::kWrite:
      return " written";
    case Touch::kToDevice:
      return " to the device";
    case Touch::kToHost:
      return " to the host";
    case Touch::kDiscard:
      return " discarded";
  }
  return "";
}

}  // namespace

std::string hexadecimal(const void* address) {
  std::ostringstream text;
  text << address;
  return text.str();
}

std::size_t Journal::begin(const char* name) {
  calls_.push_back({});
  calls_.back().name = name;
  return calls_.size() - 1;
}

std::size_t Journal::count(std::string_view name) const {
  if (name.empty()) return calls_.size();
  return static_cast<std::size_t>(
      std::count_if(calls_.begin(), calls_.end(), [&](const Call& call) { return call.name == name; }));
}

std::string Journal::describe(std::size_t number) const {
  constexpr std::size_t kMostOperands = 4;
  const Call& call = calls_[number];
  std::string text = "call " + std::to_string(number) + ", " + call.name;
  if (!call.label.empty()) text += " '" + call.label + "'";
  std::vector<std::string> parts;
  if (call.stream != nullptr) parts.push_back("stream " + hexadecimal(call.stream));
  if (call.event != nullptr) parts.push_back("event " + hexadecimal(call.event));
  for (std::size_t i = 0; i < call.operands.size() && i < kMostOperands; ++i) {
    const Operand& operand = call.operands[i];
    parts.push_back(hexadecimal(operand.address) + "+" + std::to_string(operand.bytes) + verb(operand.touch));
  }
  if (call.operands.size() > kMostOperands) parts.emplace_back("…");
  if (parts.empty()) return text;
  text += " (" + parts.front();
  for (auto part = std::next(parts.begin()); part != parts.end(); ++part) text += "; " + *part;
  return text + ")";
}

void Journal::violate(Defect defect, std::size_t call, const std::string& text) {
  violations_.push_back({defect, describe(call) + ": " + text});
}

void Journal::fail(std::size_t n, cudaError_t error, std::string_view name) {
  until_failure_ = n;
  failure_ = error;
  failing_name_ = name;
}

cudaError_t Journal::injected(std::string_view name) {
  if (until_failure_ == 0 || (!failing_name_.empty() && failing_name_ != name)) return cudaSuccess;
  return --until_failure_ == 0 ? failure_ : cudaSuccess;
}

}  // namespace octrain::fake_cuda
