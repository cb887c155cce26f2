// The package store beside RocksDB alone.

import path from 'node:path';
import { Place, output_of, program } from './place.mjs';

/** A directory, with a store of 60,000 made-up packages in it. */
async function furnish() {
  const place = new Place({ nodes: 0 });
  await place.start();
  place.packages = path.join(place.dir, 'packages');
  await output_of(program('larder_package_bench'), [place.packages, '--gets', '1000']);
  return place;
}

const gets = async (place) => ({ of: {
  ...JSON.parse(await output_of(program('larder_package_bench'), [place.packages, '--json'])),
  '100 µs': { p99_us: 100 },
} });

export const packages = {
  name: 'packages',
  furnish,
  scenarios: [
    {
      name: 'gets of 20,000 packages of 60,000, warm',
      contenders: (place) => ({ both: () => gets(place) }),
      measures: [
        { id: 'package-get', title: 'get from the package store, p99',
          against: 'RocksDB, the same files and options', figure: 'p99_us', unit: 'µs',
          better: 'less', bar: 1.3, aim: 1.1, ours: 'larder', peers: ['RocksDB'] },
        { id: 'package-get-p50', title: '… p50', against: 'RocksDB, the same files and options',
          figure: 'p50_us', unit: 'µs', better: 'less', bar: 1.3, aim: 1.1, ours: 'larder',
          peers: ['RocksDB'] },
        { id: 'package-get-most', title: '… p99', against: '100 µs', figure: 'p99_us', unit: 'µs',
          better: 'less', bar: 1, aim: 0.5, ours: 'larder', peers: ['100 µs'] },
      ],
    },
  ],
};
