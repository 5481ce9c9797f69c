// The runtime's exceptions. Each says what failed, where, with how many bytes, and what to do.
#pragma once

#include <cstdint>
#include <source_location>
#include <stdexcept>
#include <string>

namespace octrain::runtime {

/// The base of all; `exit_code` is what the program ends with (documented in README.md).
class Error : public std::runtime_error {
 public:
  Error(int exit_code, const std::string& message) : std::runtime_error(message), exit_code_(exit_code) {}
  [[nodiscard]] int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

inline constexpr int kExitUsage = 2;
inline constexpr int kExitBadInput = 3;
inline constexpr int kExitDevice = 4;
inline constexpr int kExitDoesNotFit = 5;
inline constexpr int kExitDiverged = 6;

/// Wrong combination of options.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(kExitUsage, message) {}
};

/// A file that is not what it should be: "FILE:LINE or FILE: expected …; what to do".
class BadInput : public Error {
 public:
  explicit BadInput(const std::string& message) : Error(kExitBadInput, message) {}
};

/// A device, driver or permission refused.
class DeviceError : public Error {
 public:
  explicit DeviceError(const std::string& message) : Error(kExitDevice, message) {}
};

/// A system call on `subject` failed; the message ends with errno's text.
class IoError : public DeviceError {
 public:
  IoError(const std::string& what_failed, int error_number);
  [[nodiscard]] int error_number() const { return error_number_; }

 private:
  int error_number_;
};

/// More device (or tier) bytes were needed than there are. A shortfall of 0 is one that is not known.
class OutOfDeviceMemory : public Error {
 public:
  OutOfDeviceMemory(const std::string& message, std::uint64_t shortfall_bytes);
  [[nodiscard]] std::uint64_t shortfall_bytes() const { return shortfall_bytes_; }

 private:
  std::uint64_t shortfall_bytes_;
};

/// A plan that cannot be carried out (the checker would have said so).
class InvalidPlan : public Error {
 public:
  explicit InvalidPlan(const std::string& message) : Error(kExitBadInput, message) {}
};

/// The loss is not a finite number.
class Diverged : public Error {
 public:
  explicit Diverged(const std::string& message) : Error(kExitDiverged, message) {}
};

}  // namespace octrain::runtime
