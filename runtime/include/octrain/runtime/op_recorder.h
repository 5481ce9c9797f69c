// Stretches of ops that a device is given in one call, instead of launch by launch.
#pragma once

#include <functional>
#include <memory>

namespace octrain::runtime {

/// What ops gave to the device, to be given again. Destruction waits for what is under way and never throws.
class OpRecording {
 public:
  virtual ~OpRecording() = default;
  OpRecording(const OpRecording&) = delete;
  OpRecording& operator=(const OpRecording&) = delete;

  /// The device does it all once more, on the addresses of then. Returns at once.
  virtual void replay() = 0;

 protected:
  OpRecording() = default;
};

/// For the executor's thread.
class OpRecorder {
 public:
  virtual ~OpRecorder() = default;
  OpRecorder(const OpRecorder&) = delete;
  OpRecorder& operator=(const OpRecorder&) = delete;

  /// Calls `ops`; what they give to the device is recorded instead of done. Null if among it is something
  /// that cannot be recorded. Throws what `ops` throws.
  [[nodiscard]] virtual std::unique_ptr<OpRecording> record(const std::function<void()>& ops) = 0;

 protected:
  OpRecorder() = default;
};

}  // namespace octrain::runtime
