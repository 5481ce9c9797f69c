#include "train_log.h"

#include <unistd.h>

#include <utility>

#include "octrain/runtime/error.h"

namespace octrain::apps {

namespace {

LogTime now() { return std::chrono::system_clock::now(); }

}  // namespace

TrainLog::TrainLog(const LogOptions& options)
    : file_(options.file),
      lines_(options.format == LogFormat::caffe ? make_caffe_lines(::getpid()) : make_jsonl_lines()) {}

void TrainLog::start(LogStart start, bool goes_on, std::function<void(const std::string&)> warn) {
  warn_ = std::move(warn);
  next_iteration_ = start.iteration;
  if (goes_on)
    file_.cut_partial_line();
  else
    file_.clear();
  start.file_is_empty = file_.empty();
  file_.add(lines_->start(now(), start));
}

void TrainLog::iteration(const runtime::IterationRecord& record) {
  next_iteration_ = record.iteration + 1;
  add(lines_->iteration(now(), record));
}

void TrainLog::test(const runtime::TestRecord& record) { add(lines_->test(now(), record)); }

void TrainLog::planned_again(const advisor::Advice& plan, std::uint64_t arena_bytes) {
  add(lines_->planned_again(now(), {next_iteration_, plan, arena_bytes}));
}

/// A full disk is no reason to lose a training of hours.
void TrainLog::add(const std::string& lines) {
  try {
    file_.add(lines);
  } catch (const runtime::IoError& error) {
    if (std::exchange(warned_, true)) return;
    warn_(std::string("warning: ") + error.what() +
          "; training goes on, and the log lacks what cannot be written");
  }
}

}  // namespace octrain::apps
