// A GPU as the device under test.
#include "layers/cuda/device_under_test.h"

namespace octrain::layers::testing {

bool has_libraries() { return true; }
bool can_run_backwards() { return false; }
void watch_budget(std::uint64_t) {}
std::optional<std::size_t> launched_graphs() { return {}; }
std::string violations_of_device() { return {}; }

}  // namespace octrain::layers::testing
