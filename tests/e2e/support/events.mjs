// What Larder publishes about changes, as a subscriber sees it.

import { in_time } from './wait.mjs';

/** Everything that comes on `subject` from now on, in order. */
export class Events {
  static async on(client, subject) {
    const events = new Events(client, subject);
    // The server knows of the subscription before anything is awaited.
    await client.nc.flush();
    return events;
  }

  constructor(client, subject) {
    this.seen = [];
    this.watchers = new Set();
    this.subscription = client.nc.subscribe(subject, {
      callback: (_, message) => {
        const event = {
          subject: message.subject,
          at: performance.now(),
          text: Buffer.from(message.data).toString('utf8'),
        };
        try {
          Object.assign(event, JSON.parse(event.text));
        } catch {
          event.empty = event.text === '';
        }
        this.seen.push(event);
        for (const watcher of this.watchers) watcher(event);
      },
    });
  }

  /** The first event, seen already or to come, that `matches`. */
  async wait(matches, ms = 5_000) {
    const found = this.seen.find(matches);
    if (found) return found;
    let watcher;
    const arrived = new Promise((resolve) => {
      watcher = (event) => { if (matches(event)) resolve(event); };
      this.watchers.add(watcher);
    });
    try {
      return await in_time('the event', arrived, ms);
    } finally {
      this.watchers.delete(watcher);
    }
  }

  stop() {
    this.subscription.unsubscribe();
  }
}
