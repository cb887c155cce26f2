#include "config/setting_table.hpp"

#include "config/text_checks.hpp"

#include <algorithm>

namespace larder::config {

namespace {

// Name and member in one, so that they cannot differ.
#define LARDER_SETTING(path)                                                   \
  .name = #path,                                                               \
  .value = +[](settings& s) -> decltype(auto) { return (s.path); }

constexpr std::uint64_t second = 1'000;
constexpr std::uint64_t minute = 60 * second;
constexpr std::uint64_t hour = 60 * minute;
constexpr std::uint64_t day = 24 * hour;
constexpr std::uint64_t kib = 1ull << 10;
constexpr std::uint64_t mib = 1ull << 20;
constexpr std::uint64_t tib = 1ull << 40;

constexpr std::string_view name_rule = "letters, digits, '-' and '_'";
constexpr std::string_view url_rule = "http://HOST/PATH or https://HOST/PATH";

const section section_table[] = {
    {"node", "The process."},
    {"log", "What it writes to stderr."},
    {"http", "Health and metrics."},
    {"nats", "The NATS servers and how to authenticate to them."},
    {"postgres", "The source of truth; without a url a node is embedded."},
    {"memory", "The first tier."},
    {"bucket", "The second tier, a JetStream key-value bucket."},
    {"coherence", "How a node proves that what it holds is fresh."},
    {"sampler", "Compares what nodes answer with the source of truth."},
    {"ttl", "The lifetimes that a time-to-live class stands for."},
    {"limits", "What one request may ask for."},
    {"packages", "The packages that the node keeps on its disk."},
    {"registries", "Where packages are collected from, and how much of them."},
};

const setting table[] = {
    {LARDER_SETTING(caching),
     .sentence = "Off: every read goes to the source of truth.",
     .usual = "ENABLE_CACHING"},

    {LARDER_SETTING(node.id),
     .sentence = "Identifies this node in replies, subjects and metrics; "
                 "empty: host name plus a random suffix.",
     .check = is_name_or_empty, .wanted = name_rule},
    {LARDER_SETTING(node.cluster),
     .sentence = "Nodes of one cluster share this name.", .check = is_name,
     .wanted = name_rule},
    {LARDER_SETTING(node.threads),
     .sentence = "Threads of the actor scheduler; 0: one a core, at most 4.",
     .most = 256},
    {LARDER_SETTING(node.shutdown_timeout),
     .sentence = "How long a drain may take before the process leaves anyway.",
     .least = 1, .most = hour, .reload = true},
    {LARDER_SETTING(node.data_dir),
     .sentence = "Where the embedded store and other files of this node live.",
     .check = is_not_empty, .wanted = "a directory"},

    {LARDER_SETTING(log.level), .sentence = "The least that is written.",
     .choices = "trace|debug|info|warn|error|off", .reload = true},
    {LARDER_SETTING(log.format),
     .sentence = "Lines for people, or one JSON object a line.",
     .choices = "text|json"},

    {LARDER_SETTING(http.enabled),
     .sentence = "Serve /healthz, /readyz and /metrics."},
    {LARDER_SETTING(http.host), .sentence = "The address to listen on.",
     .check = is_not_empty, .wanted = "a host name or an address"},
    {LARDER_SETTING(http.port),
     .sentence = "0: any free port, named in the log.", .most = 65'535},

    {LARDER_SETTING(nats.url),
     .sentence = "One or more servers, separated by commas.",
     .check = is_nats_url,
     .wanted = "nats://HOST:PORT or tls://HOST:PORT, several separated by "
               "commas",
     .holds_secret = true, .usual = "NATS_URL"},
    {LARDER_SETTING(nats.context),
     .sentence = "A context of the `nats` command; it fills the url, the "
                 "credentials and the TLS files that are not set here.",
     .check = is_context_name, .wanted = "the name of a context",
     .usual = "NATS_CONTEXT"},
    {LARDER_SETTING(nats.creds_file),
     .sentence = "A .creds file (JWT and seed).", .usual = "NATS_CREDS"},
    {LARDER_SETTING(nats.user), .sentence = "The user to log in as."},
    {LARDER_SETTING(nats.password),
     .sentence = "Secret; password_file keeps it out of here.", .secret = true},
    {LARDER_SETTING(nats.password_file),
     .sentence = "A file that holds the password."},
    {LARDER_SETTING(nats.token),
     .sentence = "Secret; token_file keeps it out of here.", .secret = true},
    {LARDER_SETTING(nats.token_file),
     .sentence = "A file that holds the token."},
    {LARDER_SETTING(nats.nkey_seed_file),
     .sentence = "A file that holds an nkey seed."},
    {LARDER_SETTING(nats.tls_ca_file),
     .sentence = "Certificates to trust, in PEM; empty: those of the system."},
    {LARDER_SETTING(nats.tls_cert_file),
     .sentence = "Our certificate, in PEM; needs tls_key_file."},
    {LARDER_SETTING(nats.tls_key_file),
     .sentence = "The key of our certificate, in PEM."},
    {LARDER_SETTING(nats.tls_required),
     .sentence = "Refuse a connection without TLS."},
    {LARDER_SETTING(nats.tls_insecure),
     .sentence = "For tests only: accept any certificate."},
    {LARDER_SETTING(nats.connect_timeout),
     .sentence = "How long a server may take to accept a connection.",
     .least = 1, .most = minute},
    {LARDER_SETTING(nats.request_timeout),
     .sentence = "A JetStream call that takes longer has failed.", .least = 1,
     .most = minute},
    {LARDER_SETTING(nats.ping_interval),
     .sentence = "A dead link is noticed after max_pings_out of these.",
     .least = 10, .most = 10 * minute},
    {LARDER_SETTING(nats.max_pings_out),
     .sentence = "Pings without an answer before the link counts as dead.",
     .least = 1, .most = 100},
    {LARDER_SETTING(nats.reconnect_wait),
     .sentence = "Pause between attempts to connect again; they never end.",
     .least = 1, .most = minute},

    {LARDER_SETTING(postgres.url),
     .sentence = "Secret when it holds a password; url_file keeps it out of "
                 "here. Empty: no PostgreSQL.",
     .check = is_postgres_url,
     .wanted = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE or key=value "
               "pairs",
     .holds_secret = true, .usual = "DATABASE_URL"},
    {LARDER_SETTING(postgres.url_file),
     .sentence = "A file that holds the url."},
    {LARDER_SETTING(postgres.connections),
     .sentence = "Sessions for queries, one thread each; the relay and the "
                 "sampler have one of their own.",
     .least = 1, .most = 64},
    {LARDER_SETTING(postgres.connect_timeout),
     .sentence = "How long the server may take to accept a session.",
     .least = 1, .most = minute},
    {LARDER_SETTING(postgres.statement_timeout),
     .sentence = "The server gives up a statement after this.", .least = 1,
     .most = 10 * minute},
    {LARDER_SETTING(postgres.lock_timeout),
     .sentence = "The server gives up waiting for a lock after this.",
     .least = 1, .most = 10 * minute},
    {LARDER_SETTING(postgres.idle_in_transaction_timeout),
     .sentence = "The server ends a session that holds a transaction open for "
                 "so long.",
     .least = 1, .most = 10 * minute},
    {LARDER_SETTING(postgres.tcp_user_timeout),
     .sentence = "A connection whose bytes are not acknowledged for so long "
                 "is dead.",
     .least = 1, .most = 10 * minute},
    {LARDER_SETTING(postgres.allow_asynchronous_commit),
     .sentence = "Start although synchronous_commit is off: acknowledged "
                 "writes may be lost."},
    {LARDER_SETTING(postgres.migrate),
     .sentence = "Run pending migrations at start."},

    {LARDER_SETTING(memory.max_entries),
     .sentence = "Entries kept in memory by this node, over all shards.",
     .least = 1, .most = 1'000'000'000},
    {LARDER_SETTING(memory.max_bytes),
     .sentence = "Keys and values kept in memory, over all shards.",
     .least = 64 * kib, .most = tib, .in_bytes = true},
    {LARDER_SETTING(memory.ttl),
     .sentence = "An entry is answered for so long after it was filled or "
                 "written.",
     .least = 1, .most = 365 * day},
    {LARDER_SETTING(memory.grace),
     .sentence = "After that an entry is answered for so long, marked stale, "
                 "when the tiers below fail.",
     .most = 365 * day},
    {LARDER_SETTING(memory.shards),
     .sentence = "Slices of the keys, one actor each.", .least = 1, .most = 64},
    {LARDER_SETTING(memory.eviction),
     .sentence = "Which entry makes way for a new one.",
     .choices = "s3fifo|lru"},

    {LARDER_SETTING(bucket.name),
     .sentence = "A bucket of this name that exists is used as it is.",
     .check = is_name, .wanted = name_rule},
    {LARDER_SETTING(bucket.ttl),
     .sentence = "An entry lives for so long after it was written.",
     .least = second, .most = 365 * day},
    {LARDER_SETTING(bucket.storage), .sentence = "What the servers keep it in.",
     .choices = "memory|file"},
    {LARDER_SETTING(bucket.replicas), .sentence = "Servers that hold a copy.",
     .least = 1, .most = 5},
    {LARDER_SETTING(bucket.max_bytes), .sentence = "The most that it holds.",
     .least = mib, .most = 100 * tib, .in_bytes = true},

    {LARDER_SETTING(coherence.stream),
     .sentence = "The JetStream stream that is the log of changes.",
     .check = is_name, .wanted = name_rule},
    {LARDER_SETTING(coherence.retention),
     .sentence = "How long the log keeps a change; a node that was away for "
                 "longer verifies all it holds.",
     .least = second, .most = 365 * day},
    {LARDER_SETTING(coherence.fence_interval),
     .sentence = "How often a node asks for a fence.", .least = 10,
     .most = 2 * second},
    {LARDER_SETTING(coherence.fence_max_age),
     .sentence = "Memory is answered unverified while the fence is younger "
                 "than this.",
     .least = 20, .most = 2 * second},
    {LARDER_SETTING(coherence.floor_ttl),
     .sentence = "How long a key's last known revision is remembered after "
                 "its entry has gone.",
     .least = 30 * second, .most = day},
    {LARDER_SETTING(coherence.relay_interval),
     .sentence = "How often the relay looks for writes of other programs.",
     .least = 1, .most = second},
    {LARDER_SETTING(coherence.lease_ttl),
     .sentence = "A relay that has not renewed for so long is succeeded.",
     .least = 100, .most = 2 * second},

    {LARDER_SETTING(sampler.interval),
     .sentence = "How often the node with the relay's lease does so; 0: "
                 "never.",
     .most = hour},
    {LARDER_SETTING(sampler.keys), .sentence = "Keys compared at a time.",
     .least = 8, .most = 1'024},

    {LARDER_SETTING(ttl.short_class), .sentence = "The class `short`.",
     .least = second, .most = 365 * day, .usual = "CACHE_TTL_SHORT"},
    {LARDER_SETTING(ttl.medium_class), .sentence = "The class `medium`.",
     .least = second, .most = 365 * day, .usual = "CACHE_TTL_MEDIUM"},
    {LARDER_SETTING(ttl.long_class), .sentence = "The class `long`.",
     .least = second, .most = 365 * day, .usual = "CACHE_TTL_LONG"},
    {LARDER_SETTING(ttl.week_class), .sentence = "The class `week`.",
     .least = second, .most = 365 * day},

    {LARDER_SETTING(limits.max_value_bytes),
     .sentence = "The size of one template.", .least = kib, .most = 64 * mib,
     .in_bytes = true, .reload = true},
    {LARDER_SETTING(limits.max_mget_keys), .sentence = "Keys of one mget.",
     .least = 1, .most = 10'000, .reload = true},
    {LARDER_SETTING(limits.max_json_depth),
     .sentence = "Nesting of a JSON body.", .least = 1, .most = 256,
     .reload = true},
    {LARDER_SETTING(limits.max_in_flight),
     .sentence = "Requests that a node works on at once; more are answered "
                 "`busy`.",
     .least = 1, .most = 1'000'000, .reload = true},
    {LARDER_SETTING(limits.default_deadline),
     .sentence = "A request without Larder-Deadline-Ms is given up after "
                 "this.",
     .least = 1, .most = hour, .reload = true},
    {LARDER_SETTING(limits.max_deadline),
     .sentence = "The longest that Larder-Deadline-Ms may ask for.", .least = 1,
     .most = hour, .reload = true},

    {LARDER_SETTING(packages.enabled),
     .sentence = "Keep packages and serve packages.storage and "
                 "packages.registry."},
    {LARDER_SETTING(packages.path),
     .sentence = "The directory of the store; empty: packages in "
                 "node.data_dir."},
    {LARDER_SETTING(packages.memory_bytes),
     .sentence = "Documents kept in memory.", .least = 64 * kib, .most = tib,
     .in_bytes = true},
    {LARDER_SETTING(packages.block_cache_bytes),
     .sentence = "Memory for blocks of the store's files.", .least = mib,
     .most = tib, .in_bytes = true},
    {LARDER_SETTING(packages.max_document_bytes),
     .sentence = "The size of one document; it has to fit into a NATS "
                 "message.",
     .least = kib, .most = 64 * mib, .in_bytes = true},
    {LARDER_SETTING(packages.min_free_bytes),
     .sentence = "The store is not opened with less free disk space than "
                 "this.",
     .most = tib, .in_bytes = true},
    {LARDER_SETTING(packages.tombstone_retention),
     .sentence = "How long it is remembered that a package was removed; a "
                 "node that was away for longer may bring it back.",
     .least = hour, .most = 365 * day},
    {LARDER_SETTING(packages.bucket),
     .sentence = "The JetStream key-value bucket that nodes share them in.",
     .check = is_name, .wanted = name_rule},
    {LARDER_SETTING(packages.bucket_ttl),
     .sentence = "An entry lives for so long after it was written.",
     .least = second, .most = 365 * day},
    {LARDER_SETTING(packages.bucket_storage),
     .sentence = "What the servers keep it in.", .choices = "memory|file"},
    {LARDER_SETTING(packages.bucket_replicas),
     .sentence = "Servers that hold a copy.", .least = 1, .most = 5},
    {LARDER_SETTING(packages.bucket_max_bytes),
     .sentence = "The most that it holds.", .least = mib, .most = 100 * tib,
     .in_bytes = true},
    {LARDER_SETTING(packages.collect_deadline),
     .sentence = "A request that collects from a registry is given up after "
                 "this, unless it says Larder-Deadline-Ms.",
     .least = second, .most = hour},

    {LARDER_SETTING(registries.npm),
     .sentence = "Base URL; empty: what npm is configured with.",
     .check = is_http_url_or_empty, .wanted = url_rule, .holds_secret = true},
    {LARDER_SETTING(registries.cargo),
     .sentence = "Base URL of a sparse index; empty: what cargo is configured "
                 "with.",
     .check = is_http_url_or_empty, .wanted = url_rule, .holds_secret = true},
    {LARDER_SETTING(registries.hex),
     .sentence = "Base URL of the API; empty: what mix is configured with.",
     .check = is_http_url_or_empty, .wanted = url_rule, .holds_secret = true},
    {LARDER_SETTING(registries.hex_mirror),
     .sentence = "Base URL of the archives; empty: what mix is configured "
                 "with, else that of the API.",
     .check = is_http_url_or_empty, .wanted = url_rule, .holds_secret = true},
    {LARDER_SETTING(registries.pypi),
     .sentence = "Base URL; empty: what pip is configured with.",
     .check = is_http_url_or_empty, .wanted = url_rule, .holds_secret = true},
    {LARDER_SETTING(registries.user_agent),
     .sentence = "What registries see; empty: larder and its version."},
    {LARDER_SETTING(registries.requests_per_second),
     .sentence = "The most that one registry is asked.", .least = 1,
     .most = 1'000},
    {LARDER_SETTING(registries.concurrency),
     .sentence = "Packages collected at once, one thread each.", .least = 1,
     .most = 64},
    {LARDER_SETTING(registries.max_waiting),
     .sentence = "Packages that may wait to be collected; more are answered "
                 "`busy`.",
     .least = 1, .most = 1'000'000},
    {LARDER_SETTING(registries.connect_timeout),
     .sentence = "How long a registry may take to accept a connection.",
     .least = 1, .most = minute},
    {LARDER_SETTING(registries.request_timeout),
     .sentence = "One request to a registry is given up after this.",
     .least = 1, .most = hour},
    {LARDER_SETTING(registries.fresh_for),
     .sentence = "A package collected less long ago is answered without "
                 "asking its registry.",
     .most = 365 * day},
    {LARDER_SETTING(registries.missing_for),
     .sentence = "So long it is remembered that a registry has no such "
                 "package.",
     .most = 365 * day},
    {LARDER_SETTING(registries.stale_for),
     .sentence = "A package collected less long ago is answered when its "
                 "registry fails.",
     .most = 365 * day},
    {LARDER_SETTING(registries.max_metadata_bytes),
     .sentence = "What a registry may say of one package.", .least = kib,
     .most = 1'024 * mib, .in_bytes = true},
    {LARDER_SETTING(registries.max_archive_bytes),
     .sentence = "One archive, as it is downloaded.", .least = kib,
     .most = 4'096 * mib, .in_bytes = true},
    {LARDER_SETTING(registries.max_unpacked_bytes),
     .sentence = "All of an archive, unpacked.", .least = kib,
     .most = 4'096 * mib, .in_bytes = true},
    {LARDER_SETTING(registries.max_file_bytes),
     .sentence = "One file of an archive; a larger one is passed over.",
     .least = kib, .most = 64 * mib, .in_bytes = true},
    {LARDER_SETTING(registries.max_archive_entries),
     .sentence = "Files in an archive.", .least = 1, .most = 1'000'000},
    {LARDER_SETTING(registries.max_path_depth),
     .sentence = "Directories within each other in an archive.", .least = 1,
     .most = 1'000},
    {LARDER_SETTING(registries.max_snippets),
     .sentence = "Code snippets kept of one package.", .most = 20'000},
};

#undef LARDER_SETTING

}  // namespace

std::span<const setting> all_settings() {
  return table;
}

std::span<const section> sections() {
  return section_table;
}

const setting* find_setting(std::string_view name) {
  const auto* found = std::ranges::find(table, name, &setting::name);
  return found == std::end(table) ? nullptr : found;
}

bool is_section(std::string_view name) {
  return std::ranges::find(section_table, name, &section::name)
         != std::end(section_table);
}

}  // namespace larder::config
