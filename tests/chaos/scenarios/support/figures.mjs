// How long a scenario runs, and how it says what it measured.
//
// LARDER_LONG=1 runs each scenario at its full size; without it they are as
// short as the test suite can afford.

export const long = process.env.LARDER_LONG === '1';

/** What the short version, or the long one, is to use. */
export const sized = (short, full) => (long ? full : short);

/** One line: what was measured, and the bar it has to meet. */
export function figure(what, value, bar) {
  console.log(`${what}: ${value}${bar ? ` (bar: ${bar})` : ''}`);
}

/** "p50 1.2, p99 3.4, max 5.6 ms of 7" */
export function spread(values, unit = 'ms') {
  if (values.length === 0) return 'nothing';
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) =>
    sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)].toFixed(0);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ${unit} of ${values.length}`;
}
