// Minutes of load on one node, reads and writes: whether the last is as good
// as the first. Only when asked for.

import { readFileSync } from 'node:fs';
import { Place } from './place.mjs';

const keys = 2_000;
const bytes = 1_024;

async function furnish() {
  const place = new Place({ nodes: 1 });
  await place.start();
  await place.put_keys('soak', keys, bytes);
  return place;
}

const resident = (pid) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

/** One minute: twice the keys that memory holds, and a put now and then. */
async function minute(place) {
  let writing = true;
  const writes = (async () => {
    for (let i = 0; writing; i = (i + 1) % keys) {
      await place.client.must_put('soak', `key-${i}`, `{"n":${i},"text":"${'y'.repeat(900)}"}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  })();
  const report = await place.load({
    subject: 'template.get.soak.key-#', keys, in_flight: 16, seconds: 60, least: 900 });
  writing = false;
  await writes;
  return { p99_us: report.p99_us, kib: resident(place.a.child.pid) };
}

export const soak = {
  name: 'soak',
  only_when_asked: true,
  furnish,
  scenarios: [{
    name: 'soak',
    rounds: 1,
    contenders: (place, settings) => {
      let minutes;
      return { both: async () => {
        // The round that warms up is the first minute, not counted.
        if (!minutes) {
          minutes = [await minute(place)];
          return { of: {} };
        }
        for (let i = 1; i <= settings.soak; ++i) {
          const now = await minute(place);
          minutes.push(now);
          console.error(`soak: minute ${i} of ${settings.soak}: `
                        + `p99 ${Math.round(now.p99_us)} µs, ${now.kib} KiB resident`);
        }
        return { of: { larder: minutes.at(-1), 'the first minute': minutes[1] } };
      } };
    },
    measures: [
      { id: 'soak-p99', title: 'p99 of the last minute of the soak', figure: 'p99_us', unit: 'µs', bar: 1.2 },
      { id: 'soak-memory', title: 'resident memory at the end of the soak', figure: 'kib', unit: 'KiB', bar: 1.02 },
    ].map((m) => ({ ...m, against: 'the first minute after warm-up', better: 'less', ours: 'larder',
                    peers: ['the first minute'] })),
  }],
};
