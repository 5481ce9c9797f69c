#include "contract/memory_space_contract.h"

#include "contract/shared_arena_contract.h"
#include "contract/trace_contract.h"
#include "cuda_cases.h"

namespace octrain::runtime {
namespace {

std::vector<MemorySpaceCase> contract_cases() {
  std::vector<MemorySpaceCase> cases;
  for (const cuda::CudaCase& memory : cuda::cuda_cases()) cases.push_back(cuda::contract_case(memory));
  return cases;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Cuda, MemorySpaceContract, testing::ValuesIn(contract_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Cuda, TraceContract, testing::ValuesIn(contract_cases()), case_name);

}  // namespace octrain::runtime
