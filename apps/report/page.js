// Puts the page together, and lets pointer and keys move through it.

const byId = (id) => document.getElementById(id);
const data = readData();
const recorded = data.cells.filter((cell) => cell.timeline);
const axis = new Axis(recorded.map((cell) => cell.timeline));
const lanes = new LanesView(byId('lanes'), axis, recorded);
const tensors = new TensorsView(byId('tensors'), axis);
const tip = byId('tip');
let chosen = recorded[0], waiting = false;

function drawAll() {
  waiting = false;
  lanes.draw(chosen);
  tensors.draw();
}
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(drawAll);
}

function showTip(text, x, y) {
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text;
  const box = tip.getBoundingClientRect();
  const left = x + 16 + box.width > innerWidth ? Math.max(4, x - 12 - box.width) : x + 16;
  tip.style.left = `${left}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 14, innerHeight - box.height - 4))}px`;
}
/// What the keys stand at: shown beside it, and said.
function tellAt(view, text, shareX, y) {
  const box = view.surface.canvas.getBoundingClientRect();
  showTip(text, box.left + view.surface.x(Math.min(1, Math.max(0, shareX))), box.top + y);
  byId('said').textContent = text;
}

function choose(cell) {
  chosen = cell;
  if (cell) tensors.show(cell.timeline);
  tensors.arrange(byId('order').value, byId('find').value);
  byId('cell').value = String(data.cells.indexOf(cell));
  byId('tensors-title').textContent = `Where each tensor was: ${cell.name}`;
  byId('note').hidden = !cell.timeline.driverMoves;
  byId('note').textContent = 'Here the driver moves memory by itself as well; what it moved was not recorded.';
  if (data.curve) [...byId('table').rows].forEach((row, i) => row.classList.toggle('chosen', data.cells[i - 1] === cell));
  redraw();
}

function shareOf(view, event) {
  return view.surface.shareAt(event.clientX - view.surface.canvas.getBoundingClientRect().left);
}

/// Wheel, dragging and clicks are the same for both drawings; `rows`: whether it has rows to move through.
function followPointer(view, rows, hover, click) {
  const {canvas} = view.surface;
  let from = null;
  canvas.addEventListener('wheel', (event) => {
    event.preventDefault();
    const size = event.deltaMode === 1 ? 16 : 1, delta = (event.deltaY || event.deltaX) * size;
    if (event.shiftKey && rows) view.scroll(delta / view.rowHeight / 2);
    else if (event.deltaX !== 0 && event.deltaY === 0) axis.pan(event.deltaX * size / view.surface.span);
    else axis.zoom(Math.exp(-delta / 400), Math.min(1, Math.max(0, shareOf(view, event))));
    redraw();
  }, {passive: false});
  canvas.addEventListener('pointerdown', (event) => {
    from = {x: event.clientX, y: event.clientY, moved: false};
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (from === null) return hover(event);
    const dx = event.clientX - from.x, dy = event.clientY - from.y;
    if (!from.moved && Math.abs(dx) + Math.abs(dy) < 4) return;
    axis.pan(-dx / view.surface.span);
    if (rows) view.scroll(-dy / view.rowHeight);
    from = {x: event.clientX, y: event.clientY, moved: true};
    showTip('');
    redraw();
  });
  canvas.addEventListener('pointerup', (event) => {
    if (from !== null && !from.moved) click(event);
    from = null;
  });
  canvas.addEventListener('pointercancel', () => from = null);
  canvas.addEventListener('pointerleave', () => showTip(''));
  canvas.addEventListener('focus', redraw);
  canvas.addEventListener('blur', () => { showTip(''); redraw(); });
}

function hoverLanes(event) {
  const row = lanes.rowAt(event.offsetY), share = shareOf(lanes, event);
  if (row < 0 || share < 0) return showTip('');
  showTip(lanes.tell(row, axis.timeAt(lanes.cells[lanes.rows[row].index].timeline, share)), event.clientX, event.clientY);
}
function clickLanes(event) {
  const title = lanes.rows.findLast((row) => row.titleTop !== undefined && row.titleTop <= event.offsetY);
  if (!title) return;
  const cell = lanes.cells[title.index], row = lanes.rowAt(event.offsetY);
  if (row >= 0) lanes.cursor = {row, time: Math.min(cell.timeline.duration, axis.timeAt(cell.timeline, Math.max(0, shareOf(lanes, event))))};
  choose(cell);
}
function hoverTensors(event) {
  const row = tensors.rowAt(event.offsetY);
  if (row < 0) return showTip('');
  showTip(tensors.tell(row, tensors.changeAt(row, Math.max(0, shareOf(tensors, event)))), event.clientX, event.clientY);
}
function clickTensors(event) {
  const row = tensors.rowAt(event.offsetY);
  if (row < 0) return;
  tensors.chosen = row;
  tensors.change = tensors.changeAt(row, Math.max(0, shareOf(tensors, event)));
  redraw();
}

function tellLanes() {
  const row = lanes.rows[lanes.cursor.row], line = lanes.cells[row.index].timeline;
  const text = `${row.name}\n${lanes.tell(lanes.cursor.row, lanes.cursor.time)}`;
  tellAt(lanes, text, axis.ofTime(line, lanes.cursor.time), row.top + row.height);
}
function tellTensors() {
  if (tensors.order.length === 0) return;
  const {line} = tensors, change = tensors.change, tensor = tensors.order[tensors.chosen];
  const at = change < 0 ? line.first[tensor] : change;
  tellAt(tensors, tensors.tell(tensors.chosen, at), axis.ofStep(line, line.step[at]),
    kRulerHeight + (tensors.chosen + 1 - tensors.top) * tensors.rowHeight);
}

function axisKey(event) {
  const keys = {'+': () => axis.zoom(1.5), '=': () => axis.zoom(1.5), '-': () => axis.zoom(1 / 1.5), '0': () => axis.reset(),
    ArrowLeft: () => axis.pan(-0.15), ArrowRight: () => axis.pan(0.15)};
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return false;
  keys[event.key]();
  return true;
}
function lanesKey(event) {
  const move = {ArrowUp: -1, ArrowDown: 1}[event.key], along = event.shiftKey && {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (along) lanes.move(along);
  else if (move) lanes.cursor.row = Math.min(lanes.rows.length - 1, Math.max(0, lanes.cursor.row + move));
  else return false;
  tellLanes();
  return true;
}
function tensorsKey(event) {
  const page = Math.max(1, Math.floor(tensors.room / tensors.rowHeight));
  const rows = {ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -tensors.order.length, End: tensors.order.length}[event.key];
  const along = event.shiftKey && {ArrowLeft: -1, ArrowRight: 1}[event.key];
  if (along && tensors.order.length > 0) tensors.moveState(along);
  else if (rows) tensors.moveRow(rows);
  else return false;
  tellTensors();
  return true;
}
document.addEventListener('keydown', (event) => {
  if (event.target.matches('input, select, .scroll')) return;
  if (event.key === 'Escape') showTip('');
  const own = recorded.length > 0 && {lanes: lanesKey, tensors: tensorsKey}[event.target.id];
  if (!(own && own(event)) && !axisKey(event)) return;
  event.preventDefault();
  redraw();
});

function setUp() {
  document.title = `octrain: ${data.title}`;
  byId('title').textContent = data.title;
  byId('command').textContent = data.command;
  fillFacts(byId('facts'), data.facts);
  fillTable(byId('table'), data.table);
  if (data.curve) drawCurve(byId('curve'), data.curve);
  byId('timelines').hidden = recorded.length === 0;
  if (recorded.length === 0) return;
  fillLaneLegend(byId('lane-legend'));
  fillLegend(byId('legend'));
  data.cells.forEach((cell, i) => {
    const option = new Option(cell.timeline ? cell.name : `${cell.name}: ${cell.note}`, String(i));
    option.disabled = !cell.timeline;
    byId('cell').add(option);
  });
  followPointer(lanes, false, hoverLanes, clickLanes);
  followPointer(tensors, true, hoverTensors, clickTensors);
  byId('lanes').setAttribute('aria-label', 'Lanes: compute, transfers and faults over time, resident bytes against the budget');
  byId('tensors').setAttribute('aria-label', 'States of tensors, a row each');
  axis.changed = redraw;
  const on = (id, type, act) => byId(id).addEventListener(type, () => { act(); redraw(); });
  on('cell', 'change', () => choose(data.cells[Number(byId('cell').value)]));
  for (const id of ['order', 'find']) on(id, 'input', () => tensors.arrange(byId('order').value, byId('find').value));
  on('height', 'input', () => tensors.setHeight(byId('height').value / 100));
  on('zoom-in', 'click', () => axis.zoom(1.5));
  on('zoom-out', 'click', () => axis.zoom(1 / 1.5));
  on('pan-left', 'click', () => axis.pan(-0.25));
  on('pan-right', 'click', () => axis.pan(0.25));
  on('reset', 'click', () => axis.reset());
  on('controls', 'change', () => {
    const unit = document.querySelector('input[name=axis]:checked').value;
    if (unit !== axis.unit) axis.setUnit(unit);
  });
  byId('controls').addEventListener('submit', (event) => event.preventDefault());
  addEventListener('resize', redraw);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  choose(chosen);
  drawAll();
  performance.mark('drawn');
}
setUp();
