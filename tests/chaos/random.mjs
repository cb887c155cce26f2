// Numbers that a seed decides: the same seed, the same faults and operations.

export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  /** Another one, which this one's later numbers do not depend on. */
  branch(name) {
    let hash = this.state ^ 0x9E3779B9;
    for (const char of name) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
    return new Random(hash);
  }

  /** [0, 1): mulberry32. */
  next() {
    this.state = (this.state + 0x6D2B79F5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  between(low, high) {
    return low + this.next() * (high - low);
  }

  below(n) {
    return Math.floor(this.next() * n);
  }

  chance(share) {
    return this.next() < share;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** One of [[weight, what], …]. */
  weighted(list) {
    let left = this.next() * list.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, what] of list) if ((left -= weight) < 0) return what;
    return list.at(-1)[1];
  }
}
