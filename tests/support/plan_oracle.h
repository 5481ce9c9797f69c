// A slow second opinion on plans: it keeps no state, but answers "where is this tensor now" by looking back
// over the unrolled events of two iterations, and knows contents by symbol. It stops at the first bad event.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "octrain/advisor/check.h"

namespace octrain::testing {

class PlanOracle {
 public:
  struct Finding {
    advisor::OpIndex op = 0;
    bool first_iteration = true;
    std::vector<std::pair<advisor::Defect, std::uint32_t>> defects;  // with the target
  };

  PlanOracle(const advisor::Schedule& schedule, const advisor::Plan& plan, std::uint64_t budget_bytes)
      : schedule_(schedule), budget_(budget_bytes) {
    unroll(plan);
  }

  /// What is wrong at the first bad event, if any.
  std::optional<Finding> first_defect() {
    for (std::size_t e = 0; e < events_.size(); ++e) {
      Finding finding{events_[e].op, e < events_.size() / 2, judge(e)};
      if (!finding.defects.empty()) return finding;
      symbols_.apply(*this, events_[e]);
    }
    return std::nullopt;
  }

 private:
  enum class What { begin, prefetch, evict, discard, run, rerun };
  struct Event {
    What what;
    advisor::OpIndex op;
    std::uint32_t target;
  };
  struct Where {
    bool device = false;
    bool host = false;
  };

  static bool has(const std::vector<advisor::TensorId>& ids, advisor::TensorId id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  }
  bool persistent(advisor::TensorId t) const {
    return advisor::outlives_iteration(schedule_.tensors[t].role);
  }
  const advisor::Op& ran(const Event& e) const { return schedule_.ops[e.target]; }
  static bool runs(const Event& e) { return e.what == What::run || e.what == What::rerun; }

  /// The boundary before `op` (0: the iteration's start) as groups, a new one with every recompute: what
  /// leaves first.
  void unroll_boundary(const advisor::Plan& plan, advisor::OpIndex op) {
    std::vector<Event> leaving, coming;
    const auto flush = [&] {
      events_.insert(events_.end(), leaving.begin(), leaving.end());
      events_.insert(events_.end(), coming.begin(), coming.end());
      leaving.clear();
      coming.clear();
    };
    for (const auto& a : plan.actions) {
      if (a.kind == advisor::ActionKind::prefetch && a.op == op)
        coming.push_back({What::prefetch, op, a.target});
      if (a.kind == advisor::ActionKind::evict && a.op + 1 == op)
        leaving.push_back({What::evict, a.op, a.target});
      if (a.kind == advisor::ActionKind::discard && a.op + 1 == op)
        leaving.push_back({What::discard, a.op, a.target});
      if (a.kind == advisor::ActionKind::recompute && a.op == op) {
        flush();
        events_.push_back({What::rerun, op, a.target});
      }
    }
    flush();
  }

  void unroll(const advisor::Plan& plan) {
    for (int iteration = 0; iteration < 2; ++iteration) {
      events_.push_back({What::begin, 0, 0});
      for (advisor::OpIndex op = 0; op < schedule_.ops.size(); ++op) {
        unroll_boundary(plan, op);
        events_.push_back({What::run, op, op});
      }
      unroll_boundary(plan, static_cast<advisor::OpIndex>(schedule_.ops.size()));
    }
  }

  /// Just before event `e`.
  bool resident(std::size_t e, advisor::TensorId t) const {
    while (e-- > 0) {
      const Event& event = events_[e];
      if (runs(event) && has(ran(event).writes, t)) return true;
      if (runs(event) || event.what == What::begin || event.target != t) continue;
      return event.what == What::prefetch;
    }
    return false;
  }

  Where contents(std::size_t e, advisor::TensorId t) const {
    while (e-- > 0) {
      const Event& event = events_[e];
      if (runs(event)) {
        if (has(ran(event).writes, t)) return {true, false};
      } else if (event.what == What::begin) {
        if (!persistent(t)) return {false, is_input(t)};
      } else if (event.target == t) {
        const Where before = contents(e, t);
        if (event.what == What::discard) return {false, false};
        if (event.what == What::evict) return {false, before.device || before.host};
        if (!resident(e, t)) return {before.host, before.host};
      }
    }
    return {false, true};  // a weight or state before anything happened
  }

  bool is_input(advisor::TensorId t) const {
    for (const advisor::Op& op : schedule_.ops) {
      if (has(op.reads, t)) return true;
      if (has(op.writes, t)) return false;
    }
    return false;
  }

  bool still_needed(std::size_t e, advisor::TensorId t) const {
    for (++e; e < events_.size() && events_[e].what != What::begin; ++e) {
      if (!runs(events_[e])) continue;
      if (has(ran(events_[e]).reads, t)) return true;
      if (has(ran(events_[e]).writes, t)) return false;
    }
    return persistent(t);
  }

  std::uint64_t occupied(std::size_t e, const std::vector<advisor::TensorId>& also) const {
    std::uint64_t bytes = 0;
    for (advisor::TensorId t = 0; t < schedule_.tensors.size(); ++t) {
      if (has(also, t) || resident(e, t)) bytes += schedule_.tensors[t].bytes;
    }
    return bytes;
  }

  std::vector<std::pair<advisor::Defect, std::uint32_t>> judge(std::size_t e) const {
    const Event& event = events_[e];
    switch (event.what) {
      case What::begin:
        return {};
      case What::prefetch:
        if (occupied(e, {event.target}) > budget_ && !resident(e, event.target)) {
          return {{advisor::Defect::over_budget, event.target}};
        }
        return {};
      case What::evict:
        if (!resident(e, event.target)) return {{advisor::Defect::evict_not_resident, event.target}};
        return {};
      case What::discard: {
        const Where where = contents(e, event.target);
        if ((where.device || where.host) && still_needed(e, event.target)) {
          return {{advisor::Defect::discard_of_live, event.target}};
        }
        return {};
      }
      case What::rerun:
        return judge_rerun(e);
      case What::run:
        return judge_run(e);
    }
    return {};
  }

  std::vector<std::pair<advisor::Defect, std::uint32_t>> judge_rerun(std::size_t e) const {
    const Event& event = events_[e];
    const advisor::Op& op = ran(event);
    bool in_place = op.phase == advisor::Phase::update;
    for (const advisor::TensorId t : op.reads) in_place = in_place || has(op.writes, t);
    for (const advisor::TensorId t : op.writes)  // the parts of others would be lost
      in_place = in_place || schedule_.tensors[t].role == advisor::Role::workspace;
    if (in_place) return {{advisor::Defect::recompute_of_update, event.target}};
    for (const advisor::TensorId t : op.reads) {
      if (!resident(e, t) || !contents(e, t).device || symbols_.differs(event.target, t)) {
        return {{advisor::Defect::recompute_without_inputs, event.target}};
      }
    }
    return over_budget(e);
  }

  std::vector<std::pair<advisor::Defect, std::uint32_t>> judge_run(std::size_t e) const {
    const Event& event = events_[e];
    std::vector<std::pair<advisor::Defect, std::uint32_t>> found;
    for (const advisor::TensorId t : ran(event).reads) {
      const Where where = contents(e, t);
      if (!where.device && !where.host) {
        found.emplace_back(advisor::Defect::reads_discarded, t);
      } else if (!resident(e, t) || !where.device) {
        found.emplace_back(advisor::Defect::reads_not_resident, t);
      } else if (symbols_.differs(event.target, t)) {
        found.emplace_back(advisor::Defect::reads_discarded, t);
      }
    }
    return found.empty() ? over_budget(e) : found;
  }

  std::vector<std::pair<advisor::Defect, std::uint32_t>> over_budget(std::size_t e) const {
    const advisor::Op& op = ran(events_[e]);
    if (occupied(e, op.writes) + op.workspace_bytes <= budget_) return {};
    return {{advisor::Defect::over_budget, events_[e].target}};
  }

  /// Contents by symbol: what an op makes is a function of the op and the symbols that it reads. Tensors of
  /// role workspace have none: who reads a part of one reads what was written there once.
  class Symbols {
   public:
    /// Does op `op` now see other contents in `t` than in the plain schedule?
    bool differs(advisor::OpIndex op, advisor::TensorId t) const {
      const auto plain = plain_.find({op, t});
      return plain != plain_.end() && plain->second != now(t);
    }

    void apply(const PlanOracle& oracle, const Event& event) {
      if (event.what == What::begin) {
        symbols_.clear();
        plain_.clear();
        for (advisor::OpIndex op = 0; op < oracle.schedule_.ops.size(); ++op) {
          for (const advisor::TensorId t : symbolic_reads(oracle.schedule_, op)) plain_[{op, t}] = now(t);
          make(oracle.schedule_, op);
        }
        symbols_.clear();
      } else if (runs(event)) {
        make(oracle.schedule_, event.target);
      }
    }

   private:
    static std::vector<advisor::TensorId> symbolic_reads(const advisor::Schedule& schedule,
                                                         advisor::OpIndex op) {
      std::vector<advisor::TensorId> reads = schedule.ops[op].reads;
      std::erase_if(reads, [&](auto t) { return schedule.tensors[t].role == advisor::Role::workspace; });
      return reads;
    }

    int now(advisor::TensorId t) const {
      const auto found = symbols_.find(t);
      return found == symbols_.end() ? 0 : found->second;
    }

    void make(const advisor::Schedule& schedule, advisor::OpIndex op) {
      std::vector<int> key{static_cast<int>(op)};
      for (const advisor::TensorId t : symbolic_reads(schedule, op)) key.push_back(now(t));
      for (const advisor::TensorId t : schedule.ops[op].writes) {
        key.push_back(static_cast<int>(t));
        made_.try_emplace(key, static_cast<int>(made_.size()) + 1);
        next_[t] = made_[key];
        key.pop_back();
      }
      for (const auto& [t, symbol] : next_) symbols_[t] = symbol;
      next_.clear();
    }

    std::map<advisor::TensorId, int> symbols_, next_;
    std::map<std::pair<advisor::OpIndex, advisor::TensorId>, int> plain_;
    std::map<std::vector<int>, int> made_;
  };

  const advisor::Schedule& schedule_;
  std::uint64_t budget_;
  std::vector<Event> events_;
  Symbols symbols_;
};

}  // namespace octrain::testing
