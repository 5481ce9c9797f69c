#include "stages.h"

#include <algorithm>

#include "meter.h"
#include "refill.h"

namespace octrain::advisor {
namespace {

Values both(Values values, const Values& more) {
  values.insert(values.end(), more.begin(), more.end());
  return values;
}

class Stages {
 public:
  Stages(const PassValues& values, const FixedBytes& fixed, const Pass& pass,
         const std::vector<std::vector<bool>>& dear)
      : lineage_(values.lineage),
        values_(values),
        fixed_(fixed),
        pass_(pass),
        dear_(dear),
        refill_(values.lineage, values.drop),
        meter_(values.lineage) {}

  /// The stage of forward ops [first, last), whose backward part is [back_first, back_last); that of the next
  /// stage begins at `next_back`.
  Stage add(OpIndex first, OpIndex last, OpIndex next_back, OpIndex back_first, OpIndex back_last) {
    split(first, last);
    next_back_ = next_back;
    meter_.count(own_, true);
    Stage stage;
    stage.back_first = back_first;
    stage.base_bytes = fixed_.before[back_first];
    for (const ValueId id : out_) stage.out_bytes += lineage_.bytes(id);
    stage.reads_own = reads_any(back_first, back_last, out_);
    stage.forward = run_of(out_, {}, next_back_);
    stage.first_bytes = first_bytes(first, last, out_, false);
    stage.first_bytes_with_in = first_bytes(first, last, out_, true);
    stage.saves.push_back(save_of(stage, {first, last}, back_last, inner_));
    Values saved = inner_;
    for (const std::vector<bool>& dear : dear_) {
      const std::size_t before = saved.size();
      std::erase_if(saved, [&](ValueId id) { return !dear[lineage_.values[id].writer]; });
      if (saved.size() < before) stage.saves.push_back(save_of(stage, {first, last}, back_last, saved));
    }
    meter_.count(own_, false);
    in_ = out_;
    return stage;
  }

 private:
  using Range = std::pair<OpIndex, OpIndex>;

  /// The values that the stage makes: all, those that the next one reads, and inner ones of its backward
  /// part.
  void split(OpIndex first, OpIndex last) {
    own_.clear();
    out_.clear();
    inner_.clear();
    for (ValueId id = lineage_.first_value[first]; id < lineage_.first_value[last]; ++id) {
      if (!values_.drop[id]) continue;
      own_.push_back(id);
      const Value& value = lineage_.values[id];
      if (value.last_early >= last) {
        out_.push_back(id);
      } else if (value.read_late()) {
        inner_.push_back(id);
      }
    }
  }

  [[nodiscard]] bool reads_any(OpIndex first, OpIndex last, const Values& values) const {
    for (OpIndex op = first; op < last; ++op) {
      if (op_reads_any(op, values)) return true;
    }
    return false;
  }
  [[nodiscard]] bool op_reads_any(OpIndex op, const Values& values) const {  // `values` in order of id
    return std::any_of(lineage_.reads[op].begin(), lineage_.reads[op].end(),
                       [&](ValueId id) { return std::binary_search(values.begin(), values.end(), id); });
  }

  std::uint64_t first_bytes(OpIndex first, OpIndex last, const Values& left, bool with_in) {
    std::vector<Meter::Step> steps;
    for (OpIndex op = first; op < last; ++op) steps.push_back({op, fixed_.during[op]});
    return measure(steps, {}, left, with_in);
  }

  std::uint64_t measure(const std::vector<Meter::Step>& steps, const Values& there, const Values& left,
                        bool with_in) {
    if (!with_in) return meter_.peak(steps, there, left);
    meter_.count(in_, true);
    const std::uint64_t bytes = meter_.peak(steps, both(there, in_), left);
    meter_.count(in_, false);
    return bytes;
  }

  /// Makes `wanted` from x(i-1) and from `there`, which stays, at op `latest` at the latest.
  StageRun run_of(const Values& wanted, const Values& there, OpIndex latest) {
    StageRun run;
    std::vector<Meter::Step> steps;
    for (const Rerun& rerun : refill({pass_.turn, pass_.turn}, both(in_, there), wanted)) {
      const Op& op = lineage_.schedule.ops[rerun.op];
      run.ops.push_back(rerun.op);
      run.ns += op.time_ns;
      steps.push_back({rerun.op, op.workspace_bytes});
    }
    const Values left = both(wanted, there);
    run.bytes = measure(steps, there, left, false);
    run.bytes_with_in = measure(steps, there, left, true);
    const bool possible = std::all_of(run.ops.begin(), run.ops.end(),
                                      [&](OpIndex op) { return latest <= lineage_.last_rerun[op]; });
    if (!possible) run.bytes = run.bytes_with_in = StageRun::kImpossible;
    return run;
  }

  /// What gives `wanted`, and after that every inner value that the ops of the range read, when `there` is
  /// there.
  std::vector<Rerun> refill(Range ops, const Values& there, const Values& wanted) {
    for (const ValueId id : there) refill_.hold(id);
    for (const ValueId id : wanted) refill_.want(id, pass_.turn);
    for (OpIndex op = ops.first; op < ops.second; ++op) {
      for (const ValueId id : lineage_.reads[op]) {
        if (std::binary_search(inner_.begin(), inner_.end(), id)) refill_.want(id, op);
      }
    }
    for (const ValueId id : there) refill_.let_go(id);
    for (const ValueId id : refill_.take_made()) refill_.let_go(id);
    return refill_.take_reruns();
  }

  StageSave save_of(const Stage& stage, Range forward, OpIndex back_last, const Values& saved) {
    StageSave save;
    for (const ValueId id : saved) save.held_bytes += lineage_.bytes(id);
    const Values left = both(saved, out_);
    save.first_bytes = first_bytes(forward.first, forward.second, left, false);
    save.first_bytes_with_in = first_bytes(forward.first, forward.second, left, true);
    save.along = run_of(left, {}, next_back_);
    save.alone[0] = run_of(stage.reads_own ? left : saved, {}, stage.back_first);
    save.alone[1] = run_of(saved, out_, stage.back_first);
    measure_back(stage, back_last, saved, save);
    return save;
  }

  void measure_back(const Stage& stage, OpIndex back_last, const Values& saved, StageSave& save) {
    const Values there = stage.reads_own ? both(saved, out_) : saved;
    save.late = refill({stage.back_first, back_last}, both(in_, there), {});
    save.reads_in = reads_any(stage.back_first, back_last, in_);
    std::vector<Meter::Step> steps;
    auto late = save.late.begin();
    for (OpIndex op = stage.back_first; op < back_last; ++op) {
      for (; late != save.late.end() && late->before == op; ++late) {
        const Op& again = lineage_.schedule.ops[late->op];
        save.late_ns += again.time_ns;
        save.reads_in = save.reads_in || op_reads_any(late->op, in_);
        steps.push_back({late->op, fixed_.before[op] + again.workspace_bytes});
      }
      steps.push_back({op, fixed_.during[op]});
    }
    save.back_bytes = meter_.peak(steps, there, {});
  }

  const Lineage& lineage_;
  const PassValues& values_;
  const FixedBytes& fixed_;
  const Pass& pass_;
  const std::vector<std::vector<bool>>& dear_;
  Refill refill_;
  Meter meter_;
  OpIndex next_back_ = 0;
  Values in_, own_, out_, inner_;  // in order of id
};

}  // namespace

std::vector<Stage> list_stages(const PassValues& values, const FixedBytes& fixed, const Pass& pass,
                               const std::vector<Cut>& cuts, const std::vector<std::vector<bool>>& dear) {
  Stages stages(values, fixed, pass, dear);
  std::vector<Stage> chain;
  OpIndex first = pass.first;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const bool last = i == cuts.size();
    const OpIndex end = last ? pass.turn : cuts[i].at;
    const OpIndex back_first = last ? pass.turn : cuts[i].back_first;
    const OpIndex next_back = i + 1 < cuts.size() ? cuts[i + 1].back_first : pass.turn;
    const OpIndex back_last = i == 0 ? pass.end : cuts[i - 1].back_first;
    chain.push_back(stages.add(first, end, next_back, back_first, back_last));
    first = end;
  }
  return chain;
}

}  // namespace octrain::advisor
