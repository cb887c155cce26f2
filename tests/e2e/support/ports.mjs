// Free ports of the loopback interface.

import net from 'node:net';

/** Whether nobody listens on a port, and nobody connects from it. */
function can_be_bound(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * `count` different ports that nobody listens on at the moment. Below the range
 * that the kernel takes for outgoing connections: these would else be where a
 * server wants to come back to.
 */
export async function free_ports(count) {
  const ports = new Set();
  while (ports.size < count) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    if (await can_be_bound(port)) ports.add(port);
  }
  return [...ports];
}

/** Whether somebody accepts connections there. */
export function listens(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => resolve(false));
  });
}
