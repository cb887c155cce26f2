// Waiting for what a test expects: always for an event, always with a
// deadline.

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Calls `probe` until it returns something true, and returns that. A probe
 * that throws has not succeeded yet. Past `within` ms: an error that says what
 * was awaited and what happened last.
 */
export async function eventually(what, probe, { within = 5_000, every = 20 } = {}) {
  const end = performance.now() + within;
  let last;
  for (;;) {
    try {
      const result = await probe();
      if (result) return result;
      last = `the last look gave ${JSON.stringify(result)}`;
    } catch (error) {
      last = error.message;
    }
    if (performance.now() >= end)
      throw new Error(`waited ${within} ms for ${what}: ${last}`);
    await sleep(every);
  }
}

/** `promise`, or an error that says what did not come in time. */
export async function in_time(what, promise, ms) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} did not come within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The value that `share` (0.5, 0.99) of `values` do not exceed. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}
