#include "storage/jetstream_kv.hpp"

#include "storage/error.hpp"
#include "storage/jetstream_api.hpp"
#include "storage/whole_number.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace larder {

namespace {

using std::chrono::milliseconds;

// Longer ones are none of ours; each distinct epoch is kept for good.
constexpr std::size_t max_epoch_bytes = 128;

// How long binding or making the bucket may take, beyond any one caller.
constexpr milliseconds bucket_timeout{1'000};

// nats-server 2.9 says nothing at all to a direct get of a stream that does not
// exist. So a get that is not answered within this looks for the bucket, then
// asks again.
constexpr milliseconds patience{250};

// All of a version or none: a program that sets one of the headers does not
// know what it says.
version_info version_of(std::optional<std::string_view> revision,
                        std::optional<std::string_view> version,
                        std::optional<std::string_view> epoch_text) {
  version_info out;
  out.revision = whole_number<std::int64_t>(revision).value_or(0);
  if (out.revision <= 0 || !epoch_text || epoch_text->empty()
      || epoch_text->size() > max_epoch_bytes)
    return {};
  out.version = whole_number<std::int32_t>(version).value_or(0);
  out.epoch = epoch{*epoch_text};
  return out;
}

/// An entry's subject behind the bucket's prefix.
std::string tokens_of(const key& k) {
  return k.id.empty() ? to_token(k.type) : to_tokens(k);
}

bool is_marker(std::optional<std::string_view> operation) {
  return operation == "DEL" || operation == "PURGE";
}

kv_entry read_entry(const key& k, const nats::message& m) {
  kv_entry out;
  out.sequence =
      whole_number<std::uint64_t>(m.header("Nats-Sequence")).value_or(0);
  out.info = version_of(m.header("Larder-Revision"), m.header("Larder-Version"),
                        m.header("Larder-Epoch"));
  out.generation =
      whole_number<std::uint32_t>(m.header("Larder-Generation")).value_or(0);
  if (!is_marker(m.header("KV-Operation")))
    out.value = artifact::make(k, m.data(), out.info);
  return out;
}

}  // namespace

config::bucket_settings fills_of(const config::bucket_settings& values) {
  return {.name = values.name + "_fills",
          .ttl = milliseconds{1'500},
          .storage = "memory",
          .replicas = values.replicas,
          .max_bytes = 64ull << 20};
}

// Shared with the completions of calls in flight, which may outlive the store.
class jetstream_kv_core
    : public std::enable_shared_from_this<jetstream_kv_core> {
 public:
  using on_bound = std::function<void(caf::expected<bool>)>;

  jetstream_kv_core(std::shared_ptr<nats::client> client,
                    config::bucket_settings bucket)
      : client_(std::move(client)), bucket_(std::move(bucket)),
        stream_("KV_" + bucket_.name), prefix_("$KV." + bucket_.name + '.') {}

  /// Binds or makes the bucket, once for however many callers wait; true if it
  /// was made.
  void bind(on_bound done);

  void get(const key& k, milliseconds timeout, kv_store::on_get done,
           bool again);
  void put(std::shared_ptr<const kv_put> entry, milliseconds timeout,
           kv_store::on_put done, bool again);
  /// Removes what stands under subjects that match, behind the prefix.
  void purge(const std::string& tokens, milliseconds timeout,
             kv_store::on_done done);

  /// What was known of the bucket is not known any more.
  void forget() {
    std::lock_guard lock{mutex_};
    reading_ = reading::unknown;
  }

 private:
  void get_by_api(const key& k, milliseconds timeout, kv_store::on_get done);
  void bind_and_get(const key& k, milliseconds timeout, kv_store::on_get done);
  enum class reading { unknown, direct, by_api };
  reading how_to_read() {
    std::lock_guard lock{mutex_};
    return reading_;
  }

  const std::shared_ptr<nats::client> client_;
  const config::bucket_settings bucket_;
  const std::string stream_;
  const std::string prefix_;
  std::mutex mutex_;
  std::vector<on_bound> binding_;
  reading reading_ = reading::unknown;
};

void jetstream_kv_core::bind(on_bound done) {
  {
    std::lock_guard lock{mutex_};
    binding_.push_back(std::move(done));
    if (binding_.size() > 1)
      return;
  }
  nats::stream_wish wish;
  wish.name = stream_;
  wish.subjects = {prefix_ + '>'};
  wish.storage = bucket_.storage;
  wish.replicas = bucket_.replicas;
  wish.max_age = bucket_.ttl;
  wish.max_bytes = bucket_.max_bytes;
  wish.max_per_subject = 1;
  wish.discard_new = true;
  wish.key_value = true;
  nats::ensure_stream(
      client_, std::move(wish), bucket_timeout,
      [self = shared_from_this()](caf::expected<nats::stream_facts> facts) {
        std::vector<on_bound> waiting;
        {
          std::lock_guard lock{self->mutex_};
          waiting.swap(self->binding_);
          self->reading_ = !facts                ? reading::unknown
                           : facts->allow_direct ? reading::direct
                                                 : reading::by_api;
        }
        for (auto& done : waiting) {
          if (facts)
            done(facts->made);
          else
            done(facts.error());
        }
      });
}

void jetstream_kv_core::get(const key& k, milliseconds timeout,
                            kv_store::on_get done, bool again) {
  auto way = how_to_read();
  if (way == reading::unknown)
    return bind_and_get(k, timeout, std::move(done));
  if (way == reading::by_api)
    return get_by_api(k, timeout, std::move(done));
  auto first = again ? timeout : std::min(timeout / 2, patience);
  auto left = timeout - first;
  client_->request(
      "$JS.API.DIRECT.GET." + stream_ + '.' + prefix_ + tokens_of(k), {}, {},
      first,
      [self = shared_from_this(), k, left, done = std::move(done),
       again](caf::expected<nats::message> m) mutable {
        auto silent = m ? m->is_no_responders()
                        : code_of(m.error()) == ec::deadline_exceeded;
        if (silent && !again)
          return self->bind_and_get(k, left, std::move(done));
        if (!m)
          return done(m.error());
        if (silent)
          return done(fail(ec::unavailable,
                           "nobody answers direct gets of JetStream stream "
                               + self->stream_));
        if (m->status() == 404)
          return done(kv_entry{});
        if (m->status() != 0)
          return done(
              fail(ec::unavailable, "JetStream refused a get: "
                                        + std::string{m->description()}));
        done(read_entry(k, *m));
      });
}

// No bucket, a bucket without direct gets, or no JetStream at all: binding
// tells them apart.
void jetstream_kv_core::bind_and_get(const key& k, milliseconds timeout,
                                     kv_store::on_get done) {
  bind([self = shared_from_this(), k, timeout,
        done = std::move(done)](caf::expected<bool> made) mutable {
    if (!made)
      return done(made.error());
    // Not "no entry" by itself: we may have joined a binding that had made the
    // bucket before a put that was acknowledged before this get began. And not
    // a direct get: whoever answers those may not listen yet.
    if (*made)
      return self->get_by_api(k, timeout, std::move(done));
    self->get(k, timeout, std::move(done), true);
  });
}

// For a bucket that somebody made without direct gets, or that is new: the same
// entry as JSON, its bytes in base64.
void jetstream_kv_core::get_by_api(const key& k, milliseconds timeout,
                                   kv_store::on_get done) {
  nlohmann::json body{{"last_by_subj", prefix_ + tokens_of(k)}};
  nats::js_request(
      *client_, "STREAM.MSG.GET." + stream_, body.dump(), timeout,
      [self = shared_from_this(), k,
       done = std::move(done)](caf::expected<nats::js_reply> r) mutable {
        if (!r)
          return done(r.error());
        if (r->err_code == nats::js::message_not_found)
          return done(kv_entry{});
        // There was no bucket after this get began: no entry, once there is
        // one to write to.
        if (r->err_code == nats::js::stream_not_found)
          return self->bind([done = std::move(done)](caf::expected<bool> made) {
            if (!made)
              return done(made.error());
            done(kv_entry{});
          });
        if (r->err_code != 0)
          return done(fail(ec::unavailable,
                           "JetStream refused a get: " + r->description));
        auto m = nats::parse_stored(r->body);
        if (!m)
          return done(m.error());
        auto line = [&](const char* name) {
          return nats::header_in(m->header_block, name);
        };
        kv_entry out;
        out.sequence = m->sequence;
        out.info = version_of(line("Larder-Revision"), line("Larder-Version"),
                              line("Larder-Epoch"));
        out.generation =
            whole_number<std::uint32_t>(line("Larder-Generation")).value_or(0);
        if (!is_marker(line("KV-Operation")))
          out.value = artifact::make(k, m->data, out.info);
        done(std::move(out));
      });
}

void jetstream_kv_core::put(std::shared_ptr<const kv_put> entry,
                            milliseconds timeout, kv_store::on_put done,
                            bool again) {
  nats::headers lines{
      {"Nats-Expected-Last-Subject-Sequence",
       std::to_string(entry->expected_sequence)},
  };
  if (entry->info.revision > 0) {
    lines.push_back({"Larder-Revision", std::to_string(entry->info.revision)});
    lines.push_back({"Larder-Version", std::to_string(entry->info.version)});
    lines.push_back({"Larder-Epoch", std::string{entry->info.epoch.text()}});
    lines.push_back({"Larder-Generation", std::to_string(entry->generation)});
  }
  if (!entry->value)
    lines.push_back({"KV-Operation", "DEL"});
  auto content = entry->value ? entry->value->content() : std::string_view{};
  nats::js_publish(
      *client_, prefix_ + tokens_of(entry->key), lines, content, timeout,
      [self = shared_from_this(), entry, timeout, done = std::move(done),
       again](caf::expected<std::uint64_t> sequence) mutable {
        if (sequence || code_of(sequence.error()) != ec::not_found)
          return done(std::move(sequence));
        if (again)
          return done(
              fail(ec::unavailable, message_of(sequence.error())
                                        + " although its bucket is there"));
        self->bind([self, entry, timeout,
                    done = std::move(done)](caf::expected<bool> made) mutable {
          if (!made)
            return done(made.error());
          self->put(entry, timeout, std::move(done), true);
        });
      });
}

void jetstream_kv_core::purge(const std::string& tokens, milliseconds timeout,
                              kv_store::on_done done) {
  nlohmann::json body{{"filter", prefix_ + tokens}};
  nats::js_request(
      *client_, "STREAM.PURGE." + stream_, body.dump(), timeout,
      [self = shared_from_this(),
       done = std::move(done)](caf::expected<nats::js_reply> r) mutable {
        if (!r)
          return done(r.error());
        if (r->err_code == nats::js::stream_not_found)
          return self->bind([done = std::move(done)](caf::expected<bool> made) {
            if (!made)
              return done(made.error());
            done(caf::unit);
          });
        if (r->err_code != 0)
          return done(fail(ec::unavailable, "JetStream refused to purge "
                                                + self->stream_ + ": "
                                                + r->description));
        done(caf::unit);
      });
}

jetstream_kv::jetstream_kv(std::shared_ptr<nats::client> client,
                           config::bucket_settings bucket)
    : core_(std::make_shared<jetstream_kv_core>(client, std::move(bucket))) {
  // A memory bucket is gone after its server's restart: make it again before
  // the first read asks. A failure is told to whoever asks next.
  auto look = [core = core_](bool connected) {
    if (!connected)
      return core->forget();
    core->bind([](caf::expected<bool> made) {
      if (!made)
        spdlog::warn("jetstream: {}", message_of(made.error()));
    });
  };
  watch_ = client->watch(look);
  look(client->connected());
}

jetstream_kv::~jetstream_kv() = default;

void jetstream_kv::get(const key& key, milliseconds timeout, on_get done) {
  core_->get(key, timeout, std::move(done), false);
}

void jetstream_kv::put(kv_put entry, milliseconds timeout, on_put done) {
  core_->put(std::make_shared<const kv_put>(std::move(entry)), timeout,
             std::move(done), false);
}

void jetstream_kv::purge(const key& key, milliseconds timeout, on_done done) {
  core_->purge(tokens_of(key), timeout, std::move(done));
}

void jetstream_kv::clear(std::optional<std::string> type, milliseconds timeout,
                         on_done done) {
  // The mark has one token.
  core_->purge((type ? to_token(*type) : "*") + ".>", timeout, std::move(done));
}

void jetstream_kv::ready(on_done done) {
  core_->bind([done = std::move(done)](caf::expected<bool> made) {
    if (!made)
      return done(made.error());
    done(caf::unit);
  });
}

}  // namespace larder
