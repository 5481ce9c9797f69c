#include <cstdlib>

#include "layers/backend_under_test.h"
#include "octrain/layers/host/backend.h"

namespace octrain::layers::testing {

std::unique_ptr<Backend> make_backend_under_test(int threads) { return make_host_backend(threads); }

std::vector<int> layouts_under_test() { return {1, 8, 16}; }

void* allocate_operands(std::size_t bytes) { return std::aligned_alloc(64, (bytes + 63) / 64 * 64); }

void free_operands(void* memory) { std::free(memory); }

void wait_for_backend_under_test() {}

}  // namespace octrain::layers::testing
