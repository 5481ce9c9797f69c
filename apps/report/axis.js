// The one axis that all drawings share: which part of it is seen, in nanoseconds or in steps (runs of ops).

class Axis {
  constructor(timelines) {
    this.timelines = timelines;
    this.changed = () => {};
    this.setUnit('time');
  }
  get seen() { return this.last - this.first; }
  setUnit(unit) {
    this.unit = unit;
    this.length = Math.max(1, ...this.timelines.map((line) => unit === 'time' ? line.duration : line.steps));
    this.reset();
  }
  reset() { this.show(0, this.length); }
  show(first, last) {
    const least = this.unit === 'time' ? 1000 : 2;
    const seen = Math.min(this.length, Math.max(last - first, least));
    this.first = Math.min(Math.max(0, first), this.length - seen);
    this.last = this.first + seen;
    this.changed();
  }
  /// `share`: of what is seen, where it stays.
  zoom(factor, share = 0.5) {
    const fixed = this.first + share * this.seen, seen = this.seen / factor;
    this.show(fixed - share * seen, fixed + (1 - share) * seen);
  }
  pan(share) { this.show(this.first + share * this.seen, this.last + share * this.seen); }
  /// Places of a timeline's times and steps, from 0 to 1 where they are seen.
  ofTime(timeline, time) { return this.share(this.unit === 'time' ? time : timeline.stepOf(time)); }
  ofStep(timeline, step) { return this.share(this.unit === 'time' ? timeline.timeOf(step) : step); }
  share(value) { return (value - this.first) / this.seen; }
  timeAt(timeline, share) {
    const value = this.first + share * this.seen;
    return this.unit === 'time' ? value : value > timeline.steps ? Infinity : timeline.timeOf(value);
  }
  stepAt(timeline, share) {
    const value = this.first + share * this.seen;
    return this.unit === 'time' ? timeline.stepOf(value) : value;
  }
  /// Round values that are seen, at most so many.
  marks(count) {
    const raw = this.seen / Math.max(1, count), power = 10 ** Math.floor(Math.log10(raw));
    let gap = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= raw);
    if (this.unit === 'op') gap = Math.max(1, Math.round(gap));
    const values = [];
    for (let value = Math.ceil(this.first / gap) * gap; value <= this.last; value += gap) values.push(value);
    return {values, gap};
  }
  text(value, gap) {
    if (this.unit === 'op') return String(Math.round(value));
    const [size, unit] = this.length >= 1e9 && gap >= 1e6 ? [1e9, 's'] : this.length >= 1e6 && gap >= 1e3 ? [1e6, 'ms']
                                                                                                : [1e3, '\u00b5s'];
    const places = Math.max(0, Math.ceil(-Math.log10(gap / size) - 1e-9));
    return `${(value / size).toFixed(places)} ${unit}`;
  }
}
