// A TCP proxy that does to a link what networks do: delay, jitter, reset, and
// silence. One stands between a node and a server that the node talks to.
//
//   const proxy = await Proxy.start({ to_port: nats.port });
//   proxy.delay(50, 20);         // 50 ms and up to 20 more, both ways
//   proxy.black_hole(true);      // nothing passes, nothing is closed
//   proxy.black_hole('down');    // half-open: what the server says is held
//   proxy.black_hole(true, (link) => link.opening.includes('/log'));
//   proxy.heal();                // no delay, and what was held goes on its way
//   proxy.reset();               // every link ends with RST
//   await proxy.stop();
//
// 'up' is from who connected to the server, 'down' the other way. What a black
// hole swallows is held, as TCP would send it again: when the link heals it
// arrives, late and in order. An end or a reset in a black hole is held too, so
// neither side learns of it. A link that is opened into a black hole is
// accepted (as a listen queue would) and goes nowhere.

import net from 'node:net';

// What one direction of one link may hold before its sender has to wait.
const most_held = 4 * 1024 * 1024;

/** One direction of a link: what was read at one end, to be written to the other. */
class Pipe {
  constructor(link, direction, from, to) {
    Object.assign(this, { link, proxy: link.proxy, direction, from, to });
    this.held = [];
    this.bytes = 0;
    this.last_due = 0;
    this.timer = null;
    from.on('data', (chunk) => {
      if (direction === 'up') link.began(chunk);
      this.add({ chunk });
    });
    from.on('end', () => this.add({ end: true }));
    from.on('error', () => this.add({ reset: true }));
    from.on('close', (had_error) => this.add(had_error ? { reset: true } : { end: true }));
    to.on('drain', () => this.read_on());
  }

  add(part) {
    const { delay_ms, jitter_ms, random } = this.proxy;
    // In order: a part never overtakes the one before it.
    this.last_due = Math.max(
      this.last_due, performance.now() + delay_ms + jitter_ms * random());
    part.due = this.last_due;
    this.held.push(part);
    this.bytes += part.chunk?.length ?? 0;
    if (this.bytes > most_held) this.from.pause();
    this.pass();
  }

  get silent() {
    const { silence, swallows } = this.proxy;
    return (silence === true || silence === this.direction) && swallows(this.link);
  }

  /** Writes what is due. */
  pass() {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.to.connecting) return;
    while (this.held.length > 0 && !this.silent) {
      const wait = this.held[0].due - performance.now();
      if (wait > 0.5) {
        this.timer = setTimeout(() => this.pass(), wait);
        return;
      }
      const part = this.held.shift();
      if (part.chunk) {
        this.bytes -= part.chunk.length;
        this.proxy.passed[this.direction] += part.chunk.length;
        if (!this.to.destroyed && !this.to.writableEnded && !this.to.write(part.chunk))
          this.from.pause();
      } else if (part.reset) {
        reset(this.to);
      } else if (!this.to.writableEnded) {
        this.to.end();
      }
    }
    this.read_on();
  }

  read_on() {
    if (this.bytes < most_held && !this.to.writableNeedDrain) this.from.resume();
  }

  stop() {
    clearTimeout(this.timer);
    this.held = [];
  }
}

function reset(socket) {
  if (socket.destroyed) return;
  // An end that is on its way cannot become a reset any more: node would keep
  // the socket, and the process, for ever.
  if (socket.connecting || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** A link: the socket that was accepted and the one to the server. */
class Link {
  constructor(proxy, client) {
    this.proxy = proxy;
    this.client = client;
    /** The first that the client said: what tells its links apart. */
    this.opening = '';
    client.setNoDelay(true);
    client.pause();
    client.on('error', () => {});
    this.open();
  }

  /** Not while all is silent: a SYN would not come through either. */
  open() {
    const { proxy, client } = this;
    if (this.server) return;
    if ((proxy.silence === true || proxy.silence === 'up') && proxy.swallows(this)) return;
    const server = net.connect({
      port: proxy.to_port, host: proxy.to_host, noDelay: true, allowHalfOpen: true });
    this.server = server;
    this.up = new Pipe(this, 'up', client, server);
    this.down = new Pipe(this, 'down', server, client);
    server.once('connect', () => this.up.pass());
    let open = 2;
    for (const socket of [client, server])
      socket.once('close', () => { if (--open === 0) this.forget(); });
    client.resume();
  }

  began(chunk) {
    if (this.opening.length < 1_024) this.opening += chunk.toString('latin1', 0, 1_024);
  }

  pass() {
    this.open();
    this.up?.pass();
    this.down?.pass();
  }

  reset() {
    reset(this.client);
    if (this.server) reset(this.server);
    this.forget();
  }

  forget() {
    this.up?.stop();
    this.down?.stop();
    this.proxy.links.delete(this);
  }
}

export class Proxy {
  /**
   * Listens on `host`:`port` (0: any free one) for links to
   * `to_host`:`to_port`. `random` decides about jitter: a function like
   * Math.random.
   */
  static async start({ to_port, to_host = '127.0.0.1', host = '127.0.0.1', port = 0,
                       random = Math.random }) {
    const proxy = new Proxy(to_host, to_port, random);
    await new Promise((resolve, reject) => {
      proxy.server.once('error', reject);
      proxy.server.listen(port, host, resolve);
    });
    proxy.host = host;
    proxy.port = proxy.server.address().port;
    return proxy;
  }

  constructor(to_host, to_port, random) {
    this.to_host = to_host;
    this.to_port = to_port;
    this.random = random;
    this.links = new Set();
    this.delay_ms = 0;
    this.jitter_ms = 0;
    this.silence = false;
    this.swallows = () => true;
    /** Bytes that came through, by direction. */
    this.passed = { up: 0, down: 0 };
    this.server = net.createServer({ allowHalfOpen: true }, (client) => {
      this.links.add(new Link(this, client));
    });
  }

  /** From now on each byte takes `ms`, and up to `jitter_ms` more, each way. */
  delay(ms, jitter_ms = 0) {
    this.delay_ms = ms;
    this.jitter_ms = jitter_ms;
  }

  /**
   * true: both ways; 'up' or 'down': that way; false: ends the silence.
   * `swallows` says which links it takes; it is asked again with everything
   * that passes, since a new link has no opening yet.
   */
  black_hole(how = true, swallows = () => true) {
    if (![true, false, 'up', 'down'].includes(how))
      throw new Error(`black_hole takes true, false, 'up' or 'down', not ${how}`);
    this.silence = how;
    this.swallows = swallows;
    for (const link of [...this.links]) link.pass();
  }

  /** Ends delay and silence. What was held arrives. */
  heal() {
    this.delay(0);
    this.black_hole(false);
  }

  /** Ends every link with RST, both ends. New ones are accepted. */
  reset() {
    for (const link of [...this.links]) link.reset();
  }

  async stop() {
    const closed = new Promise((done) => this.server.close(done));
    this.reset();
    await closed;
  }
}
