// Package documents, and the requests that most tests of packages make.

import assert from 'node:assert/strict';

/** A document as JSON text. */
export function document_of(ecosystem, name, more = {}) {
  return JSON.stringify({
    ecosystem, name, version: '1.0.0', description: `The package ${name}`, ...more });
}

export function packages_of(client) {
  const ask = (op, body, options) =>
    client.request(`packages.storage.${op}`, body, options);
  return {
    ask,
    get: (ecosystem, name, options) => ask('get', { ecosystem, name }, options),
    remove: (ecosystem, name, options) => ask('delete', { ecosystem, name }, options),
    async must_store(document, options) {
      const reply = await ask('store', document, options);
      assert.equal(reply.status, 200, `store: ${reply}`);
      return reply.json;
    },
    stats: async (node) => (await ask('stats', '', { node })).json,
  };
}
