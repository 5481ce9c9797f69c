// Speed over oversubscription: a line a mode and policy, told apart by colour, mark and dashes.

const kSvg = 'http://www.w3.org/2000/svg';
const kCurveColours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8a9099'];
const kDashes = ['', '7 3', '2 3', '9 3 2 3', '4 2', '1 2'];
const kMarks = [
  'M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0Z', 'M-4 -4H4V4H-4Z', 'M0 -5L5 4H-5Z', 'M0 -5.5L5.5 0L0 5.5L-5.5 0Z', 'M0 5L5 -4H-5Z',
  'M-5 -1.5H-1.5V-5H1.5V-1.5H5V1.5H1.5V5H-1.5V1.5H-5Z',
];

function element(parent, name, attributes = {}, text = '') {
  const node = document.createElementNS(kSvg, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.textContent = text;
  parent.append(node);
  return node;
}

function roundStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= raw * 0.999);
}

function drawCurve(figure, curve) {
  const points = curve.lines.flatMap((line) => line.points);
  if (points.length === 0) return;
  figure.hidden = false;
  const relative = curve.y !== 'images/s';
  const left = 46, top = 10, width = 380, height = 190, right = left + width, bottom = top + height;
  const nameRoom = 24 + Math.min(260, 7 * Math.max(...curve.lines.map((line) => line.name.length)));
  const svg = element(figure, 'svg', {width: right + 24 + nameRoom, height: bottom + 38, role: 'group',
    'aria-label': `${curve.y} over footprint / device memory`});
  const xs = points.map((point) => point[0]);
  const x0 = Math.min(1, ...xs), x1 = Math.max(...xs) * 1.05;
  const y1 = Math.max(relative ? 1 : 0, ...points.map((point) => point[1])) * 1.08;
  const x = (value) => left + (value - x0) / Math.max(1e-9, x1 - x0) * width;
  const y = (value) => bottom - value / y1 * height;
  const line = (xa, ya, xb, yb, style) => element(svg, 'line', {x1: xa, y1: ya, x2: xb, y2: yb, ...style});
  const stepY = roundStep(y1 / 5), stepX = roundStep((x1 - x0) / 6);
  for (let value = 0; value <= y1; value += stepY) {
    line(left, y(value), right, y(value), {stroke: 'var(--line)'});
    element(svg, 'text', {x: left - 6, y: y(value) + 4, 'text-anchor': 'end'}, String(+value.toPrecision(6)));
  }
  for (let value = Math.ceil(x0 / stepX - 1e-9) * stepX; value <= x1; value += stepX) {
    line(x(value), bottom, x(value), bottom + 4, {stroke: 'var(--faint)'});
    element(svg, 'text', {x: x(value), y: bottom + 16, 'text-anchor': 'middle'}, `${+value.toPrecision(4)}`);
  }
  element(svg, 'text', {x: (left + right) / 2, y: bottom + 32, 'text-anchor': 'middle'}, 'footprint / device memory');
  element(svg, 'text', {x: 0, y: 0, transform: `translate(11 ${(top + bottom) / 2}) rotate(-90)`, 'text-anchor': 'middle'},
    relative ? '\u00d7 of in core' : curve.y);
  if (relative) line(left, y(1), right, y(1), {stroke: 'var(--fore)', 'stroke-dasharray': '2 2'});
  curve.lines.forEach((series, number) => {
    const colour = kCurveColours[number % kCurveColours.length], mark = kMarks[number % kMarks.length];
    const path = series.points.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${x(px)} ${y(py)}`).join('');
    element(svg, 'path', {d: path, fill: 'none', stroke: colour, 'stroke-width': 1.8, 'stroke-dasharray': kDashes[number % kDashes.length]});
    for (const [px, py] of series.points) {
      const node = element(svg, 'path', {d: mark, transform: `translate(${x(px)} ${y(py)})`, fill: colour, tabindex: 0, role: 'img',
        'aria-label': `${series.name}: ${+py.toPrecision(4)} at ${+px.toPrecision(4)}`});
      element(node, 'title', {}, `${series.name}\n${relative ? `${+py.toPrecision(4)} \u00d7 of in core` : `${+py.toPrecision(4)} images/s`} at ${+px.toPrecision(4)} \u00d7`);
    }
    const legendY = top + 10 + 18 * number;
    line(right + 14, legendY, right + 38, legendY, {stroke: colour, 'stroke-width': 1.8, 'stroke-dasharray': kDashes[number % kDashes.length]});
    element(svg, 'path', {d: mark, transform: `translate(${right + 26} ${legendY})`, fill: colour});
    element(svg, 'text', {x: right + 44, y: legendY + 4}, series.name);
  });
}
