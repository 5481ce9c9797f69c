#include "octrain/runtime/error.h"

#include <system_error>

#include "octrain/runtime/units.h"

namespace octrain::runtime {

IoError::IoError(const std::string& what_failed, int error_number)
    : DeviceError(what_failed + ": " + std::generic_category().message(error_number)),
      error_number_(error_number) {}

OutOfDeviceMemory::OutOfDeviceMemory(const std::string& message, std::uint64_t shortfall_bytes)
    : Error(kExitDoesNotFit, shortfall_bytes == 0 ? message
                                                  : message + " (" + format_bytes(shortfall_bytes) + ", " +
                                                        std::to_string(shortfall_bytes) + " bytes, too few)"),
      shortfall_bytes_(shortfall_bytes) {}

}  // namespace octrain::runtime
