// All that JetStream has stored is lost while there is load: nats-server is
// killed, its directory removed, and it is started again. Every node has to see
// that the change log is not the one that it read, however many records the new
// one has by then; and no answer may be older than 2 s without being marked.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { suite } from '../../e2e/support/suite.mjs';
import { eventually, sleep } from '../../e2e/support/wait.mjs';
import { figure, sized, spread } from './support/figures.mjs';
import { proves } from './support/fresh.mjs';
import { Judge } from './support/judge.mjs';
import { metric } from './support/metrics.mjs';

suite('the loss of all that JetStream stored', { nodes: 2 }, (env) => describe('under load', () => {
  let judge;

  before(async () => {
    judge = new Judge(env, { readers: ['node-1', 'node-2'], writers: ['node-1', 'node-2'],
                             patience_ms: 4_000 });
    await judge.start();
  });
  after(() => judge?.stop());

  test('is noticed by every node, and no old answer goes unmarked', async () => {
    const rounds = sized(4, 50);
    const noticed = [];
    const back = [];
    for (let i = 0; i < rounds; ++i) {
      await Promise.all(env.nodes.map((node) => proves(node, 20_000)));
      // Entries are read and written for a while, so that memory holds them.
      await sleep(500);
      const gaps = await Promise.all(env.nodes.map((node) => metric(node, 'larder_log_gaps_total')));
      await env.nats.stop('SIGKILL');
      rmSync(path.join(env.nats.dir, 'store'), { recursive: true, force: true });
      const begin = performance.now();
      await env.nats.start();
      await Promise.all(env.nodes.map(async (node, k) => {
        const seen = await eventually(`${node.id} to notice`, async () =>
          await metric(node, 'larder_log_gaps_total') > gaps[k], { within: 10_000, every: 10 })
          .catch(() => false);
        if (seen) noticed.push(performance.now() - begin);
      }));
      await Promise.all(env.nodes.map((node) => proves(node, 20_000)));
      back.push(performance.now() - begin);
    }
    const nodes = env.nodes.length;
    figure('stores wiped, noticed by every node', `${noticed.length / nodes} of ${rounds}`,
           `${rounds} of ${rounds}`);
    figure('noticed after the start of nats-server', spread(noticed));
    figure('all proved again', spread(back));
    judge.verdict('wiped stores');
    assert.equal(noticed.length, rounds * nodes);
  });
}));
