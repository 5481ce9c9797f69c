// A trace in the trace event format: a JSON object with an array of events, each an object of one line.
#pragma once

#include <span>

#include "atomic_file.h"
#include "octrain/runtime/trace.h"

namespace octrain::runtime {

/// The first `written` iterations, and what began before their end. Throws IoError.
void write_trace_events(AtomicFile& file, const advisor::Schedule& schedule,
                        std::span<const Trace::Iteration> iterations, std::uint64_t written,
                        const TransferLog& log);

}  // namespace octrain::runtime
