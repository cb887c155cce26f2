// The spelling of keys in subjects and in KV keys, as the contract states it.

const plain = /[A-Za-z0-9_\/-]/;

function escape_bytes(bytes, keep_dot) {
  let out = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    if (byte < 128 && (plain.test(char) || (keep_dot && char === '.')))
      out += char;
    else
      out += `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** One token: every byte outside A-Za-z0-9-_/ as =XX. */
export const token = (text) => escape_bytes(Buffer.from(text), false);

/** An id: its dots stay unless that would leave an empty token. */
export function id_tokens(id) {
  const keep_dot = !/^\.|\.\.|\.$/.test(id);
  return escape_bytes(Buffer.from(id), keep_dot);
}

export const key_tokens = (type, id) => `${token(type)}.${id_tokens(id)}`;
