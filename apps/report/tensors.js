// A row a tensor, and in it where the tensor was.

const kTensorsHeight = 520, kMostRowHeight = 24;

class TensorsView {
  constructor(canvas, axis) {
    this.surface = new Surface(canvas);
    this.axis = axis;
    this.order = [];
    this.top = 0;     // of the rows, how many are above what is seen
    this.chosen = 0;  // place in the order
    this.change = -1;  // of the chosen tensor's states, the one that the keys stand at
  }
  show(timeline) { this.line = timeline; }
  get height() {
    return this.line ? Math.min(kTensorsHeight, kRulerHeight + 4 + kMostRowHeight * this.line.names.tensors.length) : 60;
  }
  get room() { return this.height - kRulerHeight; }
  /// So high that all rows can be seen, if that is not too high.
  get leastRowHeight() { return Math.min(kMostRowHeight, this.room / Math.max(1, this.order.length)); }
  arrange(by, find) {
    const {line} = this, count = line.names.tensors.length, wanted = find.toLowerCase();
    const places = [...Array(count).keys()].filter((tensor) => !wanted || line.names.tensors[tensor].toLowerCase().includes(wanted));
    if (by === 'size') places.sort((a, b) => line.names.bytes[b] - line.names.bytes[a] || a - b);
    if (by === 'name') places.sort((a, b) => line.names.tensors[a].localeCompare(line.names.tensors[b], 'en', {numeric: true}) || a - b);
    if (by === 'use') {
      const uses = places.map((tensor) => [this.firstUse(tensor), tensor]);
      uses.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      uses.forEach(([, tensor], place) => places[place] = tensor);
    }
    this.order = places;
    this.top = this.chosen = 0;
    this.change = -1;
    this.setHeight(this.share || 0);
  }
  /// The first step at which it is on the device.
  firstUse(tensor) {
    const {line} = this;
    for (let i = line.first[tensor]; i < line.first[tensor + 1]; ++i)
      if (line.state[i] !== kDead && line.state[i] !== kHost && line.state[i] !== kHeld) return line.step[i];
    return line.steps;
  }
  /// `share` 0: all rows at once; 1: rows as high as text.
  setHeight(share) {
    this.share = share;
    const least = this.leastRowHeight;
    this.rowHeight = least * (Math.max(least, 16) / least) ** share;
    this.scroll(0);
  }
  scroll(rows) {
    this.top = Math.min(Math.max(0, this.top + rows), Math.max(0, this.order.length - this.room / this.rowHeight));
  }
  draw() {
    const {surface, line} = this;
    surface.begin(this.height);
    if (!line) return surface.text('No iteration was recorded.', 12, 30, surface.theme.fore);
    surface.ruler(this.axis);
    const step = Math.max(this.rowHeight, 1);
    const rows = Math.min(this.order.length - Math.floor(this.top), Math.ceil(this.room / this.rowHeight) + 1);
    const begin = kRulerHeight - (this.top % 1) * this.rowHeight;
    surface.inside(kRulerHeight, () => {
      for (let y = 0; y < rows * this.rowHeight; y += step)
        this.drawRow(this.order[Math.floor(this.top) + Math.floor(y / this.rowHeight + 1e-9)], begin + y, step);
    });
    this.drawNames(begin, rows);
    this.drawScroll();
    if (this.order.length > 0) this.drawCursor();
  }
  /// Rows by the states' tiles; whatever is narrower than half a pixel is left to its neighbour.
  drawRow(tensor, y, height) {
    if (tensor === undefined) return;
    const {surface, line, axis} = this, {context} = surface;
    const from = line.first[tensor], end = line.first[tensor + 1];
    const gap = height >= 6 ? 1 : 0, first = axis.stepAt(line, 0);
    let i = Math.max(from, lastAtMost(line.step, first, from, end));
    let left = surface.x(axis.ofStep(line, line.step[i]));
    for (; i < end && left < surface.width; ++i) {
      const right = surface.x(axis.ofStep(line, i + 1 < end ? line.step[i + 1] : line.steps));
      if (right - left < 0.5 && i + 1 < end) continue;
      const state = line.state[i];
      if (state === kDead) {
        if (height >= 6) {
          context.fillStyle = surface.theme.line;
          context.fillRect(left, y + height / 2, right - left, 0.6);
        }
      } else {
        const thin = state === kHeld || state === kHost ? 0.22 * height : 0;  // lower: not of use to any op now
        context.fillStyle = height >= 4 ? surface.fills[state] : kColours[state];
        context.fillRect(left, y + thin, Math.max(0.5, right - left - (right - left > 4 ? 0.5 : 0)), height - gap - 2 * (height >= 6 ? thin : 0));
      }
      left = right;
    }
  }
  drawNames(begin, rows) {
    const every = Math.max(1, Math.ceil(13 / this.rowHeight)), {surface, line} = this;
    for (let row = 0; row < rows; ++row) {
      const place = Math.floor(this.top) + row, y = begin + (row + 0.5) * this.rowHeight;
      if (place % every !== 0 || y < kRulerHeight + 4 || y > this.height - 4) continue;
      surface.text(line.names.tensors[this.order[place]], kGutter - 14, y, surface.theme.fore, kGutter - 20, 'right');
    }
  }
  drawScroll() {
    const shown = this.room / this.rowHeight / Math.max(1, this.order.length);
    if (shown >= 1) return;
    const {context, theme: colours} = this.surface;
    context.fillStyle = colours.line;
    context.fillRect(kGutter - 9, kRulerHeight, 5, this.room);
    context.fillStyle = colours.faint;
    context.fillRect(kGutter - 9, kRulerHeight + this.top / this.order.length * this.room, 5, Math.max(8, shown * this.room));
  }
  drawCursor() {
    const {surface} = this, {context} = surface;
    if (document.activeElement !== surface.canvas) return;
    const y = kRulerHeight + (this.chosen - this.top) * this.rowHeight, height = Math.max(3, this.rowHeight);
    context.strokeStyle = surface.theme.focus;
    context.lineWidth = 2;
    context.strokeRect(1, y - 1, surface.width - 2, height + 1);
    if (this.change < 0) return;
    const x = surface.x(this.axis.ofStep(this.line, this.line.step[this.change]));
    surface.inside(kRulerHeight, () => context.strokeRect(x - 1, y - 4, 3, height + 7));
  }
  rowAt(y) {
    const row = Math.floor(this.top + (y - kRulerHeight) / this.rowHeight);
    return this.line && y >= kRulerHeight && row >= 0 && row < this.order.length ? row : -1;
  }
  changeAt(row, share) {
    const tensor = this.order[row], {line} = this;
    const step = Math.max(0, this.axis.stepAt(line, share));
    if (step > line.steps || this.axis.timeAt(line, share) > line.duration) return -1;  // behind its end
    return lastAtMost(line.step, step, line.first[tensor], line.first[tensor + 1]);
  }
  tell(row, change) {
    const tensor = this.order[row], {line} = this;
    const text = `${line.names.tensors[tensor]}\n${formatBytes(line.names.bytes[tensor])}, ${kRoles[line.names.roles[tensor]]}`;
    if (change < line.first[tensor]) return text;
    const last = change + 1 < line.first[tensor + 1] ? line.step[change + 1] : line.steps;
    const begin = line.startOf(line.step[change]), length = line.startOf(last) - begin;
    return `${text}\n${kStates[line.state[change]].text}: ${line.reason(change)}\n` +
      `for ${last - line.step[change]} of ${line.steps} runs of ops, from ${formatTime(begin)} for ${formatTime(length)}`;
  }
  /// The keys go to another row, or to another state in it.
  moveRow(rows) {
    this.chosen = Math.min(this.order.length - 1, Math.max(0, this.chosen + rows));
    this.change = -1;
    const seen = this.room / this.rowHeight;
    if (this.chosen < this.top) this.scroll(this.chosen - this.top);
    if (this.chosen + 1 > this.top + seen) this.scroll(this.chosen + 1 - this.top - seen);
  }
  moveState(direction) {
    const tensor = this.order[this.chosen], first = this.line.first[tensor], end = this.line.first[tensor + 1];
    const next = this.change < 0 ? first : this.change + direction;
    this.change = Math.min(end - 1, Math.max(first, next));
    const share = this.axis.ofStep(this.line, this.line.step[this.change]);
    if (share < 0 || share > 1) this.axis.pan(share - 0.3);
  }
}
