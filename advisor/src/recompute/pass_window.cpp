#include "pass_window.h"

#include <algorithm>
#include <utility>

#include "octrain/advisor/bounds.h"

namespace octrain::advisor {
namespace {

std::vector<TensorId> touched_tensors(const Schedule& schedule, const Pass& pass) {
  std::vector<TensorId> touched;
  for (OpIndex op = pass.first; op < pass.end; ++op) {
    touched.insert(touched.end(), schedule.ops[op].reads.begin(), schedule.ops[op].reads.end());
    touched.insert(touched.end(), schedule.ops[op].writes.begin(), schedule.ops[op].writes.end());
  }
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  return touched;
}

bool alive_before(const Schedule& schedule, const Liveness& liveness, const Pass& pass, TensorId tensor) {
  const TensorAccess& first_of_all = liveness.accesses(tensor).front();
  if (first_of_all.op < pass.first) return liveness.live_after(tensor, pass.first - 1);
  return first_of_all.reads || outlives_iteration(schedule.tensors[tensor].role);
}

}  // namespace

PassWindow::PassWindow(const Schedule& schedule, const Liveness& liveness,
                       const std::vector<std::uint64_t>& live, const Pass& pass)
    : first_(pass.first) {
  const std::vector<TensorId> touched = touched_tensors(schedule, pass);
  Op front, back;
  for (TensorId i = 0; i < touched.size(); ++i) {
    // Front and back say when it lives, whatever its role.
    schedule_.tensors.push_back({{}, Role::activation, schedule.tensors[touched[i]].bytes});
    if (alive_before(schedule, liveness, pass, touched[i])) front.writes.push_back(i);
    if (liveness.live_after(touched[i], pass.end - 1)) back.reads.push_back(i);
  }
  schedule_.ops.push_back(std::move(front));
  const auto local = [&](const std::vector<TensorId>& tensors) {
    std::vector<TensorId> ids;
    ids.reserve(tensors.size());
    for (const TensorId tensor : tensors) {
      const auto at = std::lower_bound(touched.begin(), touched.end(), tensor);
      ids.push_back(static_cast<TensorId>(at - touched.begin()));
    }
    return ids;
  };
  for (OpIndex index = pass.first; index < pass.end; ++index) {
    const Op& op = schedule.ops[index];
    schedule_.ops.push_back(
        {{}, op.phase, op.time_ns, op.workspace_bytes, local(op.reads), local(op.writes), {}});
  }
  schedule_.ops.push_back(std::move(back));
  elsewhere_bytes_ = live[pass.first] - live_with({})[1];
}

std::vector<std::uint64_t> PassWindow::live_with(std::span<const Rerun> reruns) const {
  std::vector<Rerun> inside;
  inside.reserve(reruns.size());
  for (const Rerun& rerun : reruns) inside.push_back({rerun.before - first_ + 1, rerun.op - first_ + 1});
  return live_bytes(expand(schedule_, inside).schedule);
}

std::uint64_t PassWindow::peak_bytes(std::span<const Rerun> reruns) const {
  const std::vector<std::uint64_t> live = live_with(reruns);
  return elsewhere_bytes_ + *std::max_element(live.begin() + 1, live.end() - 1);
}

}  // namespace octrain::advisor
