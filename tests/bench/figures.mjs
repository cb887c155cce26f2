// The rows as a picture: how far each is on the good side of its peer, on a
// logarithmic scale, with its bar.

import { bar_text, ratio_text } from './table.mjs';

const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

export function svg_of(report) {
  const row_height = 34;
  const top = 66;
  const left = 430;
  const width = 330;
  const rows = report.rows;
  const height = top + rows.length * row_height + 46;
  // More is better everywhere: times as long is turned round. Nothing at all, or
  // less, of what is to be little is beyond any scale.
  const goodness = (row, value) =>
    row.better === 'more' ? value : value > 0 ? 1 / value : Infinity;
  const values = rows.flatMap((row) => [goodness(row, row.ratio.median), goodness(row, row.bar)])
    .filter(Number.isFinite);
  const low = Math.min(0.5, ...values);
  const high = Math.max(2, ...values);
  const x = (value) =>
    left + (width * Math.log(Math.min(Math.max(value, low), high) / low)) / Math.log(high / low);
  const color = { met: '#2f7d4f', missed: '#b3452c', refused: '#8a8a8a' };
  const parts = [];
  const text = (at_x, at_y, what, more = '') =>
    parts.push(`<text x="${at_x}" y="${at_y}" ${more}>${escaped(what)}</text>`);
  text(16, 26, 'Larder beside its peers, one run, alternating rounds', 'font-size="16" font-weight="600"');
  text(16, 46, `${report.machine.cores} cores, ${report.machine.cpu}, ${report.started.slice(0, 10)}. `
       + 'Right of the line: better than the peer. Tick: the bar.', 'fill="#555"');
  parts.push(`<line x1="${x(1)}" y1="${top - 6}" x2="${x(1)}" y2="${height - 40}" stroke="#333"/>`);
  rows.forEach((row, i) => {
    const y = top + i * row_height;
    const end = x(goodness(row, row.ratio.median));
    const from = Math.min(x(1), end);
    text(16, y + 12, row.title);
    text(16, y + 25, `against ${row.against}`, 'fill="#777" font-size="10"');
    parts.push(`<rect x="${from}" y="${y + 3}" width="${Math.max(1, Math.abs(end - x(1)))}" height="16" fill="${color[row.verdict]}"/>`);
    const [a, b] = [row.ratio.min, row.ratio.max].map((value) => x(goodness(row, value)));
    parts.push(`<line x1="${a}" y1="${y + 11}" x2="${b}" y2="${y + 11}" stroke="#111" stroke-width="1"/>`);
    const bar = x(goodness(row, row.bar));
    parts.push(`<line x1="${bar}" y1="${y - 1}" x2="${bar}" y2="${y + 23}" stroke="#d08a00" stroke-width="2"/>`);
    text(left + width + 16, y + 15, `${ratio_text(row)}  (bar ${bar_text(row)})`
         + (row.verdict === 'refused' ? ', no verdict: the peer was restless' : ''));
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 330}" height="${height}" `
    + `font-family="system-ui, sans-serif" font-size="12">\n`
    + `<rect width="100%" height="100%" fill="#fff"/>\n${parts.join('\n')}\n</svg>\n`;
}
