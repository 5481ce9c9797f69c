// Drawing: colours, patterns, text that fits.

// Okabe and Ito's colours, which colour-blind people can tell apart; patterns tell the states apart without any.
const kColours = ['#8a9099', '#0072b2', '#009e73', '#56b4e9', '#e69f00', '#b9bec5'];
const kPatterns = ['', '', 'upright', 'cross', 'slant', 'dots'];
const kLaneColours = {compute: ['#0072b2', '#56b4e9', '#cc79a7'], wait: '#d55e00', again: '#009e73',
  lanes: ['#009e73', '#e69f00', '#d55e00', '#8a9099', '#b9bec5', '#cc79a7']};
const kGutter = 190;  // left of the axis: names
const kFont = '11px system-ui, "Liberation Sans", "DejaVu Sans", sans-serif';

function theme() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return {back: of('--back'), fore: of('--fore'), faint: of('--faint'), line: of('--line'), panel: of('--panel'),
    focus: of('--focus')};
}

function patternTile(colour, pattern) {
  const tile = document.createElement('canvas');
  tile.width = tile.height = 8;
  const context = tile.getContext('2d');
  context.fillStyle = colour;
  context.fillRect(0, 0, 8, 8);
  context.strokeStyle = context.fillStyle = 'rgba(0, 0, 0, 0.6)';
  context.lineWidth = 1.4;
  const line = (x0, y0, x1, y1) => { context.beginPath(); context.moveTo(x0, y0); context.lineTo(x1, y1); context.stroke(); };
  if (pattern === 'slant' || pattern === 'cross')
    for (const shift of [-8, 0, 8]) line(shift - 1, 9, shift + 9, -1);
  if (pattern === 'cross')
    for (const shift of [-8, 0, 8]) line(shift - 1, -1, shift + 9, 9);
  if (pattern === 'upright') line(4, 0, 4, 8);
  if (pattern === 'dots') context.fillRect(3, 3, 2, 2);
  return tile;
}

const stateTiles = kColours.map((colour, state) => kPatterns[state] ? patternTile(colour, kPatterns[state]) : null);

class Surface {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
  }
  /// Clears it, at the size that it has on the page, `height` high.
  begin(height) {
    const scale = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = height;
    this.canvas.style.height = `${height}px`;
    this.canvas.width = Math.round(this.width * scale);
    this.canvas.height = Math.round(height * scale);
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.context.font = kFont;
    this.context.textBaseline = 'middle';
    this.theme = theme();
    this.context.fillStyle = this.theme.back;
    this.context.fillRect(0, 0, this.width, height);
    this.fills = kColours.map((colour, state) => stateTiles[state] ? this.context.createPattern(stateTiles[state], 'repeat') : colour);
  }
  get span() { return Math.max(1, this.width - kGutter); }
  x(share) { return kGutter + share * this.span; }
  shareAt(x) { return (x - kGutter) / this.span; }
  text(text, x, y, colour, room = Infinity, align = 'left') {
    let shown = text;
    if (this.context.measureText(text).width > room) {
      let end = text.length;
      while (end > 0 && this.context.measureText(`${text.slice(0, end)}\u2026`).width > room) --end;
      if (end === 0) return;
      shown = `${text.slice(0, end)}\u2026`;
    }
    this.context.fillStyle = colour;
    this.context.textAlign = align;
    this.context.fillText(shown, x, y);
  }
  /// The axis' marks and what they mean, in the first `kRulerHeight` pixels.
  ruler(axis) {
    const {values, gap} = axis.marks(this.span / 110);
    const label = axis.unit === 'time' ? 'time' : 'runs of ops';
    this.text(label, kGutter - 8, 9, this.theme.faint, kGutter - 16, 'right');
    for (const value of values) {
      const x = this.x(axis.share(value));
      this.context.fillStyle = this.theme.line;
      this.context.fillRect(Math.round(x), 16, 1, this.height - 16);
      const align = x < kGutter + 20 ? 'left' : x > this.width - 36 ? 'right' : 'center';
      this.text(axis.text(value, gap), x, 9, this.theme.faint, Infinity, align);
    }
  }
  /// What is drawn in between stays right of the names, below `top`.
  inside(top, draw) {
    this.context.save();
    this.context.beginPath();
    this.context.rect(kGutter, top, this.span, this.height - top);
    this.context.clip();
    draw();
    this.context.restore();
  }
}
const kRulerHeight = 20;
