// A network of its own for each node, so that packets to and from it can be
// dropped without a word to anybody.
//
// Where the machine allows it (root, `ip netns add`), a node lives in a network
// namespace behind a veth pair, with the proxies to its servers at the near end
// of it. A direction is silenced by sending its packets to a link-layer address
// that nobody has: they leave and never arrive, as on a cable that was pulled
// behind the switch. That needs iproute2 and no module of the kernel. Elsewhere
// all share the loopback interface, and the proxies' black holes stand in.

import { execFileSync } from 'node:child_process';

const nobody = '02:00:00:00:00:01';
const ip = (...args) => execFileSync('ip', args, { stdio: 'pipe', encoding: 'utf8' });

/** Loopback: `cut` says that it cannot. */
class Shared {
  kind = 'proxies';
  host = () => '127.0.0.1';
  node = () => '127.0.0.1';
  within = () => [];
  cut = () => false;
  mend() {}
  remove() {}
}

class Namespaces {
  kind = 'network namespaces';

  constructor(count) {
    this.made = [];
    process.once('exit', () => this.remove());
    const taken = ip('-4', '-o', 'addr');
    this.net = process.pid % 200;
    while (taken.includes(`10.203.${this.net}.`)) this.net = (this.net + 1) % 250;
    try {
      for (let k = 0; k < count; ++k) this.add(k);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  add(k) {
    const name = this.name(k);
    ip('netns', 'add', name);
    this.made.push(name);
    ip('link', 'add', this.near(k), 'type', 'veth', 'peer', 'name', this.far(k),
       'netns', name);
    ip('addr', 'add', `${this.host(k)}/30`, 'dev', this.near(k));
    ip('link', 'set', this.near(k), 'up');
    ip('-n', name, 'addr', 'add', `${this.node(k)}/30`, 'dev', this.far(k));
    ip('-n', name, 'link', 'set', this.far(k), 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }

  name = (k) => `larder-chaos-${process.pid}-${k}`;
  near = (k) => `lc${process.pid}h${k}`;
  far = (k) => `lc${process.pid}n${k}`;
  /** The address where a node finds its proxies. */
  host = (k) => `10.203.${this.net}.${4 * k + 1}`;
  /** The node's own address. */
  node = (k) => `10.203.${this.net}.${4 * k + 2}`;
  within = (k) => ['ip', 'netns', 'exec', this.name(k)];

  /** 'up': what the node sends is dropped; 'down': what is sent to it. */
  cut(k, how) {
    if (how !== 'up')
      ip('neigh', 'replace', this.node(k), 'lladdr', nobody, 'dev', this.near(k),
         'nud', 'permanent');
    if (how !== 'down')
      ip('-n', this.name(k), 'neigh', 'replace', this.host(k), 'lladdr', nobody,
         'dev', this.far(k), 'nud', 'permanent');
    return true;
  }

  mend(k) {
    for (const where of [[this.node(k), 'dev', this.near(k)],
                         ['-n', this.name(k), this.host(k), 'dev', this.far(k)]]) {
      const prefix = where[0] === '-n' ? where.splice(0, 2) : [];
      try {
        ip(...prefix, 'neigh', 'del', ...where);
      } catch {
        // It was not cut in this direction.
      }
    }
  }

  remove() {
    for (const name of this.made.splice(0))
      try {
        ip('netns', 'del', name);
      } catch {
        // It has gone already.
      }
  }
}

/** Namespaces for `count` nodes where that is possible. */
export function make_network(count, wanted = 'any') {
  if (wanted === 'proxies') return new Shared();
  try {
    return new Namespaces(count);
  } catch (error) {
    if (wanted === 'namespaces') throw error;
    return new Shared();
  }
}
