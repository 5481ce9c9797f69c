"""The data of a report of many tensors and ops, and a page that shows it."""

import json
import re


def large_data(tensors=10_000, ops=5_000):
    """A network of two passes: each op writes two tensors that the other half of the ops reads in reverse order; what
    lies long in between goes to the host and comes back."""
    half = ops // 2
    counts, steps, states, causes, at = [], [], [], [], []
    lanes = [dict(start=[], duration=[], bytes=[], tensor=[]) for _ in range(6)]
    for tensor in range(tensors):
        born = tensor * half // tensors
        dies = ops - 1 - born
        away, back = born + 3, dies - 4
        changes = [(0, 0, 0, 0)] if born > 0 else []
        changes.append((born, 1, 5, born))
        if back - away > 200 and tensor % 3 != 2:
            changes += [(away, 4, 2, away - 1), (back, 1, 1, back)]
            for lane, op in ((1, away), (0, back)):
                lanes[lane]["start"].append(op * 100_000 + tensor % 7)
                lanes[lane]["duration"].append(60_000)
                lanes[lane]["bytes"].append(2 << 20)
                lanes[lane]["tensor"].append(tensor)
        elif tensor % 3 == 2:
            changes += [(away, 0, 3, away - 1), (back, 2, 6, back)]
        changes.append((dies + 1, 0, 3, dies))
        changes = [change for change in changes if change[0] < ops]
        counts.append(len(changes))
        for step, state, cause, op in changes:
            steps.append(step)
            states.append(state)
            causes.append(cause)
            at.append(op)
    names = ["prefetch", "evict", "evict for room", "reserve", "drop", "faults"]
    timeline = {
        "iteration": 5, "duration_ns": ops * 100_000, "budget_bytes": 8 << 30, "driver_moves": False,
        "steps": {"op": list(range(ops)), "again": [int(op % 50 == 49) for op in range(ops)],
                  "start_delta_ns": [0] + [100_000] * (ops - 1), "stall_ns": [10_000 * (op % 3) for op in range(ops)],
                  "run_ns": [70_000] * ops,
                  "resident_bytes": [min(op, ops - op) * (3 << 20) for op in range(ops)]},
        "states": {"count": counts, "step": steps, "state": states, "cause": causes, "op": at},
        "lanes": [lane_json(name, lane) for name, lane in zip(names, lanes)],
        "resident": {"time_delta_ns": [0] + [100_000] * (ops - 1),
                     "bytes": [min(op, ops - op) * (3 << 20) + (op % 5 << 21) for op in range(ops)]},
    }
    schedule = {"tensors": [f"stage{t % 16}.block{t // 16}.activation" for t in range(tensors)],
                "bytes": [2 << 20] * tensors, "roles": [3] * tensors,
                "ops": [f"layer{op}.{'forward' if op < half else 'backward'}" for op in range(ops)],
                "phases": [0 if op < half else 1 for op in range(ops)]}
    return {"title": "ten thousand tensors", "command": "tests/report_page/large_report.py",
            "facts": [["tensors", str(tensors)], ["ops", str(ops)]], "table": [["iteration"], ["5"]],
            "schedules": [schedule], "cells": [{"name": "um", "schedule": 0, "timeline": timeline}]}


def lane_json(name, lane):
    order = sorted(range(len(lane["start"])), key=lambda i: lane["start"][i])
    starts = [lane["start"][i] for i in order]
    deltas = [b - a for a, b in zip([0] + starts, starts)]
    return {"name": name, "start_delta_ns": deltas, "duration_ns": [lane["duration"][i] for i in order],
            "bytes": [lane["bytes"][i] for i in order], "tensor": [lane["tensor"][i] for i in order]}


def with_data(page, data):
    """The page with other data in it."""
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return re.sub(r'(<script type="application/json" id="data">).*?(</script>)',
                  lambda match: match.group(1) + text + match.group(2), page, count=1, flags=re.S)
