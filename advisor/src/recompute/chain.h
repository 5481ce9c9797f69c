// The cheapest way through a chain of stages in a given memory, by dynamic programming. It generalises
// Revolve (Griewank and Walther 2000) as rotor does (Beaumont et al. 2019): stages of any time and size,
// which may save inner values or only what goes in, and whose backward part may read what goes in, what comes
// out, or both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "stages.h"

namespace octrain::advisor {

/// Memory is counted in `slots` units; every size is rounded up. Best among the ways that keep a value from
/// when it is made until it has been used for the last time, or until its stage's turn.
class ChainPlan {
 public:
  ChainPlan(std::vector<Stage> stages, std::uint64_t most_bytes, std::size_t slots);

  [[nodiscard]] std::size_t slots() const { return slots_; }
  [[nodiscard]] bool feasible(std::size_t room) const { return first_[0][room] < kNever; }
  /// What the reruns take, if feasible.
  [[nodiscard]] std::uint64_t ns(std::size_t room) const { return first_[0][room]; }
  /// In the order in which they happen.
  [[nodiscard]] std::vector<Rerun> reruns(std::size_t room) const;

 private:
  using Row = std::vector<std::uint64_t>;  // [slots]: the least time
  /// One way to go on from x(l): run stages up to `stage`, save that one or keep only what comes out of it,
  /// go on from there to the end, and then do what lies in between.
  struct Choice {
    std::size_t stage = 0;
    const StageSave* save = nullptr;  // nothing: only what comes out
    const StageRun* run = nullptr;    // how the saved values are made again; nothing: they need not be
    bool sweeps = false;         // runs the stages in front of `stage` (and that one, if it is not saved)
    const Row* right = nullptr;  // the rest, with this much less room
    std::size_t held = 0;
    const Row* left = nullptr;  // what lies in between
    std::size_t left_end = 0;   // its last stage
    bool left_keeps = false;    // what comes out of that one is still there
    std::uint64_t ns = 0;
    std::size_t need = 0;
  };
  static constexpr std::uint64_t kNever = std::uint64_t{1} << 62;

  [[nodiscard]] std::size_t units(std::uint64_t bytes) const;
  [[nodiscard]] const Row& again(std::size_t l, std::size_t r, bool keeps) const {
    return again_[((l * (stages_.size() + 1)) + r) * 2 + (keeps ? 1 : 0)];
  }
  /// Stages l+1 to r (counted from 1) once more, when x(l) is there and stage r's turn has come; with `keeps`
  /// x(r) is there too.
  template <class Visit>
  void choices_again(std::size_t l, std::size_t r, bool keeps, const Visit& visit) const;
  /// Stages l+1 to the last for the first time.
  template <class Visit>
  void choices_first(std::size_t l, const Visit& visit) const;
  template <class Visit>
  void choices_between(std::size_t l, Choice choice, const Visit& visit) const;
  static void take_best(Row& row, const Choice& choice);
  [[nodiscard]] static std::uint64_t value(const Choice& choice, std::size_t room);

  void emit_again(std::size_t l, std::size_t r, bool keeps, std::size_t room, std::vector<Rerun>& out) const;
  void emit_first(std::size_t l, std::size_t room, std::vector<Rerun>& out) const;
  void emit_left(std::size_t l, const Choice& choice, std::size_t room, std::vector<Rerun>& out) const;

  std::vector<Stage> stages_;
  std::size_t slots_;
  std::uint64_t unit_bytes_;
  std::vector<Row> again_;
  std::vector<Row> first_;
};

}  // namespace octrain::advisor
