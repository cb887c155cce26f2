// The kinds of faults, and the schedule that a seed makes of them.
//
// A kind begins, holds for a while, and ends; `uses` names what it needs for
// itself, so that two faults at once never undo each other. `hits` are the nodes
// whose recovery is measured from its end.

import { sleep } from '../e2e/support/wait.mjs';
import { now } from './cluster.mjs';

const node_kind = (begin, end, [shortest, longest]) => ({
  target: (cluster, random) => random.pick(cluster.nodes),
  uses: (node) => [node.id],
  hits: (_, node) => [node.id],
  lasts: [shortest, longest], begin, end,
});

const server_kind = (name, begin, end, [shortest, longest]) => ({
  target: () => null,
  uses: () => [name],
  hits: (cluster) => cluster.nodes.map((node) => node.id),
  lasts: [shortest, longest], begin, end,
});

/** On the link of one node to one server. */
const link_kind = (begin, end, [shortest, longest]) => ({
  target(cluster, random) {
    const node = random.pick(cluster.nodes);
    return { node, to: random.pick(Object.keys(node.links)) };
  },
  uses: ({ node, to }) => [`${node.id} to ${to}`],
  hits: (_, { node }) => [node.id],
  lasts: [shortest, longest],
  begin: (cluster, { node, to }, fault, random) => begin(node.links[to], fault, random),
  end: (cluster, { node, to }) => end(node.links[to]),
});

async function stop_nats(cluster, signal) {
  await cluster.nats.stop(signal);
}

export const kinds = {
  node_kill: { cards: 3, ...node_kind(
    (cluster, node) => cluster.kill(node),
    (cluster, node) => cluster.spawn(node), [0, 3]) },

  node_freeze: { cards: 3, ...node_kind(
    (cluster, node) => node.child.kill('SIGSTOP'),
    (cluster, node) => node.child.kill('SIGCONT'), [1, 30]) },

  nats_kill: { cards: 2, ...server_kind('nats',
    async (cluster, _, fault, random) => {
      await stop_nats(cluster, 'SIGKILL');
      if (random.chance(0.5)) cluster.copy_store();
    },
    (cluster) => cluster.nats.start(), [0, 5]) },

  nats_stop: { cards: 1, ...server_kind('nats',
    (cluster) => stop_nats(cluster, 'SIGTERM'),
    (cluster) => cluster.nats.start(), [0, 5]) },

  nats_wipe: { cards: 2, ...server_kind('nats',
    async (cluster) => {
      await stop_nats(cluster, 'SIGKILL');
      cluster.wipe_store();
    },
    (cluster) => cluster.nats.start(), [0, 4]) },

  // JetStream loses its tail, and gives sequence numbers out a second time.
  nats_rollback: { cards: 1, ...server_kind('nats',
    async (cluster, _, fault, random) => {
      await stop_nats(cluster, 'SIGKILL');
      // The first one has nothing to go back to yet.
      fault.first = !cluster.has_store_copy();
      fault.stream = random.weighted([[2, null], [1, 'KV_templates'], [1, 'LARDER_CHANGES']]);
      if (fault.first) cluster.copy_store();
      else fault.done = cluster.roll_back_store(fault.stream);
    },
    (cluster) => cluster.nats.start(), [0, 4]) },

  nats_freeze: { cards: 2, ...server_kind('nats',
    (cluster) => cluster.nats.child.kill('SIGSTOP'),
    (cluster) => cluster.nats.child.kill('SIGCONT'), [1, 12]) },

  postgres_crash: { cards: 2, ...server_kind('postgres',
    (cluster) => cluster.database.stop('immediate'),
    (cluster) => cluster.database.start(), [0, 8]) },

  // Point-in-time restore: base backup, then the log up to an earlier point.
  postgres_restore: { cards: 1, ...server_kind('postgres',
    async (cluster, _, fault, random) => {
      await cluster.database.base_backup();
      await sleep(random.between(0, 2_000));
      const position = await cluster.database.position();
      const taken = random.between(200, 3_000);
      await sleep(taken);
      fault.began = now();
      fault.taken_ms = Math.round(taken);
      await cluster.database.restore(position, now);
    },
    () => {}, [0, 0]) },

  postgres_freeze: { cards: 2, ...server_kind('postgres',
    (cluster) => cluster.database.freeze(),
    (cluster) => cluster.database.thaw(), [1, 12]) },

  // All of a node's packets, both ways or one.
  partition: { cards: 3,
    target: (cluster, random) => ({
      node: random.pick(cluster.nodes),
      how: random.weighted([[3, true], [1, 'up'], [1, 'down']]) }),
    uses: ({ node }) => [`${node.id} to nats`, `${node.id} to postgres`],
    hits: (_, { node }) => [node.id],
    lasts: [1, 20],
    begin: (cluster, { node, how }) => cluster.partition(node, how),
    end: (cluster, { node }) => cluster.mend(node) },

  // One link goes silent, both ways (black hole) or one (half-open).
  black_hole: { cards: 2, ...link_kind(
    (link) => link.black_hole(true), (link) => link.black_hole(false), [1, 15]) },

  half_open: { cards: 2, ...link_kind(
    (link, fault, random) => {
      fault.how = random.pick(['up', 'down']);
      link.black_hole(fault.how);
    },
    (link) => link.black_hole(false), [1, 15]) },

  delay: { cards: 2, ...link_kind(
    (link, fault, random) => {
      fault.delay_ms = Math.round(random.between(10, 400));
      fault.jitter_ms = Math.round(random.between(0, 200));
      link.delay(fault.delay_ms, fault.jitter_ms);
    },
    (link) => link.delay(0), [2, 15]) },

  reset: { cards: 2, ...link_kind((link) => link.reset(), () => {}, [0, 0]) },
};

/** Draws kinds as cards from a deck, so that each comes as often as it should. */
class Deck {
  constructor(random, names) {
    this.random = random;
    this.names = names;
    this.cards = [];
  }

  /** The first card that `fits`, or undefined. */
  draw(fits) {
    if (this.cards.length < 4) this.shuffle_in();
    for (const [i, name] of this.cards.entries()) {
      const found = fits(name);
      if (!found) continue;
      this.cards.splice(i, 1);
      return found;
    }
    return undefined;
  }

  shuffle_in() {
    // One of each before any comes a second time.
    const first = [...this.names];
    const more = first.flatMap((name) => Array(kinds[name].cards - 1).fill(name));
    for (const list of [first, more])
      for (let i = list.length; i-- > 1;) {
        const j = this.random.below(i + 1);
        [list[i], list[j]] = [list[j], list[i]];
      }
    this.cards.push(...first, ...more);
  }
}

export class Schedule {
  /** `longest_s`: no fault lasts longer. `every_s`: on average. `only`: which kinds. */
  constructor(cluster, random, { every_s = 5, longest_s = 30, at_once = 3, only } = {}) {
    Object.assign(this, { cluster, random, every_s, longest_s, at_once });
    this.deck = new Deck(random, only ?? Object.keys(kinds));
    /** [{kind, target, hits, began, ended, …}], in the order of their beginning. */
    this.faults = [];
    this.running = new Set();
    this.busy = new Set();
  }

  /** Returns when `until` has come and every fault has ended. */
  async run(until) {
    // What runs late (a loaded machine) is made up for: the rate is kept.
    let due = now() + 1_000;
    while (due < until) {
      await sleep(Math.max(0, due - now()));
      while (this.running.size >= this.at_once) await Promise.race(this.running);
      if (now() >= until) break;
      this.begin_one();
      due += this.random.between(0.5, 1.5) * this.every_s * 1_000;
    }
    await Promise.all(this.running);
  }

  begin_one() {
    const drawn = this.deck.draw((name) => {
      const kind = kinds[name];
      const target = kind.target(this.cluster, this.random);
      const uses = kind.uses(target);
      return uses.some((used) => this.busy.has(used)) ? null : { name, kind, target, uses };
    });
    if (!drawn) return;
    const done = this.inject(drawn).finally(() => {
      this.running.delete(done);
      for (const used of drawn.uses) this.busy.delete(used);
    });
    for (const used of drawn.uses) this.busy.add(used);
    this.running.add(done);
  }

  async inject({ name, kind, target, uses }) {
    const { cluster } = this;
    const random = this.random.branch(`${this.faults.length}`);
    const [shortest, longest] = kind.lasts;
    const lasts = shortest + random.next() ** 2
      * (Math.max(shortest, Math.min(longest, this.longest_s)) - shortest);
    const fault = {
      n: this.faults.length + 1, kind: name, on: uses.join(', '),
      ...(target?.how !== undefined ? { how: target.how } : {}),
      hits: kind.hits(cluster, target), began: now(), ended: null,
      lasts_ms: Math.round(lasts * 1_000),
    };
    this.faults.push(fault);
    await kind.begin(cluster, target, fault, random);
    await sleep(fault.lasts_ms);
    await kind.end(cluster, target);
    fault.ended = now();
  }

  /** What goes on at the moment, for people. */
  get now_running() {
    return this.faults.filter((fault) => fault.ended === null)
      .map((fault) => `${fault.kind} (${fault.on})`).join(', ');
  }
}
