// NATS spoken by hand over a socket: sends what client libraries refuse to
// send, and adds as little as possible to a measured round trip.

import net from 'node:net';
import { in_time } from './wait.mjs';

export class RawClient {
  static async connect(port) {
    const client = new RawClient();
    client.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    client.socket.on('data', (chunk) => client.read(chunk));
    client.socket.on('error', () => {});
    client.write('CONNECT {"verbose":false,"pedantic":false,"headers":true,'
                 + '"no_responders":true,"name":"e2e-raw"}\r\n'
                 + `SUB ${client.inbox}.* 1\r\n`);
    await in_time('PONG', client.ping(), 5_000);
    return client;
  }

  constructor() {
    this.inbox = `_INBOX.raw${Math.random().toString(36).slice(2)}`;
    this.next = 0;
    this.waiting = new Map();
    this.pongs = [];
    this.errors = [];
    this.buffer = Buffer.alloc(0);
  }

  write(data) {
    this.socket.write(data);
  }

  ping() {
    return new Promise((resolve) => {
      this.pongs.push(resolve);
      this.write('PING\r\n');
    });
  }

  close() {
    this.socket.destroy();
  }

  /**
   * `subject`: text or bytes, sent as they are. `header`: a whole header block
   * ("NATS/1.0\r\n…\r\n\r\n") or null. Resolves to `{header, payload}`.
   */
  request(subject, payload = '', header = null, ms = 5_000) {
    const id = String(this.next++);
    const body = Buffer.from(payload);
    const to = Buffer.from(subject);
    const reply = `${this.inbox}.${id}`;
    const answer = new Promise((resolve) => this.waiting.set(id, resolve));
    const block = header === null ? Buffer.alloc(0) : Buffer.from(header);
    const line = header === null
      ? [Buffer.from('PUB '), to, Buffer.from(` ${reply} ${body.length}\r\n`)]
      : [Buffer.from('HPUB '), to, Buffer.from(
          ` ${reply} ${block.length} ${block.length + body.length}\r\n`)];
    this.write(Buffer.concat([...line, block, body, Buffer.from('\r\n')]));
    return in_time(`a reply to ${to}`, answer, ms);
  }

  read(chunk) {
    this.buffer = this.buffer.length ? Buffer.concat([this.buffer, chunk]) : chunk;
    for (;;) {
      const end = this.buffer.indexOf('\r\n');
      if (end < 0) return;
      const line = this.buffer.toString('latin1', 0, end);
      let used = end + 2;
      if (line.startsWith('MSG ') || line.startsWith('HMSG ')) {
        const fields = line.split(' ');
        const total = Number(fields.at(-1));
        if (this.buffer.length < used + total + 2) return;
        const with_header = fields[0] === 'HMSG';
        const header_size = with_header ? Number(fields.at(-2)) : 0;
        const data = this.buffer.subarray(used, used + total);
        this.deliver(fields[1], data.subarray(0, header_size).toString('utf8'),
                     Buffer.from(data.subarray(header_size)));
        used += total + 2;
      } else if (line === 'PING') {
        this.write('PONG\r\n');
      } else if (line === 'PONG') {
        this.pongs.shift()?.();
      } else if (line.startsWith('-ERR')) {
        this.errors.push(line);
      }
      this.buffer = this.buffer.subarray(used);
    }
  }

  deliver(subject, header, payload) {
    const id = subject.slice(subject.lastIndexOf('.') + 1);
    const resolve = this.waiting.get(id);
    this.waiting.delete(id);
    resolve?.({
      header,
      payload,
      status: Number(/^NATS\/1\.0 (\d+)/.exec(header)?.[1]
                     ?? /^Nats-Service-Error-Code: *(\d+)/m.exec(header)?.[1]
                     ?? 200),
    });
  }
}
