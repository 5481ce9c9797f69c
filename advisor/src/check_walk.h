// The checker's walk: what is resident and which contents are where, action by action. Private to check.cpp.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "octrain/advisor/check.h"

namespace octrain::advisor {

/// Collects verdicts; what the first iteration showed is not told again of the second.
class Verdicts {
 public:
  Verdicts(const Schedule& schedule, std::vector<Verdict>& verdicts)
      : schedule_(schedule), verdicts_(verdicts) {}

  void begin_warm_iteration() { first_iteration_ = false; }
  /// `where` is the phrase that places the defect, e.g. "after op 3 'conv1'"; `why` may add what went wrong.
  void add(Defect defect, OpIndex op, std::uint32_t target, const std::string& message,
           std::uint64_t excess_bytes = 0);
  [[nodiscard]] std::string op_text(OpIndex op) const;
  [[nodiscard]] std::string tensor_text(TensorId tensor) const;

 private:
  const Schedule& schedule_;
  std::vector<Verdict>& verdicts_;
  std::set<std::tuple<Defect, OpIndex, std::uint32_t>> seen_;
  bool first_iteration_ = true;
};

/// Where the plan places each tensor, if it does.
using Offsets = std::vector<std::optional<std::uint64_t>>;

/// Does op `op` write `pair.written` on the very bytes of `pair.read`, as the schedule offers?
[[nodiscard]] bool lies_in_place(const Schedule& schedule, OpIndex op, const Overwrite& pair,
                                 const Offsets& offsets);

[[nodiscard]] Offsets check_placements(const Schedule& schedule, const Plan& plan, Verdicts& verdicts);

/// Who holds which bytes of the arena: from being brought, written or on the host at the start until it is
/// discarded, freed or overwritten in place. (Not until its contents are dead: the runtime may still be
/// carrying them away.)
class Holders {
 public:
  Holders(const Schedule& schedule, Offsets offsets);
  [[nodiscard]] const Offsets& offsets() const { return offsets_; }
  /// One that holds some of the tensor's bytes in its stead.
  [[nodiscard]] std::optional<TensorId> in_the_way(TensorId tensor) const;
  /// From now on; nobody may be in the way.
  void take(TensorId tensor);
  void give_up(TensorId tensor);

 private:
  [[nodiscard]] bool holds(TensorId tensor) const;
  const Schedule& schedule_;
  Offsets offsets_;
  std::map<std::uint64_t, TensorId> by_offset_;  // no two of them share a byte
};

class Walk {
 public:
  /// `plan` holds known ids only.
  Walk(const Schedule& schedule, const Plan& plan, Offsets offsets, std::uint64_t budget_bytes,
       Verdicts& verdicts);
  /// Runs one iteration from the state that the last one left (none before the first).
  void iterate();
  [[nodiscard]] std::uint64_t peak_bytes() const { return peak_; }

 private:
  static constexpr OpIndex kInitial =
      std::numeric_limits<OpIndex>::max();  // contents from before the iteration

  struct State {
    bool resident = false;
    bool device_valid = false;
    bool host_valid = false;
    OpIndex writer = kInitial;  // the op whose result the contents are
  };
  struct Use {
    std::size_t run = 0;  // counts every run of an op in an iteration from 1, recomputed ones too
    bool reads = false;
  };

  void index_uses();
  void expect_writers();
  void begin_iteration();
  void apply(const Action& action);
  void bring(const Action& action);
  void let_go(const Action& action);
  void recompute(const Action& action);
  bool can_recompute(const Action& action);
  void run_op(OpIndex op);
  void read(OpIndex op, TensorId tensor, OpIndex expected_writer);
  void write(OpIndex op, OpIndex at);
  void take_places(OpIndex op);
  void allocate(TensorId tensor, OpIndex at);
  void take_bytes(TensorId tensor, OpIndex at);
  void set_host_valid(TensorId tensor, bool valid);
  void release(TensorId tensor);
  void measure(OpIndex at, std::uint32_t target, std::uint64_t workspace_bytes);
  [[nodiscard]] bool read_later(TensorId tensor) const;
  [[nodiscard]] bool holds(TensorId tensor, OpIndex expected_writer) const;
  [[nodiscard]] bool pure_write(OpIndex op, TensorId tensor) const;

  const Schedule& schedule_;
  PlanIndex index_;
  std::uint64_t budget_;
  Verdicts& verdicts_;
  std::vector<State> states_;
  Holders holders_;
  std::vector<bool> starts_on_host_;           // contents are there when the iteration begins
  std::vector<std::vector<Use>> uses_;         // by tensor, in run order
  std::vector<std::vector<OpIndex>> writers_;  // [op][i]: whose result the op's i-th read expects
  std::size_t run_ = 0;                        // of this iteration, so far
  std::uint64_t used_ = 0;
  std::uint64_t peak_ = 0;
};

}  // namespace octrain::advisor
