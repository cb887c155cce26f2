// Every setting of a node as a plain struct: default, unit, one sentence.
//
// Used by every folder; holds no behavior. `load.hpp` fills it from flags,
// environment and file; `larder.yaml` documents the same keys for operators.
// One word for one thing: `a.b` here is `a: b:` in YAML and `LARDER_A__B` in
// the environment.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace larder::config {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct node_settings {
  /// Identifies this node in replies, subjects and metrics; `[A-Za-z0-9_-]`.
  /// Empty: host name plus a random suffix.
  std::string id;
  /// Nodes of one cluster share a name; it prefixes the relay's lease.
  std::string cluster = "larder";
  /// Threads of the actor scheduler; 0: one a core, at most 4.
  std::uint32_t threads = 0;
  /// How long a drain may take before the process leaves anyway.
  milliseconds shutdown_timeout{10'000};
  /// Where the embedded store and other files of this node live.
  std::string data_dir = "data";
};

struct log_settings {
  /// trace, debug, info, warn, error, off
  std::string level = "info";
  /// text or json (one object a line)
  std::string format = "text";
};

struct http_settings {
  /// Serve /healthz, /readyz and /metrics.
  bool enabled = true;
  std::string host = "127.0.0.1";
  /// 0: any free port, named in the log.
  std::uint16_t port = 8222;
};

struct nats_settings {
  /// One or more servers, comma-separated (nats:// or tls://).
  std::string url = "nats://127.0.0.1:4222";
  /// A context of the `nats` command; fills what is not set here.
  std::string context;
  /// A .creds file (JWT and seed).
  std::string creds_file;
  std::string user;
  std::string password;  // secret
  std::string password_file;
  std::string token;  // secret
  std::string token_file;
  /// A file with an nkey seed.
  std::string nkey_seed_file;
  std::string tls_ca_file;
  std::string tls_cert_file;
  std::string tls_key_file;
  /// Refuse a connection without TLS.
  bool tls_required = false;
  /// For tests only: accept any certificate.
  bool tls_insecure = false;
  milliseconds connect_timeout{2'000};
  /// A JetStream call that takes longer has failed.
  milliseconds request_timeout{1'000};
  /// A dead link is noticed after max_pings_out of these.
  milliseconds ping_interval{1'000};
  std::uint32_t max_pings_out = 2;
  milliseconds reconnect_wait{100};
};

struct postgres_settings {
  /// libpq URI or key=value string; empty: no PostgreSQL. Secret.
  std::string url;
  std::string url_file;
  /// Sessions for queries (one thread each); the relay and the sampler have
  /// one each of their own.
  std::uint32_t connections = 4;
  milliseconds connect_timeout{2'000};
  milliseconds statement_timeout{2'000};
  milliseconds lock_timeout{1'500};
  milliseconds idle_in_transaction_timeout{5'000};
  milliseconds tcp_user_timeout{2'000};
  /// Start although synchronous_commit is off: acknowledged writes may be lost.
  bool allow_asynchronous_commit = false;
  /// Run pending migrations at start.
  bool migrate = true;
};

struct memory_settings {
  /// Entries kept in memory by this node, over all shards.
  std::uint64_t max_entries = 1'000;
  /// Bytes of keys and values kept in memory, over all shards.
  std::uint64_t max_bytes = 64ull << 20;
  /// An entry is answered for so long after it was filled or written.
  milliseconds ttl{30 * 60 * 1'000};
  /// An expired entry is answered, marked stale, for so long after that, when
  /// the tiers below fail.
  milliseconds grace{10 * 60 * 1'000};
  std::uint32_t shards = 4;
  /// s3fifo or lru
  std::string eviction = "s3fifo";
};

struct bucket_settings {
  std::string name = "templates";
  milliseconds ttl{30 * 60 * 1'000};
  /// memory or file
  std::string storage = "memory";
  std::uint32_t replicas = 1;
  std::uint64_t max_bytes = 1ull << 30;
};

struct coherence_settings {
  /// Name of the JetStream stream that is the change log.
  std::string stream = "LARDER_CHANGES";
  /// How long the log keeps a change; a node away for longer verifies all.
  milliseconds retention{60 * 60 * 1'000};
  /// How often a node asks for a fence.
  milliseconds fence_interval{500};
  /// Memory is answered unverified while the fence is younger than this.
  milliseconds fence_max_age{2'000};
  /// A floor outlives its entry by this; longer than any fill may take.
  milliseconds floor_ttl{10 * 60 * 1'000};
  /// How often the relay looks for writes of other programs.
  milliseconds relay_interval{100};
  /// A relay that has not renewed for so long is succeeded.
  milliseconds lease_ttl{1'000};
};

struct sampler_settings {
  /// How often the node with the relay's lease compares what nodes answer with
  /// the source of truth; 0: never.
  milliseconds interval{2'000};
  /// Keys compared at a time.
  std::uint32_t keys = 128;
};

struct ttl_settings {
  seconds short_class{300};
  seconds medium_class{3'600};
  seconds long_class{86'400};
  seconds week_class{604'800};
};

struct limit_settings {
  /// Bytes of one template.
  std::uint64_t max_value_bytes = 512ull << 10;
  /// Keys of one mget.
  std::uint32_t max_mget_keys = 1'024;
  /// Nesting of a JSON body.
  std::uint32_t max_json_depth = 64;
  /// Requests a node works on at once; more are answered `busy`.
  std::uint32_t max_in_flight = 16'384;
  /// A request without Larder-Deadline-Ms is given up after this.
  milliseconds default_deadline{2'000};
  /// The longest that Larder-Deadline-Ms may ask for.
  milliseconds max_deadline{60'000};
};

struct package_settings {
  /// Keep packages and serve `packages.…`.
  bool enabled = true;
  /// Where they are kept; empty: `packages` in node.data_dir.
  std::string path;
  /// Bytes of documents in memory.
  std::uint64_t memory_bytes = 64ull << 20;
  /// Memory for blocks of the files.
  std::uint64_t block_cache_bytes = 64ull << 20;
  /// One document; with its headers it has to fit into a NATS message.
  std::uint64_t max_document_bytes = 960ull << 10;
  /// The store is not opened with less free space than this.
  std::uint64_t min_free_bytes = 64ull << 20;
  /// A removal is remembered for so long; no node may be away for longer.
  milliseconds tombstone_retention{7ll * 24 * 60 * 60 * 1'000};
  /// The JetStream key-value bucket.
  std::string bucket = "packages";
  milliseconds bucket_ttl{60 * 60 * 1'000};
  /// memory or file
  std::string bucket_storage = "file";
  std::uint32_t bucket_replicas = 1;
  std::uint64_t bucket_max_bytes = 1ull << 30;
  /// A request that collects is given up after this.
  milliseconds collect_deadline{60'000};
};

struct registry_settings {
  /// Base URLs; empty: what the registry's own tool is configured with.
  std::string npm;
  std::string cargo;
  std::string hex;
  /// Where hex archives lie; empty: what `hex` says, or hex's own tool.
  std::string hex_mirror;
  std::string pypi;
  /// Empty: larder and its version.
  std::string user_agent;
  /// Of each registry.
  std::uint32_t requests_per_second = 10;
  /// Packages collected at once, one thread each.
  std::uint32_t concurrency = 4;
  /// Packages that may wait to be collected.
  std::uint32_t max_waiting = 1'024;
  milliseconds connect_timeout{5'000};
  /// One request to a registry.
  milliseconds request_timeout{30'000};
  /// A package collected less long ago is answered without asking.
  milliseconds fresh_for{60 * 60 * 1'000};
  /// So is that there is no such package.
  milliseconds missing_for{10 * 60 * 1'000};
  /// A package collected less long ago is answered when its registry fails.
  milliseconds stale_for{7ll * 24 * 60 * 60 * 1'000};
  /// What a registry says of one package.
  std::uint64_t max_metadata_bytes = 32ull << 20;
  std::uint64_t max_archive_bytes = 64ull << 20;
  std::uint64_t max_unpacked_bytes = 256ull << 20;
  /// One file of an archive that is looked into.
  std::uint64_t max_file_bytes = 2ull << 20;
  std::uint32_t max_archive_entries = 20'000;
  std::uint32_t max_path_depth = 32;
  std::uint32_t max_snippets = 400;
};

struct settings {
  node_settings node;
  log_settings log;
  http_settings http;
  nats_settings nats;
  postgres_settings postgres;
  memory_settings memory;
  bucket_settings bucket;
  coherence_settings coherence;
  sampler_settings sampler;
  ttl_settings ttl;
  limit_settings limits;
  package_settings packages;
  registry_settings registries;
  /// false: every read goes to the source of truth (ENABLE_CACHING).
  bool caching = true;
};

}  // namespace larder::config
