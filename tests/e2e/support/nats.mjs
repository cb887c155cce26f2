// The NATS client libraries, with a helpful error where they are missing.

import { webcrypto } from 'node:crypto';

// Node 18 keeps it behind a flag; later versions have it.
globalThis.crypto ??= webcrypto;

async function load(name) {
  try {
    return await import(name);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(`${name} is not installed: run tests/run, which installs it, `
                    + 'or npm ci in tests/e2e');
  }
}

export const { connect, headers, nuid, RequestStrategy } =
  await load('@nats-io/transport-node');
export const { Kvm } = await load('@nats-io/kv');
export const { jetstream, jetstreamManager } = await load('@nats-io/jetstream');
