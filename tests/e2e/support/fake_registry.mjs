// Four registries on one port of the loopback: npm under /npm, a sparse index
// of Cargo under /cargo, Hex' API and repository under /hex and /repo, a simple
// index of Python under /pypi. They serve what `publish` was given, in the
// shapes that the real ones have, and misbehave as `rules` say.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { gzipSync, brotliCompressSync } from 'node:zlib';
import { crc32, tar, tgz, zip } from './archives.mjs';

const hash = (algorithm, bytes, form = 'hex') =>
  createHash(algorithm).update(bytes).digest(form);

const index_path = (name) => {
  const n = name.toLowerCase();
  if (n.length <= 2) return `${n.length}/${n}`;
  if (n.length === 3) return `3/${n[0]}/${n}`;
  return `${n.slice(0, 2)}/${n.slice(2, 4)}/${n}`;
};

export class FakeRegistry {
  constructor() {
    /** path → `{body, type}` */
    this.served = new Map();
    /** Before what is served: `(request, response) → true if it answered`. */
    this.rules = [];
    /** Every request: `{path, headers}`. */
    this.requests = [];
  }

  async start(port = 0) {
    this.server = createServer((request, response) => this.answer(request, response));
    await new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** What a node needs to know. */
  get settings() {
    return {
      LARDER_REGISTRIES__NPM: `${this.url}/npm/`,
      LARDER_REGISTRIES__CARGO: `${this.url}/cargo/`,
      LARDER_REGISTRIES__HEX: `${this.url}/hex`,
      LARDER_REGISTRIES__HEX_MIRROR: `${this.url}/repo`,
      LARDER_REGISTRIES__PYPI: `${this.url}/pypi`,
      LARDER_REGISTRIES__REQUESTS_PER_SECOND: '1000',
    };
  }

  asked(part) {
    return this.requests.filter(({ path }) => path.includes(part)).length;
  }

  answer(request, response) {
    const path = decodeURIComponent(request.url);
    this.requests.push({ path, headers: request.headers });
    if (this.rules.some((rule) => rule(path, response, request))) return;
    const found = this.served.get(path);
    if (!found) {
      response.writeHead(404).end('{"error":"not found"}');
      return;
    }
    const tag = `"${hash('sha1', found.body)}"`;
    if (request.headers['if-none-match'] === tag) {
      response.writeHead(304, { ETag: tag }).end();
      return;
    }
    // As real ones do: documents compressed, archives as they are.
    const accepted = request.headers['accept-encoding'] ?? '';
    const encoding = found.archive ? null
      : accepted.includes('br') ? 'br' : accepted.includes('gzip') ? 'gzip' : null;
    const body = encoding === 'br' ? brotliCompressSync(found.body)
      : encoding === 'gzip' ? gzipSync(found.body) : Buffer.from(found.body);
    response.writeHead(200, {
      ETag: tag, 'Content-Type': found.type ?? 'application/json',
      'Content-Length': body.length,
      ...(encoding ? { 'Content-Encoding': encoding } : {}),
    });
    response.end(body);
  }

  serve(path, body, type, archive = false) {
    this.served.set(path, { body, type, archive });
  }

  /** Answers `times` requests whose path holds `part` with `answer`. */
  disturb(part, times, answer) {
    let left = times;
    this.rules.push((path, response, request) => {
      if (!path.includes(part) || left <= 0) return false;
      --left;
      answer(response, request);
      return true;
    });
  }

  // -- npm ---------------------------------------------------------------------

  /** `archive`: other bytes than those of `files`; `digest`: of other bytes. */
  npm(name, { version = '1.0.0', files = {}, manifest = {}, archive, digest,
              versions = {} } = {}) {
    const bytes = archive ?? tgz({
      'package/package.json': JSON.stringify({ name, version, ...manifest }),
      'package/README.md': `# ${name}\n\n## Usage\n\n\`\`\`js\n`
        + `const x = require('${name}')\n\`\`\`\n`,
      ...files,
    });
    const file = `${name.split('/').pop()}-${version}.tgz`;
    const path = `/npm/${name}/-/${file}`;
    this.serve(path, bytes, 'application/octet-stream', true);
    this.serve(`/npm/${name}`, JSON.stringify({
      name,
      'dist-tags': { latest: version },
      modified: '2026-01-01T00:00:00.000Z',
      versions: {
        ...versions,
        [version]: {
          name, version, dependencies: manifest.dependencies,
          dist: {
            // As a mirror has it: of the registry that it mirrors.
            tarball: `http://registry.invalid/${name}/-/${file}`,
            integrity: `sha512-${hash('sha512', digest ?? bytes, 'base64')}`,
            shasum: hash('sha1', digest ?? bytes),
            fileCount: 3, unpackedSize: 1_000,
            signatures: [{ keyid: 'SHA256:x', sig: 'y' }],
          },
        },
      },
    }), 'application/vnd.npm.install-v1+json');
    return bytes;
  }

  // -- Cargo -------------------------------------------------------------------

  cargo(name, { version = '1.0.0', yanked = false, archive } = {}) {
    this.serve('/cargo/config.json', JSON.stringify(
      { dl: `${this.url}/crates`, api: this.url }));
    const bytes = archive ?? tgz({
      [`${name}-${version}/Cargo.toml`]:
        `[package]\nname = "${name}"\nversion = "${version}"\n`
        + 'description = "A runtime for writing asynchronous applications"\n'
        + 'license = "MIT OR Apache-2.0"\nkeywords = ["async", "futures"]\n',
      [`${name}-${version}/src/lib.rs`]:
        '/// Spawns a task.\n///\n/// ```\n/// spawn(async {});\n/// ```\npub fn spawn() {}\n',
      [`${name}-${version}/examples/hello.rs`]: '//! Says hello.\nfn main() {}\n',
    });
    this.serve(`/crates/${name}/${version}/download`, bytes, 'application/gzip', true);
    this.serve(`/cargo/${index_path(name)}`, `${JSON.stringify({
      name, vers: version, cksum: hash('sha256', bytes), features: {}, yanked,
      deps: [{ name: 'bytes', req: '^1', features: [], optional: false,
               default_features: true, target: null, kind: 'normal' }],
    })}\n`, 'text/plain');
  }

  // -- Hex ---------------------------------------------------------------------

  hex(name, { version = '1.0.0', archive } = {}) {
    const contents = tgz({
      'README.md': `# ${name}\n\n\`\`\`elixir\n{:${name}, "~> ${version}"}\n\`\`\`\n`,
      [`lib/${name}.ex`]: 'defmodule Plug do\n  @doc """\n  Does it.\n\n'
        + '      iex> Plug.run()\n      :ok\n  """\n  def run, do: :ok\nend\n',
    });
    const metadata = `{<<"name">>,<<"${name}">>}.\n`;
    const bytes = archive ?? tar({
      VERSION: '3',
      CHECKSUM: hash('sha256', Buffer.concat(
        [Buffer.from('3'), Buffer.from(metadata), contents])).toUpperCase(),
      'metadata.config': metadata,
      'contents.tar.gz': contents,
    });
    this.serve(`/repo/tarballs/${name}-${version}.tar`, bytes,
               'application/octet-stream', true);
    this.serve(`/hex/packages/${name}`, JSON.stringify({
      name, latest_version: version, latest_stable_version: version,
      meta: { description: 'Compose web applications', licenses: ['Apache-2.0'],
              links: { GitHub: 'http://code.invalid' }, maintainers: [] },
      releases: [{ version, url: 'x', has_docs: true }], retirements: {},
    }));
    this.serve(`/hex/packages/${name}/releases/${version}`, JSON.stringify({
      version, checksum: hash('sha256', bytes), retirement: null,
      requirements: { mime: { app: 'mime', optional: false, requirement: '~> 2.0' } },
      meta: { app: name, build_tools: ['mix'], elixir: '~> 1.12' },
    }));
  }

  // -- PyPI --------------------------------------------------------------------

  pypi(name, { version = '1.0.0', form = 'json', wheel = false, archive } = {}) {
    const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`
      + 'Summary: HTTP for humans\nKeywords: http,client\nLicense: Apache-2.0\n'
      + 'Requires-Dist: idna (>=2.5)\n\nUsage::\n\n  import it\n';
    const bytes = archive ?? (wheel
      ? zip({ [`${name}-${version}.dist-info/METADATA`]: metadata,
              [`${name}/__init__.py`]: '"""It.\n\n>>> go()\n"""\n' }, crc32)
      : tgz({ [`${name}-${version}/PKG-INFO`]: metadata,
              [`${name}-${version}/${name}.py`]: '"""It.\n\n>>> go()\n"""\n' }));
    const file = wheel ? `${name}-${version}-py3-none-any.whl`
      : `${name}-${version}.tar.gz`;
    const sum = hash('sha256', bytes);
    this.serve(`/files/${file}`, bytes, 'application/octet-stream', true);
    if (form === 'json')
      this.serve(`/pypi/${name}/`, JSON.stringify({
        meta: { 'api-version': '1.1' }, name, versions: [version],
        files: [{ filename: file, url: `../../files/${file}`, hashes: { sha256: sum },
                  'requires-python': '>=3.8', size: bytes.length, yanked: false }],
      }), 'application/vnd.pypi.simple.v1+json');
    else
      this.serve(`/pypi/${name}/`, `<!DOCTYPE html><html><body><a href="`
        + `${this.url}/files/${file}#sha256=${sum}" data-requires-python="&gt;=3.8">`
        + `${file}</a></body></html>`, 'text/html');
  }
}
