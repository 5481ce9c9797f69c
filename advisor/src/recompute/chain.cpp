#include "chain.h"

#include <algorithm>
#include <utility>

namespace octrain::advisor {

ChainPlan::ChainPlan(std::vector<Stage> stages, std::uint64_t most_bytes, std::size_t slots)
    : stages_(std::move(stages)),
      slots_(slots),
      unit_bytes_(most_bytes / slots + (most_bytes % slots != 0 ? 1 : 0)) {
  unit_bytes_ = std::max<std::uint64_t>(1, unit_bytes_);
  slots_ = static_cast<std::size_t>(most_bytes / unit_bytes_);
  const std::size_t n = stages_.size();
  again_.resize((n + 1) * (n + 1) * 2);
  first_.assign(n + 1, Row(slots_ + 1, kNever));
  for (std::size_t length = 1; length <= n; ++length) {
    for (std::size_t l = 0; l + length <= n; ++l) {
      const std::size_t r = l + length;
      for (const bool keeps : {false, true}) {
        Row best(slots_ + 1, kNever);
        choices_again(l, r, keeps, [&](const Choice& choice) { take_best(best, choice); });
        again_[((l * (n + 1)) + r) * 2 + (keeps ? 1 : 0)] = std::move(best);
      }
    }
  }
  for (std::size_t l = n; l-- > 0;) {
    choices_first(l, [&](const Choice& choice) { take_best(first_[l], choice); });
  }
}

std::size_t ChainPlan::units(std::uint64_t bytes) const {
  return static_cast<std::size_t>(bytes / unit_bytes_ + (bytes % unit_bytes_ != 0 ? 1 : 0));
}

std::uint64_t ChainPlan::value(const Choice& choice, std::size_t room) {
  std::uint64_t ns = choice.ns;
  if (choice.right != nullptr) ns += (*choice.right)[room - choice.held];
  if (choice.left != nullptr) ns += (*choice.left)[room];
  return std::min(ns, kNever);
}

void ChainPlan::take_best(Row& row, const Choice& choice) {
  for (std::size_t room = std::max(choice.need, choice.held); room < row.size(); ++room) {
    row[room] = std::min(row[room], value(choice, room));
  }
}

/// `choice` keeps only what comes out of its stage: what lies in between may begin with that or without.
template <class Visit>
void ChainPlan::choices_between(std::size_t l, Choice choice, const Visit& visit) const {
  choice.left_end = choice.stage;
  for (const bool keeps : {false, true}) {
    if (keeps && !stages_[choice.stage - 1].reads_own) continue;
    choice.left_keeps = keeps;
    choice.left = &again(l, choice.stage, keeps);
    visit(choice);
  }
}

template <class Visit>
void ChainPlan::choices_again(std::size_t l, std::size_t r, bool keeps, const Visit& visit) const {
  const Stage& last = stages_[r - 1];
  const std::uint64_t base = last.base_bytes + (keeps ? last.out_bytes : 0);
  std::uint64_t sweep_ns = 0, sweep_bytes = 0;
  for (std::size_t s = l + 1; s <= r; ++s) {
    const Stage& stage = stages_[s - 1];
    const bool with_in = s > l + 1;
    const auto bytes = [&](const StageRun& run) { return with_in ? run.bytes_with_in : run.bytes; };
    for (const StageSave& save : stage.saves) {
      if (with_in && save.reads_in) continue;  // that way keeps x(s-1): another choice
      Choice choice{s, &save, s == r ? &save.alone[keeps ? 1 : 0] : &save.along, true};
      choice.ns = sweep_ns + choice.run->ns + save.late_ns;
      const std::uint64_t run_bytes = bytes(*choice.run) + (s == r ? last.base_bytes : base);
      choice.need = units(std::max({sweep_bytes, run_bytes, save.back_bytes}));
      if (s < r) {
        choice.right = &again(s, r, keeps);
        choice.held = units(save.held_bytes + stage.out_bytes);
      }
      choice.left_end = s - 1;
      if (with_in) choice.left = &again(l, s - 1, false);
      visit(choice);
    }
    if (s == r) break;
    sweep_ns += stage.forward.ns;
    sweep_bytes = std::max(sweep_bytes, bytes(stage.forward) + base);
    Choice choice{s, nullptr, nullptr, true};
    choice.ns = sweep_ns;
    choice.need = units(sweep_bytes);
    choice.right = &again(s, r, keeps);
    choice.held = units(stage.out_bytes);
    choices_between(l, choice, visit);
  }
  const StageSave& save = last.saves.front();
  if (r > l + 1 && save.alone[keeps ? 1 : 0].ops.empty() && !save.reads_in) {
    Choice choice{r, &save};  // nothing is missing
    choice.need = units(save.back_bytes);
    choice.left = &again(l, r - 1, false);
    choice.left_end = r - 1;
    visit(choice);
  }
}

template <class Visit>
void ChainPlan::choices_first(std::size_t l, const Visit& visit) const {
  const std::size_t n = stages_.size();
  std::uint64_t sweep_bytes = 0;
  for (std::size_t s = l + 1; s <= n; ++s) {
    const Stage& stage = stages_[s - 1];
    const bool with_in = s > l + 1;
    for (const StageSave& save : stage.saves) {
      if (with_in && save.reads_in) continue;
      Choice choice{s, &save};
      choice.ns = save.late_ns;
      const std::uint64_t run_bytes = with_in ? save.first_bytes_with_in : save.first_bytes;
      choice.need = units(std::max({sweep_bytes, run_bytes, save.back_bytes}));
      if (s < n) {
        choice.right = &first_[s];
        choice.held = units(save.held_bytes + stage.out_bytes);
      }
      choice.left_end = s - 1;
      if (with_in) choice.left = &again(l, s - 1, false);
      visit(choice);
    }
    if (s == n) break;
    sweep_bytes = std::max(sweep_bytes, with_in ? stage.first_bytes_with_in : stage.first_bytes);
    Choice choice{s};
    choice.need = units(sweep_bytes);
    choice.right = &first_[s];
    choice.held = units(stage.out_bytes);
    choices_between(l, choice, visit);
  }
}

std::vector<Rerun> ChainPlan::reruns(std::size_t room) const {
  std::vector<Rerun> out;
  if (!stages_.empty() && feasible(room)) emit_first(0, room, out);
  return out;
}

void ChainPlan::emit_left(std::size_t l, const Choice& choice, std::size_t room,
                          std::vector<Rerun>& out) const {
  if (choice.save != nullptr) out.insert(out.end(), choice.save->late.begin(), choice.save->late.end());
  if (choice.left != nullptr) emit_again(l, choice.left_end, choice.left_keeps, room, out);
}

void ChainPlan::emit_first(std::size_t l, std::size_t room, std::vector<Rerun>& out) const {
  Choice taken;
  choices_first(l, [&](const Choice& choice) {
    const bool fits = std::max(choice.need, choice.held) <= room;
    if (taken.stage == 0 && fits && value(choice, room) == first_[l][room]) taken = choice;
  });
  if (taken.right != nullptr) emit_first(taken.stage, room - taken.held, out);
  emit_left(l, taken, room, out);
}

void ChainPlan::emit_again(std::size_t l, std::size_t r, bool keeps, std::size_t room,
                           std::vector<Rerun>& out) const {
  Choice taken;
  choices_again(l, r, keeps, [&](const Choice& choice) {
    const bool fits = std::max(choice.need, choice.held) <= room;
    if (taken.stage == 0 && fits && value(choice, room) == again(l, r, keeps)[room]) taken = choice;
  });
  const OpIndex before = stages_[r - 1].back_first;
  const auto emit = [&](const StageRun& run) {
    for (const OpIndex op : run.ops) out.push_back({before, op});
  };
  const std::size_t unsaved = taken.save == nullptr ? taken.stage : taken.stage - 1;
  for (std::size_t s = l + 1; taken.sweeps && s <= unsaved; ++s) emit(stages_[s - 1].forward);
  if (taken.run != nullptr) emit(*taken.run);
  if (taken.right != nullptr) emit_again(taken.stage, r, keeps, room - taken.held, out);
  emit_left(l, taken, room, out);
}

}  // namespace octrain::advisor
