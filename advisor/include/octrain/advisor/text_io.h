// CSV text forms of schedule and plan (docs/formats.md), and of a packing problem. Readers accept any stream;
// errors name the line.
#pragma once

#include <istream>
#include <ostream>
#include <stdexcept>
#include <string>

#include "octrain/advisor/packing.h"
#include "octrain/advisor/plan.h"
#include "octrain/advisor/schedule.h"

namespace octrain::advisor {

/// Malformed text. what() is "line N: expected …, found …; …".
class TextError : public std::runtime_error {
 public:
  TextError(std::size_t line, const std::string& message);
  [[nodiscard]] std::size_t line() const { return line_; }

 private:
  std::size_t line_;
};

void write_schedule(std::ostream& out, const Schedule& schedule);
[[nodiscard]] Schedule read_schedule(std::istream& in);
void write_plan(std::ostream& out, const Plan& plan);
/// Indices are not checked against a schedule here: check() does that.
[[nodiscard]] Plan read_plan(std::istream& in);

/// `id,lower,upper,size` as minimalloc reads it: the columns in any order; a column `offset` is skipped.
[[nodiscard]] PackingProblem read_packing(std::istream& in);
/// The problem with a further column `offset`.
void write_packing(std::ostream& out, const PackingProblem& problem, const PackingSolution& solution);

}  // namespace octrain::advisor
