// The rows as a table for people.

const number = (value) => {
  if (!Number.isFinite(value)) return String(value);
  const digits = Math.abs(value) >= 1_000 ? 0 : Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
};

const range = ({ median, min, max }, unit) =>
  `${number(median)} ${unit} (${number(min)}–${number(max)})`;

export const ratio_text = (row) => `${number(row.ratio.median)}`;
export const bar_text = (row) => `${row.better === 'more' ? '≥' : '≤'} ${row.bar}`;

export function table_of(rows) {
  const lines = [['row', 'Larder', 'peer', 'ratio', 'bar', 'verdict']];
  for (const row of rows)
    lines.push([
      row.id, range(row.ours, row.unit), `${row.peer.name}: ${range(row.peer, row.unit)}`,
      `${number(row.ratio.median)} (${number(row.ratio.min)}–${number(row.ratio.max)})`,
      bar_text(row),
      row.verdict === 'refused'
        ? `none: the peer's rounds differ by ${Math.round(row.peer_spread * 100)} %` : row.verdict,
    ]);
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) => '  ' + line.map((cell, i) => cell.padEnd(widths[i])).join('  ').trimEnd()).join('\n');
}
