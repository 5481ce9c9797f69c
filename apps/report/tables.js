// Facts, results and the legend, as elements of the page.

function addRow(table, cells, name = 'td') {
  const row = table.insertRow();
  cells.forEach((text, column) => {
    const cell = document.createElement(column === 0 && name === 'fact' ? 'th' : name === 'fact' ? 'td' : name);
    cell.textContent = text;
    row.append(cell);
  });
  return row;
}

function fillFacts(table, facts) {
  table.replaceChildren();
  for (const fact of facts) addRow(table, fact, 'fact');
}

function fillTable(table, rows) {
  rows.forEach((row, number) => addRow(table, row, number === 0 ? 'th' : 'td'));
}

function addSwatch(parent, text, draw) {
  const item = document.createElement('span'), swatch = document.createElement('canvas');
  swatch.width = 26;
  swatch.height = 14;
  draw(swatch.getContext('2d'));
  item.append(swatch, text);
  parent.append(item);
}

function fillLaneLegend(parent) {
  const all = [...kPhases.map((phase, i) => [phase, kLaneColours.compute[i], 14]), ['\u21bb run once more', kLaneColours.again, 14],
    ['waited for transfers', kLaneColours.wait, 7], ['resident by the states of tensors', kColours[kPartial], 10]];
  for (const [text, colour, height] of all) {
    addSwatch(parent, text, (context) => {
      context.fillStyle = colour;
      context.fillRect(0, 14 - height, 26, height);
    });
  }
  addSwatch(parent, 'resident as measured', (context) => {
    context.fillStyle = getComputedStyle(parent).color;
    context.fillRect(0, 6, 26, 1.5);
  });
}

function fillLegend(parent) {
  for (const state of [kResident, kRecomputed, kPartial, kHost, kHeld, kDead]) {
    addSwatch(parent, kStates[state].text, (context) => {
      context.fillStyle = stateTiles[state] ? context.createPattern(stateTiles[state], 'repeat') : kColours[state];
      const thin = state === kHost || state === kHeld ? 3 : 0;
      context.fillRect(0, state === kDead ? 6.5 : thin, 26, state === kDead ? 1 : 14 - 2 * thin);
    });
  }
}
