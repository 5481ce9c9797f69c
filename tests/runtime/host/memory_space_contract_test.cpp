#include "contract/memory_space_contract.h"

#include "contract/shared_arena_contract.h"
#include "contract/trace_contract.h"
#include "host_cases.h"

namespace octrain::runtime {

INSTANTIATE_TEST_SUITE_P(Host, MemorySpaceContract, testing::ValuesIn(host::host_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Host, TraceContract, testing::ValuesIn(host::host_cases()), case_name);

}  // namespace octrain::runtime
