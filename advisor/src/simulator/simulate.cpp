#include "octrain/advisor/simulate.h"

#include "driver_machine.h"
#include "virtual_machine.h"

namespace octrain::advisor {

Simulation simulate(const Schedule& schedule, const Plan& plan, const Machine& machine,
                    std::uint64_t budget_bytes) {
  return VirtualMachine(schedule, plan, machine, budget_bytes).run();
}

Simulation simulate_on_demand(const Schedule& schedule, const Plan& hints, const Machine& machine,
                              std::uint64_t budget_bytes) {
  return DriverMachine(schedule, hints, machine, budget_bytes).run();
}

}  // namespace octrain::advisor
