// A user of Larder: requests over NATS, replies taken apart as the contract
// describes them.

import assert from 'node:assert/strict';
import { embedded } from './larder.mjs';
import { connect, headers as new_headers } from './nats.mjs';
import { key_tokens } from './subjects.mjs';

export class Reply {
  constructor(data, header) {
    this.bytes = Buffer.from(data);
    this.header = header;
    const code = this.value('Nats-Service-Error-Code');
    this.status = code === null ? 200 : Number(code);
    this.message = this.value('Nats-Service-Error');
    this.tier = this.value('Larder-Tier');
    this.epoch = this.value('Larder-Epoch');
    this.node = this.value('Larder-Node');
    this.revision = this.number('Larder-Revision');
    this.version = this.number('Larder-Version');
    this.stale = this.value('Larder-Stale') === 'true';
    this.stale_ms = this.number('Larder-Stale-Ms');
  }

  value(name) {
    return this.header?.has(name) ? this.header.get(name) : null;
  }

  number(name) {
    const text = this.value(name);
    if (text === null) return null;
    assert.match(text, /^\d+$/, `${name} is a decimal`);
    return Number(text);
  }

  get text() {
    return this.bytes.toString('utf8');
  }

  get json() {
    return JSON.parse(this.text);
  }

  get ok() {
    return this.status === 200;
  }

  toString() {
    return `${this.status} ${this.message ?? ''} ${this.text.slice(0, 300)}`;
  }
}

export class Client {
  static async connect(url, options = {}) {
    const nc = await connect({
      servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 50,
      reconnectJitter: 0, ...options,
    });
    return new Client(nc);
  }

  constructor(nc) {
    this.nc = nc;
  }

  async close() {
    await this.nc.close();
  }

  /**
   * One request. `node`: ask that node alone instead of whichever takes it.
   * `body`: bytes and strings as they are, anything else as JSON.
   */
  async request(subject, body = '', { headers, node, timeout = 5_000 } = {}) {
    const asked = embedded && node === 'node-2' ? 'node-1' : node;
    const message = await this.nc.request(
      asked ? `larder.node.${asked}.${subject}` : subject, payload_of(body),
      { timeout, ...(headers ? { headers: header_of(headers) } : {}) });
    return new Reply(message.data, message.headers);
  }

  /** Every reply to one request that comes within `ms`, or the first `max`. */
  async request_all(subject, body = '', { ms = 1_000, max = Infinity, headers } = {}) {
    const replies = [];
    const inbox = `_INBOX.e2e.${Math.random().toString(36).slice(2)}`;
    let enough;
    const full = new Promise((resolve) => { enough = resolve; });
    const subscription = this.nc.subscribe(inbox, {
      callback: (_, message) => {
        replies.push(new Reply(message.data, message.headers));
        if (replies.length >= max) enough();
      },
    });
    this.nc.publish(subject, payload_of(body), {
      reply: inbox, ...(headers ? { headers: header_of(headers) } : {}),
    });
    // A timer that is left behind would keep the whole file from ending.
    const timer = setTimeout(enough, ms);
    await full;
    clearTimeout(timer);
    subscription.unsubscribe();
    return replies;
  }

  get(type, id, options) {
    return this.request(`template.get.${key_tokens(type, id)}`, '', options);
  }

  put(type, id, value, options) {
    return this.request(`template.put.${key_tokens(type, id)}`, value, options);
  }

  delete(type, id, options) {
    return this.request(`template.delete.${key_tokens(type, id)}`, '', options);
  }

  /** A put that has to succeed: its reply as an object. */
  async must_put(type, id, value, options) {
    const reply = await this.put(type, id, value, options);
    assert.equal(reply.status, 200, `put ${type} ${id}: ${reply}`);
    return reply.json;
  }

  /** A get that has to succeed. */
  async must_get(type, id, options) {
    const reply = await this.get(type, id, options);
    assert.equal(reply.status, 200, `get ${type} ${id}: ${reply}`);
    return reply;
  }

  async control(operation, body = {}, { node = 'all', ...options } = {}) {
    if (node !== 'all')
      return (await this.request(`larder.control.${node}.${operation}`, body, options)).json;
    const replies = await this.request_all(`larder.control.all.${operation}`, body, options);
    return replies.map((reply) => reply.json);
  }

  stats(node) {
    return this.request('template.stats', '', { node }).then((reply) => reply.json);
  }
}

function payload_of(body) {
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  return JSON.stringify(body);
}

function header_of(values) {
  const header = new_headers();
  for (const [name, value] of Object.entries(values))
    header.set(name, String(value));
  return header;
}

/** An error as the contract describes it: headers and body say the same. */
export function assert_error(reply, status, name) {
  assert.equal(reply.status, status, `expected ${status} ${name}, got ${reply}`);
  assert.ok(reply.message, 'Nats-Service-Error says what is wrong');
  const body = reply.json;
  assert.equal(body.error, name);
  assert.equal(typeof body.message, 'string');
  assert.ok(body.message.length > 0, 'the body says what is wrong');
  return body;
}
