// The lanes of every training that was recorded, one below the other on one axis.

const kLaneHeight = 18, kMemoryHeight = 54, kTitleHeight = 20, kPanelGap = 10;

class LanesView {
  /// `cells`: those with a timeline.
  constructor(canvas, axis, cells) {
    this.surface = new Surface(canvas);
    this.axis = axis;
    this.cells = cells;
    this.cursor = {row: 0, time: 0};
    this.rows = [];
    let top = kRulerHeight;
    cells.forEach((cell, index) => {
      const titleTop = top;
      top += kTitleHeight;
      this.rows.push({index, kind: 'compute', name: 'compute', top, height: kLaneHeight, titleTop});
      top += kLaneHeight;
      cell.timeline.lanes.forEach((lane, number) => {
        // The plan's ways and faults are always there, even if nothing took them; the others if anything did.
        if (lane.start.length === 0 && ![0, 1, 5].includes(number)) return;
        this.rows.push({index, kind: 'lane', number, name: lane.name, top, height: kLaneHeight});
        top += kLaneHeight;
      });
      this.rows.push({index, kind: 'memory', name: 'resident bytes', top, height: kMemoryHeight});
      top += kMemoryHeight + kPanelGap;
    });
    this.height = top;
  }
  draw(chosen) {
    const surface = this.surface;
    surface.begin(this.height);
    surface.ruler(this.axis);
    for (const row of this.rows) {
      const cell = this.cells[row.index], line = cell.timeline;
      if (row.titleTop !== undefined) {
        surface.context.fillStyle = surface.theme.panel;
        surface.context.fillRect(0, row.titleTop + 1, surface.width, kTitleHeight - 2);
        const title = `${cell === chosen ? '\u25b6 ' : ''}${cell.name}: iteration ${line.iteration}, ${formatTime(line.duration)}`;
        surface.text(title, 8, row.titleTop + kTitleHeight / 2, surface.theme.fore, surface.width - 16);
      }
      const label = row.kind === 'lane' ? `${row.name} (${line.lanes[row.number].start.length})` : row.name;
      surface.text(label, kGutter - 8, row.top + Math.min(row.height, kLaneHeight) / 2, surface.theme.fore, kGutter - 16, 'right');
      if (row.kind === 'memory')
        surface.text(`- - budget ${formatBytes(line.budget)}`, kGutter - 8, row.top + 26, surface.theme.faint, kGutter - 16, 'right');
      surface.inside(row.top, () => {
        if (row.kind === 'compute') this.drawCompute(line, row);
        if (row.kind === 'lane') this.drawLane(line, line.lanes[row.number], row);
        if (row.kind === 'memory') this.drawMemory(line, row);
      });
    }
    const row = this.rows[this.cursor.row];
    if (!row || document.activeElement !== surface.canvas) return;
    surface.context.strokeStyle = surface.theme.focus;
    surface.context.lineWidth = 2;
    surface.context.strokeRect(1, row.top, surface.width - 2, row.height);
    const x = surface.x(this.axis.ofTime(this.cells[row.index].timeline, this.cursor.time));
    surface.inside(row.top, () => surface.context.strokeRect(x - 1, row.top, 2, row.height));
  }
  /// Runs of ops; where they waited, a bar of half the height. What is narrower than a pixel is drawn once.
  drawCompute(line, row) {
    const {context} = this.surface, axis = this.axis, y = row.top + 2, height = row.height - 4;
    const first = Math.max(0, Math.floor(axis.stepAt(line, 0)) - 1);
    let drawn = -Infinity;
    for (let i = first; i < line.steps; ++i) {
      const x0 = Math.round(this.surface.x(axis.ofTime(line, line.start[i])));
      if (x0 > this.surface.width) break;
      const x1 = Math.round(this.surface.x(axis.unit === 'op' ? axis.ofStep(line, i + 1) : axis.ofTime(line, line.end[i])));
      if (x1 < drawn + 0.5) continue;
      const middle = Math.round(this.surface.x(axis.ofTime(line, line.runs[i])));
      const phase = line.names.phases[line.op[i]];
      context.fillStyle = line.again[i] ? kLaneColours.again : kLaneColours.compute[phase];
      context.fillRect(middle, y, Math.max(1, x1 - middle), height);
      if (middle - x0 >= 0.5) {
        context.fillStyle = kLaneColours.wait;
        context.fillRect(x0, y + height / 2, middle - x0, height / 2);
      }
      if (x1 - x0 > 6) {
        context.fillStyle = this.surface.theme.back;
        context.fillRect(x1 - 0.5, y, 0.5, height);
      }
      const from = Math.max(middle, kGutter), room = Math.min(x1, this.surface.width) - from - 6;
      if (room > 24) this.surface.text((line.again[i] ? '\u21bb ' : '') + line.names.ops[line.op[i]], from + 3, y + height / 2,
        phase === 0 && !line.again[i] ? '#ffffff' : '#000000', room);
      drawn = x1;
    }
  }
  drawLane(line, lane, row) {
    const {context} = this.surface, axis = this.axis, y = row.top + 3, height = row.height - 6;
    context.fillStyle = this.surface.theme.line;
    context.fillRect(kGutter, row.top + row.height - 1, this.surface.span, 0.5);
    let drawn = -Infinity;
    const end = axis.timeAt(line, 1);
    for (let i = lane.firstAt(axis.timeAt(line, 0)); i < lane.start.length && lane.start[i] <= end; ++i) {
      const x1 = Math.max(Math.round(this.surface.x(axis.ofTime(line, lane.end[i]))), drawn);
      const x0 = Math.max(Math.floor(this.surface.x(axis.ofTime(line, lane.start[i]))), drawn);
      if (x1 < drawn + 0.5 && drawn > x0 - 0.5) continue;
      context.fillStyle = kLaneColours.lanes[row.number];
      context.fillRect(x0, y, Math.max(1, x1 - x0), height);
      const from = Math.max(x0, kGutter), room = Math.min(x1, this.surface.width) - from - 6;
      if (room > 24) this.surface.text(line.tensorName(lane.tensor[i]), from + 3, y + height / 2, '#000000', room);
      drawn = Math.max(x0 + 1, x1);
    }
  }
  /// An area by the states of tensors, a line as it was measured, dashes where the budget is.
  drawMemory(line, row) {
    const {context, theme: colours} = this.surface, axis = this.axis;
    const bottom = row.top + row.height - 2, y = (bytes) => bottom - bytes / line.most * (row.height - 8);
    context.fillStyle = kColours[kPartial];
    const first = Math.max(0, Math.floor(axis.stepAt(line, 0))), last = Math.min(line.steps, Math.ceil(axis.stepAt(line, 1)) + 1);
    let left = Math.round(this.surface.x(axis.ofStep(line, first))), most = 0;
    for (let i = first; i < last; ++i) {
      most = Math.max(most, line.byStates[i]);
      const right = Math.round(this.surface.x(axis.ofStep(line, i + 1)));
      if (right - left < 1 && i + 1 < last) continue;
      context.fillRect(left, y(most), right - left, bottom - y(most));
      [left, most] = [right, 0];
    }
    context.strokeStyle = colours.fore;
    context.lineWidth = 1;
    context.beginPath();
    let sample = Math.max(0, lastAtMost(line.sampleTime, axis.timeAt(line, 0))), drawn = -Infinity;
    for (const end = axis.timeAt(line, 1); sample < line.sampleTime.length && line.sampleTime[sample] <= end; ++sample) {
      const x = this.surface.x(axis.ofTime(line, line.sampleTime[sample]));
      if (drawn === -Infinity) context.moveTo(x, y(line.sampleBytes[sample]));
      else context.lineTo(x, y(line.sampleBytes[sample - 1]));
      context.lineTo(x, y(line.sampleBytes[sample]));
      drawn = x;
    }
    if (sample > 0 && sample === line.sampleTime.length)
      context.lineTo(this.surface.x(axis.ofTime(line, line.duration)), y(line.sampleBytes[sample - 1]));
    context.stroke();
    context.setLineDash([6, 4]);
    context.strokeStyle = kLaneColours.wait;
    context.beginPath();
    context.moveTo(kGutter, y(line.budget));
    context.lineTo(this.surface.width, y(line.budget));
    context.stroke();
    context.setLineDash([]);
  }
  rowAt(y) { return this.rows.findIndex((row) => y >= row.top && y < row.top + row.height); }
  /// What stands in a row at a time: its text, or nothing.
  tell(rowNumber, time) {
    const row = this.rows[rowNumber];
    if (!row) return '';
    if (time > this.cells[row.index].timeline.duration) return '';
    const cell = this.cells[row.index], line = cell.timeline, where = `${cell.name}, ${formatTime(time)}`;
    if (row.kind === 'compute') {
      const step = Math.min(line.steps - 1, Math.floor(line.stepOf(time)));
      const op = line.op[step], again = line.again[step] ? ', once more' : '';
      return `${line.opName(op)}, ${kPhases[line.names.phases[op]]}${again}\nruns ${formatTime(line.end[step] - line.runs[step])}, ` +
        `waited ${formatTime(line.stall[step])}\n${where}`;
    }
    if (row.kind === 'memory') {
      const sample = lastAtMost(line.sampleTime, time), step = Math.min(line.steps - 1, Math.floor(line.stepOf(time)));
      const measured = sample < 0 ? '' : `\n${formatBytes(line.sampleBytes[sample])} measured`;
      return `resident: ${formatBytes(line.byStates[step])} by the states of tensors${measured}\nbudget ${formatBytes(line.budget)}\n${where}`;
    }
    const lane = line.lanes[row.number], slice = this.sliceAt(lane, time);
    if (slice < 0) return '';
    return `${row.name}: ${line.tensorName(lane.tensor[slice])}\n${formatBytes(lane.bytes[slice])} in ` +
      `${formatTime(lane.end[slice] - lane.start[slice])}, during ${line.opName(line.op[Math.min(line.steps - 1, Math.floor(line.stepOf(lane.end[slice])))])}\n${where}`;
  }
  /// The last that began and has not ended; or, for the pointer's sake, one within two pixels.
  sliceAt(lane, time) {
    const near = this.axis.unit === 'time' ? 2 * this.axis.seen / this.surface.span : 0;
    for (let i = lastAtMost(lane.start, time + near); i >= 0 && lane.start[i] >= time - lane.longest - near; --i)
      if (lane.end[i] >= time - near) return i;
    return -1;
  }
  /// The cursor's next stop.
  move(direction) {
    const row = this.rows[this.cursor.row], line = this.cells[row.index].timeline;
    const starts = row.kind === 'lane' ? line.lanes[row.number].start : line.start;
    const now = lastAtMost(starts, this.cursor.time), at = (row.kind === 'lane' ? now : Math.max(0, now)) + direction;
    if (at >= 0 && at < starts.length) this.cursor.time = starts[at];
  }
}
