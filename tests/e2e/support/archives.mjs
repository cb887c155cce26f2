// Archives as registries serve them, and as no honest tool would write them.

import { gzipSync } from 'node:zlib';

const block = 512;

/** One header of a tar file; `name` may be bytes that are no UTF-8. */
export function tar_header(name, size, type = '0', target = '') {
  const head = Buffer.alloc(block);
  Buffer.from(name).copy(head, 0, 0, 100);
  head.write('0000644\0', 100);
  head.write('0000000\0', 108);
  head.write('0000000\0', 116);
  if (size < 2 ** 33) {
    head.write(size.toString(8).padStart(11, '0'), 124);
  } else {
    // More than eleven octal digits hold: base 256, as GNU tar has it.
    head[124] = 0x80;
    head.writeBigUInt64BE(BigInt(size), 128);
  }
  head.write('00000000000', 136);
  head.write('        ', 148);
  head.write(type, 156);
  head.write(target, 157);
  head.write('ustar\x0000', 257);
  const sum = head.reduce((a, b) => a + b, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return head;
}

export function tar_file(name, content) {
  const bytes = Buffer.from(content);
  return Buffer.concat([
    tar_header(name, bytes.length), bytes,
    Buffer.alloc((block - (bytes.length % block)) % block)]);
}

/** `{name: content}`, and parts that are bytes already. */
export function tar(files, ...parts) {
  return Buffer.concat([
    ...Object.entries(files).map(([name, content]) => tar_file(name, content)),
    ...parts, Buffer.alloc(2 * block)]);
}

export const tgz = (files, ...parts) => gzipSync(tar(files, ...parts));

/** Ten gigabytes of zeros in one file, in ten megabytes of gzip. */
export function ten_gigabytes() {
  const megabyte = gzipSync(Buffer.alloc(2 ** 20), { level: 9 });
  return Buffer.concat([
    gzipSync(tar_header('package/zeros', 10 * 2 ** 30)),
    ...Array(10 * 1024).fill(megabyte)]);
}

/** The same, but in files that are each within every limit. */
export function many_zeros() {
  const one = gzipSync(Buffer.concat([
    tar_header('package/zeros', 2 ** 20), Buffer.alloc(2 ** 20)]), { level: 9 });
  return Buffer.concat(Array(10 * 1024).fill(one));
}

export function million_entries() {
  const thousand = gzipSync(Buffer.concat(
    Array.from({ length: 1_000 }, (_, i) => tar_header(`package/${i}`, 0))));
  return Buffer.concat(Array(1_000).fill(thousand));
}

/** A zip file whose files are not compressed, as a wheel may be. */
export function zip(files, crc32) {
  const local = [];
  const central = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const both = Buffer.alloc(26);
    both.writeUInt16LE(20, 0);
    both.writeUInt16LE(0x800, 2);
    both.writeUInt32LE(crc32(bytes), 10);
    both.writeUInt32LE(bytes.length, 14);
    both.writeUInt32LE(bytes.length, 18);
    both.writeUInt16LE(Buffer.byteLength(name), 22);
    const place = Buffer.alloc(4);
    place.writeUInt32LE(at);
    const entry = Buffer.concat([
      Buffer.from('PK\x03\x04', 'latin1'), both, Buffer.from(name), bytes]);
    central.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), both,
                 Buffer.alloc(10), place, Buffer.from(name));
    local.push(entry);
    at += entry.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...local, directory, end]);
}

/** CRC-32 as in zip (ISO 3309). */
export function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; ++i) crc = (crc >>> 1) ^ (crc & 1 ? 0xEDB88320 : 0);
  }
  return ~crc >>> 0;
}
