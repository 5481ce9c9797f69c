// A stranger's program: plans a two-op schedule with the installed advisor and moves bytes through the
// installed host memory.
#include <array>
#include <cstdio>

#include "cuda.h"
#include "octrain/advisor/check.h"
#include "octrain/advisor/policy.h"
#include "octrain/runtime/host/host_space.h"

int main() {
  namespace advisor = octrain::advisor;
  namespace host = octrain::runtime::host;
  constexpr std::uint64_t kBlock = 2u << 20;

  advisor::Schedule schedule;
  schedule.tensors = {{"weight", advisor::Role::weight, kBlock},
                      {"value", advisor::Role::activation, kBlock}};
  schedule.ops = {{"forward", advisor::Phase::forward, 1000, 0, {0}, {1}},
                  {"update", advisor::Phase::update, 1000, 0, {0, 1}, {0}}};
  const advisor::Machine machine = advisor::find_machine("host").value();
  const advisor::PlanResult result = advisor::find_policy("auto")->make_plan({schedule, machine, 2 * kBlock});
  if (!result.feasible() || !advisor::check(schedule, result.plan, 2 * kBlock).ok()) {
    std::puts("the plan is not valid");
    return 1;
  }

  host::HostSpaceOptions options;
  options.kind = host::Kind::incore;
  const std::array<std::uint64_t, 2> bytes = {kBlock, kBlock};
  const auto space = host::make_host_space(bytes, options);
  const std::array<std::byte, 4> sent = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  std::array<std::byte, 4> received = {};
  space->write_contents(0, 0, sent);
  space->read_contents(0, 0, received);
  return sent == received && cuda_works_or_tells() ? 0 : 1;
}
