// What an idle node costs: at most 80 MiB resident and 1 % of a core.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bar_slack } from './support/bars.mjs';
import { suite } from './support/suite.mjs';
import { sleep } from './support/wait.mjs';

suite('an idle node', { nodes: 2 }, (env) => {
  test('takes at most 80 MiB and 1 % of a core over 10 s', async () => {
    for (let i = 0; i < 20; ++i) {
      await env.settled_put('idle', `k-${i}`, '{}');
      await env.client.must_get('idle', `k-${i}`);
    }
    const before = env.nodes.map((node) => node.usage());
    const begin = performance.now();
    // What is measured is that nothing happens.
    await sleep(10_000);
    const seconds = (performance.now() - begin) / 1_000;
    for (const [index, node] of env.nodes.entries()) {
      const { resident, cpu_seconds } = node.usage();
      const share = (cpu_seconds - before[index].cpu_seconds) / seconds;
      console.log(`${node.id}: ${(resident / 2 ** 20).toFixed(1)} MiB resident, `
                  + `${(share * 100).toFixed(2)} % of a core`);
      assert.ok(resident <= 80 * 2 ** 20, `${node.id}: ${resident} bytes resident`);
      assert.ok(share <= 0.01 * bar_slack, `${node.id}: ${share * 100} % of a core`);
    }
  });
});
