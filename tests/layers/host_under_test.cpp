#include "layers/backend_under_test.h"
#include "octrain/layers/host/backend.h"

namespace octrain::layers::testing {

std::unique_ptr<Backend> make_backend_under_test(int threads) { return make_host_backend(threads); }

std::vector<int> layouts_under_test() { return {1, 8, 16}; }

void wait_for_backend_under_test() {}

}  // namespace octrain::layers::testing
