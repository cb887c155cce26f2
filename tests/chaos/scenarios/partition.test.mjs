// Silence: links on which nothing comes and nothing ends, and processes that
// are stopped (SIGSTOP). A node has to notice within 2 s that it proves nothing
// any more, and until it says so, and after, no answer of it may be older than
// 2 s without being marked.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { bar_slack } from '../../e2e/support/bars.mjs';
import { suite } from '../../e2e/support/suite.mjs';
import { eventually, sleep } from '../../e2e/support/wait.mjs';
import { CutNode } from './support/cut_node.mjs';
import { figure, sized, spread } from './support/figures.mjs';
import { proves } from './support/fresh.mjs';
import { Judge } from './support/judge.mjs';

const bar_ms = 2_000;

// What is started in the inner group is stopped before the servers are.
suite('silence', { nodes: 1 }, (env) => describe('of links and processes', () => {
  let link;
  let cut;
  let judge;

  before(async () => {
    link = await CutNode.start(env);
    cut = link.node;
    judge = new Judge(env, { readers: ['cut', 'node-1'], writers: ['node-1'],
                             patience_ms: sized(5_000, 35_000) });
    await judge.start();
  });

  after(async () => {
    link?.heal();
    await judge?.stop();
    await link?.stop();
  });

  const memory_of = async (node, options) =>
    JSON.parse((await node.fetch('/readyz', options)).text).tiers.memory;

  /** Until `node` says that it proves nothing: the milliseconds since `begin`. */
  const noticed = async (node, begin) => {
    await eventually(`${node.id} to notice`, async () =>
      (await memory_of(node)).state === 'unproved', { within: 10_000, every: 5 });
    return performance.now() - begin;
  };

  /** `silence` for so many seconds each, then `heal`; nodes that must notice. */
  const rounds = async (what, durations, { silence, heal, nodes, look = noticed }) => {
    const times = [];
    const back = [];
    for (const seconds of durations) {
      await Promise.all(env.nodes.map((node) => proves(node, 20_000)));
      const begin = performance.now();
      silence();
      const looks = seconds > 2 ? nodes.map((node) => look(node, begin)) : [];
      await sleep(seconds * 1_000);
      heal();
      const healed = performance.now();
      times.push(...(await Promise.all(looks)).filter((ms) => ms !== null));
      await Promise.all(env.nodes.map((node) => proves(node, 20_000)));
      back.push(performance.now() - healed);
    }
    if (times.length > 0) figure(`${what}: noticed`, spread(times), `${bar_ms} ms`);
    figure(`${what}: all proved again after it ended`, spread(back));
    judge.verdict(what);
    // What /readyz says is rounded, and it takes some ms to ask.
    assert.ok(times.every((ms) => ms <= (bar_ms + 50) * bar_slack), `noticed after ${times} ms`);
  };

  const lasting = (short) => sized([short], [1, 2, 3, 5, 10, 30]);
  const of_the_log = (one) => one.opening.includes('"larder/cut/log"');

  test('all links of a node to nats-server fall silent', () =>
    rounds('a silent partition', lasting(4), {
      silence: () => link.nats.black_hole(),
      heal: () => link.nats.heal(),
      nodes: [cut],
    }));

  test('the link of a node to the change log falls silent, others do not', () =>
    rounds('a silent log', lasting(3), {
      silence: () => link.nats.black_hole(true, of_the_log),
      heal: () => link.nats.heal(),
      nodes: [cut],
    }));

  test('its links to the change log and to PostgreSQL fall silent', async () => {
    let marked = null;
    const first_mark = async (node, begin) => {
      marked = null;
      await eventually('an answer that is marked', async () => {
        const reply = await env.client.get(judge.type, judge.keys[0].id, { node: node.id });
        if (reply.ok && reply.stale) marked = performance.now() - begin;
        return marked !== null;
      }, { within: 10_000, every: 5 });
      return null;
    };
    await rounds('a silent log and PostgreSQL', lasting(4), {
      silence: () => {
        link.nats.black_hole(true, of_the_log);
        link.postgres.black_hole();
      },
      heal: () => link.heal(),
      nodes: [cut],
      look: async (node, begin) =>
        (await Promise.all([noticed(node, begin), first_mark(node, begin)]))[0],
    });
    figure('a silent log and PostgreSQL: the first answer that is marked', `${marked.toFixed(0)} ms`);
  });

  test('a node is stopped', () =>
    rounds('a stopped node', lasting(3), {
      silence: () => cut.child.kill('SIGSTOP'),
      heal: () => cut.child.kill('SIGCONT'),
      nodes: [cut],
      // What it says first when it goes on.
      look: async (node) => {
        const { state } = await memory_of(node, { signal: AbortSignal.timeout(60_000) });
        assert.equal(state, 'unproved');
        return null;
      },
    }));

  test('nats-server is stopped', () =>
    rounds('a stopped nats-server', lasting(3), {
      silence: () => env.nats.child.kill('SIGSTOP'),
      heal: () => env.nats.child.kill('SIGCONT'),
      nodes: env.nodes,
    }));

  test('PostgreSQL is stopped', async () => {
    const of_nodes = async () => (await env.postgres.query(
      `SELECT pid FROM pg_stat_activity WHERE usename = 'larder'`)).split('\n').map(Number);
    const kill = (pids, signal) => {
      for (const pid of pids) process.kill(pid, signal);
      env.postgres.child.kill(signal);
    };
    let pids = [];
    for (const seconds of lasting(3)) {
      pids = await of_nodes();
      await rounds('a stopped PostgreSQL', [seconds], {
        silence: () => kill(pids, 'SIGSTOP'),
        heal: () => {
          env.postgres.child.kill('SIGCONT');
          for (const pid of pids)
            try { process.kill(pid, 'SIGCONT'); } catch { /* it was ended */ }
        },
        nodes: env.nodes,
      });
    }
  });
}));
