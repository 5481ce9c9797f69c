'use strict';
// What the data says, in arrays that can be searched (docs/formats.md, "Report page").

const kStates = [
  {name: 'dead', text: 'contents dead, no bytes'},
  {name: 'resident', text: 'on the device'},
  {name: 'recomputed', text: 'on the device, recomputed'},
  {name: 'partial', text: 'partly on the device, partly on the host'},
  {name: 'host', text: 'on the host'},
  {name: 'held', text: 'contents dead, bytes still held'},
];
const [kDead, kResident, kRecomputed, kPartial, kHost, kHeld] = kStates.keys();
const kRoles = ['input', 'weight', 'gradient', 'activation', 'state', 'workspace'];
const kPhases = ['forward', 'backward', 'update'];

function formatBytes(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.length; ++unit) bytes /= 1024;
  return `${unit === 0 || bytes >= 1000 ? Math.round(bytes) : bytes.toPrecision(3)} ${units[unit]}`;
}

function formatTime(ns) {
  const size = Math.abs(ns);
  if (size >= 1e9) return `${(ns / 1e9).toPrecision(4)} s`;
  if (size >= 1e6) return `${(ns / 1e6).toPrecision(4)} ms`;
  return size >= 1e3 ? `${(ns / 1e3).toPrecision(4)} \u00b5s` : `${Math.round(ns)} ns`;
}

function summed(deltas) {
  let value = 0;
  return Float64Array.from(deltas, (delta) => value += delta);
}

/// The last index whose value is at most `value`; -1 if there is none. From `first` to before `end`.
function lastAtMost(sorted, value, first = 0, end = sorted.length) {
  while (first < end) {
    const middle = (first + end) >> 1;
    if (sorted[middle] <= value) first = middle + 1; else end = middle;
  }
  return first - 1;
}

class Lane {
  constructor(name, json) {
    this.name = name;
    this.start = summed(json.start_delta_ns);
    this.end = Float64Array.from(json.duration_ns, (duration, i) => this.start[i] + duration);
    this.bytes = json.bytes;
    this.tensor = json.tensor;
    this.longest = json.duration_ns.reduce((most, duration) => Math.max(most, duration), 0);
  }
  /// The first slice that may still be under way at a time.
  firstAt(time) { return Math.max(0, lastAtMost(this.start, time - this.longest)); }
}

/// One recorded iteration. `names`: of its schedule.
class Timeline {
  constructor(json, names) {
    this.names = names;
    this.iteration = json.iteration;
    this.budget = json.budget_bytes;
    this.driverMoves = json.driver_moves;
    this.op = json.steps.op;
    this.again = json.steps.again;
    this.stall = json.steps.stall_ns;
    this.steps = this.op.length;
    this.start = summed(json.steps.start_delta_ns);  // of waiting
    this.runs = Float64Array.from(this.stall, (stall, i) => this.start[i] + stall);
    this.end = Float64Array.from(json.steps.run_ns, (ns, i) => this.runs[i] + ns);
    this.duration = Math.max(json.duration_ns, this.end[this.steps - 1]);
    this.byStates = json.steps.resident_bytes;
    this.lanes = json.lanes.map((lane) => new Lane(lane.name, lane));
    this.sampleTime = summed(json.resident.time_delta_ns);
    this.sampleBytes = json.resident.bytes;
    this.step = Int32Array.from(json.states.step);
    this.state = Uint8Array.from(json.states.state);
    this.cause = Uint8Array.from(json.states.cause);
    this.at = json.states.op;
    let end = 0;
    this.first = Int32Array.from([0, ...json.states.count].map((count) => end += count));
    this.most = Math.max(this.budget, largest(this.byStates), largest(this.sampleBytes));
  }
  /// Steps as times and back; between two of them in proportion.
  timeOf(step) {
    const whole = Math.min(Math.max(Math.floor(step), 0), this.steps);
    const start = this.startOf(whole);
    return whole >= this.steps ? start : start + (step - whole) * (this.startOf(whole + 1) - start);
  }
  startOf(step) { return step >= this.steps ? this.duration : step <= 0 ? 0 : this.start[step]; }
  stepOf(time) {
    const step = Math.max(0, lastAtMost(this.start, time));
    const start = this.startOf(step), length = this.startOf(step + 1) - start;
    return step + (length > 0 ? Math.min(1, Math.max(0, (time - start) / length)) : 0);
  }
  opName(op) { return `op ${op} (${this.names.ops[op]})`; }
  tensorName(tensor) {
    if (tensor === 4294967295) return 'unknown';
    return tensor < this.names.tensors.length ? this.names.tensors[tensor] : 'workspace';
  }
  /// Why a state began.
  reason(change) {
    const op = this.opName(this.at[change]);
    switch (this.cause[change]) {
      case 0: return 'so it was when the iteration began';
      case 1: return this.state[change] === kHeld ? `room reserved by the plan (prefetch) before ${op}`
                                                  : `prefetched by the plan before ${op}`;
      case 2: return `evicted by the plan after ${op}`;
      case 3: return `discarded by the plan after ${op}`;
      case 4: return `freed by the plan after ${op}`;
      case 5: return `written by ${op}`;
      case 6: return `computed once more, for ${op}`;
      case 7: return `brought by a fault in ${op}`;
      case 8: return `evicted for want of room during ${op}`;
      case 9: return `not read again after ${op}`;
      default: return `its bytes were taken over in place by ${op}`;
    }
  }
}

function largest(values) { return values.reduce((most, value) => Math.max(most, value), 0); }

/// All that the page shows.
function readData() {
  const data = JSON.parse(document.getElementById('data').textContent);
  for (const cell of data.cells)
    if (cell.timeline) cell.timeline = new Timeline(cell.timeline, data.schedules[cell.schedule || 0]);
  return data;
}
