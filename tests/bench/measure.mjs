// Alternating rounds, medians with their range, and the verdict on a row.

import os from 'node:os';

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

export const summary = (values) => ({
  median: median(values), min: Math.min(...values), max: Math.max(...values), rounds: values,
});

/** How far apart the rounds of one contender are, as a share of the median. */
export const spread = ({ median: m, min, max }) => (m === 0 ? 0 : (max - min) / m);

/** A peer whose own rounds differ by more than this proves nothing. */
export const most_spread = 0.15;

/**
 * Runs every contender once a round, in turn, and every other round in the
 * reverse order; the first round, which warms up, is not counted.
 * `contenders`: {name: async () => ({figure: number, …})}; one that measures
 * several itself returns {of: {name: {figure: number, …}}}. Returns
 * {name: {figure: [one a round]}}.
 */
export async function alternate(contenders, rounds, progress) {
  const names = Object.keys(contenders);
  const results = {};
  for (let round = 0; round <= rounds; ++round) {
    for (const name of round % 2 ? [...names].reverse() : names) {
      progress(round, rounds, name);
      const measured = await contenders[name]();
      if (round === 0) continue;
      for (const [whose, figures] of Object.entries(measured.of ?? { [name]: measured }))
        for (const [figure, value] of Object.entries(figures))
          ((results[whose] ??= {})[figure] ??= []).push(value);
    }
  }
  return results;
}

/**
 * One row of the table. `measure`: {id, title, against, figure, unit, better:
 * 'more' or 'less', bar, aim, ours, peers, chosen_by}. Of several peers the best counts:
 * by the figure itself, or by `chosen_by`, another figure of which more is
 * better. The ratio is the median of the rounds' own ratios, so that a slow
 * moment of the machine hits both sides of it.
 */
export function judge(measure, results) {
  const { figure, better, bar } = measure;
  const best = (names) => {
    const by = measure.chosen_by ?? figure;
    const sign = measure.chosen_by || better === 'more' ? 1 : -1;
    return names.reduce((a, b) => (
      sign * median(results[b][by]) > sign * median(results[a][by]) ? b : a));
  };
  const peer_name = best(measure.peers);
  const ours = summary(results[measure.ours][figure]);
  const peer = { name: peer_name, ...summary(results[peer_name][figure]) };
  const ratios = ours.rounds.map((value, i) => value / peer.rounds[i]);
  const ratio = summary(ratios);
  const met = better === 'more' ? ratio.median >= bar : ratio.median <= bar;
  const steady = spread(peer) <= most_spread;
  return {
    id: measure.id, title: measure.title, against: measure.against,
    figure, unit: measure.unit, better, bar, aim: measure.aim ?? null,
    ours, peer, ratio,
    peers: Object.fromEntries(
      measure.peers.map((name) => [name, summary(results[name][figure])])),
    peer_spread: spread(peer),
    verdict: steady ? (met ? 'met' : 'missed') : 'refused',
  };
}

/** What the figures were measured on. */
export const machine = () => ({
  cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length,
  kernel: os.release(), memory_gib: Math.round(os.totalmem() / 2 ** 30),
  load_average: os.loadavg().map((value) => Number(value.toFixed(2))),
});
