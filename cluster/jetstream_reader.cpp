#include "cluster/jetstream_reader.hpp"

#include "storage/error.hpp"
#include "storage/whole_number.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace larder {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

// The server speaks at least this often; twice that of silence is the end. The
// sum of it must stay below the fence's greatest age.
constexpr milliseconds heartbeat{700};
constexpr milliseconds silence{2 * heartbeat};

// How long the server keeps a consumer that nobody listens to.
constexpr milliseconds abandoned{10'000};

constexpr milliseconds api_timeout{1'000};

std::int64_t nanoseconds_of(milliseconds d) {
  return std::chrono::nanoseconds{d}.count();
}

json start_of(const log_start& start) {
  if (auto sequence = std::get_if<std::uint64_t>(&start)) {
    if (*sequence <= 1)
      return {{"deliver_policy", "all"}};
    return {{"deliver_policy", "by_start_sequence"},
            {"opt_start_seq", *sequence}};
  }
  auto at = std::chrono::system_clock::now()
            - std::get<std::chrono::milliseconds>(start);
  auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(
      at.time_since_epoch());
  return {{"deliver_policy", "by_start_time"},
          {"opt_start_time", nats::format_time(since.count())}};
}

}  // namespace

// $JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<time>.
// <pending>, since 2.10 perhaps with <domain>.<account> before the stream.
std::optional<delivery> parse_delivery(std::string_view reply) {
  if (!reply.starts_with("$JS.ACK."))
    return std::nullopt;
  std::array<std::string_view, 13> tokens;
  std::size_t n = 0;
  for (auto rest = reply; n < tokens.size();) {
    auto dot = rest.find('.');
    tokens[n++] = rest.substr(0, dot);
    if (dot == std::string_view::npos)
      break;
    rest.remove_prefix(dot + 1);
  }
  std::size_t stream = n == 9 ? 2 : n >= 11 ? 4 : 0;
  if (stream == 0)
    return std::nullopt;
  auto sequence = whole_number<std::uint64_t>(tokens[stream + 3]);
  auto delivered = whole_number<std::uint64_t>(tokens[stream + 4]);
  auto stored_at = whole_number<std::int64_t>(tokens[stream + 5]);
  if (!sequence || !delivered || !stored_at)
    return std::nullopt;
  delivery out;
  out.consumer = tokens[stream + 1];
  out.stream_sequence = *sequence;
  out.consumer_sequence = *delivered;
  out.stored_at = *stored_at;
  return out;
}

jetstream_reader::jetstream_reader(std::shared_ptr<nats::client> client,
                                   nats::stream_wish stream, std::string filter,
                                   change_log::reader to)
    : client_(std::move(client)), stream_(std::move(stream)),
      filter_(std::move(filter)), to_(std::move(to)),
      inbox_(client_->new_inbox()) {}

void jetstream_reader::begin(log_start start) {
  std::lock_guard lock{mutex_};
  start_ = start;
  this->start();
}

void jetstream_reader::begin_subjects(
    std::function<void(std::uint64_t)> opened) {
  std::lock_guard lock{mutex_};
  opened_ = std::move(opened);
  start();
}

void jetstream_reader::start() {
  if (over_)
    return;
  heard_ = clock::now();
  connection_ = client_->watch([weak = weak_from_this()](bool connected) {
    if (auto self = weak.lock(); self && !connected)
      self->lose(fail(ec::unavailable, "the connection of the change log to "
                                       "NATS is lost"));
  });
  auto messages = client_->subscribe(
      inbox_, {}, [weak = weak_from_this()](nats::message m) {
        if (auto self = weak.lock())
          self->on_message(std::move(m));
      });
  if (messages)
    messages_ = std::move(*messages);
  make_consumer(false);
  watch_heartbeat();
}

void jetstream_reader::make_consumer(bool again) {
  auto config = opened_ ? json{{"deliver_policy", "last_per_subject"},
                               {"headers_only", true}}
                        : start_of(start_);
  config["deliver_subject"] = inbox_;
  config["ack_policy"] = "none";
  config["max_deliver"] = 1;
  config["replay_policy"] = "instant";
  config["flow_control"] = true;
  config["idle_heartbeat"] = nanoseconds_of(heartbeat);
  config["inactive_threshold"] = nanoseconds_of(abandoned);
  config["mem_storage"] = true;
  config["num_replicas"] = 1;
  if (!filter_.empty())
    config["filter_subject"] = filter_;
  json body{{"stream_name", stream_.name}, {"config", std::move(config)}};
  nats::js_request(
      *client_, "CONSUMER.CREATE." + stream_.name, body.dump(), api_timeout,
      [self = shared_from_this(), again](caf::expected<nats::js_reply> r) {
        self->on_made(std::move(r), again);
      });
}

void jetstream_reader::on_made(caf::expected<nats::js_reply> reply,
                               bool again) {
  if (!reply)
    return lose(reply.error());
  if (reply->err_code == nats::js::stream_not_found && !again && !opened_)
    return nats::ensure_stream(
        client_, stream_, api_timeout,
        [self = shared_from_this()](caf::expected<nats::stream_facts> f) {
          if (!f)
            return self->lose(f.error());
          std::lock_guard lock{self->mutex_};
          if (!self->over_)
            self->make_consumer(true);
        });
  if (reply->err_code != 0)
    return lose(fail(ec::unavailable, "JetStream makes no consumer on "
                                          + stream_.name + ": "
                                          + reply->description));
  auto made = json::parse(reply->body, nullptr, false);
  std::string name;
  if (auto i = made.find("name"); i != made.end() && i->is_string())
    name = i->get<std::string>();
  std::uint64_t pending = 0;
  if (auto i = made.find("num_pending");
      i != made.end() && i->is_number_unsigned())
    pending = i->get<std::uint64_t>();
  bool late = false;
  {
    std::lock_guard lock{mutex_};
    heard_ = clock::now();
    consumer_ = name;
    late = over_;
    if (opened_ && !late)
      opened_(pending);
  }
  if (late)
    let_go();
}

void jetstream_reader::on_message(nats::message m) {
  if (auto err = take(m))
    lose(std::move(err));
}

caf::error jetstream_reader::take(const nats::message& m) {
  std::lock_guard lock{mutex_};
  if (over_)
    return {};
  heard_ = clock::now();
  if (m.status() != 0)
    return take_control(m);
  auto d = parse_delivery(m.reply());
  if (!d)
    return {};  // not from the consumer: somebody guessed the inbox
  if (d->consumer_sequence != last_delivered_ + 1)
    return fail(ec::unavailable, "the change log skipped from delivery "
                                     + std::to_string(last_delivered_) + " to "
                                     + std::to_string(d->consumer_sequence));
  last_delivered_ = d->consumer_sequence;
  to_.on_record(log_record{{d->stream_sequence, d->stored_at},
                           std::string{m.subject()},
                           std::string{m.data()}});
  return {};
}

caf::error jetstream_reader::take_control(const nats::message& m) {
  if (m.status() != 100)
    return fail(ec::unavailable, "JetStream ended the change log's consumer: "
                                     + std::string{m.description()});
  // A request to go on, which a stalled server may also hide in a heartbeat.
  auto go_on = std::string{m.reply()};
  if (go_on.empty())
    go_on = m.header("Nats-Consumer-Stalled").value_or("");
  if (!go_on.empty())
    client_->publish(go_on, {}, {});
  if (auto last = whole_number<std::uint64_t>(m.header("Nats-Last-Consumer"));
      last && *last > last_delivered_)
    return fail(ec::unavailable, "the change log's last "
                                     + std::to_string(*last - last_delivered_)
                                     + " deliveries did not arrive");
  return {};
}

void jetstream_reader::watch_heartbeat() {
  clock::duration quiet;
  {
    std::lock_guard lock{mutex_};
    if (over_)
      return;
    quiet = clock::now() - heard_;
  }
  if (quiet >= silence)
    return lose(fail(ec::unavailable, "the change log's heartbeat is missing"));
  auto left = std::chrono::duration_cast<milliseconds>(silence - quiet);
  client_->run_after(left + milliseconds{1}, [weak = weak_from_this()] {
    if (auto self = weak.lock())
      self->watch_heartbeat();
  });
}

void jetstream_reader::lose(caf::error why) {
  {
    std::lock_guard lock{mutex_};
    if (over_)
      return;
    over_ = true;
    to_.on_lost(std::move(why));
  }
  let_go();
}

void jetstream_reader::end() {
  {
    std::lock_guard lock{mutex_};
    if (over_)
      return;
    over_ = true;
  }
  let_go();
}

// The handlers see `over_` and return; their subscriptions end on the keeper's
// thread, because a caller of ours may hold what a handler waits for. The
// consumer goes by a message that nobody waits for; lost, the server drops it
// after `abandoned`.
void jetstream_reader::let_go() {
  nats::subscription messages;
  nats::subscription connection;
  std::string consumer;
  {
    std::lock_guard lock{mutex_};
    messages = std::move(messages_);
    connection = std::move(connection_);
    consumer = std::exchange(consumer_, {});
  }
  if (!consumer.empty() && client_->connected())
    client_->publish("$JS.API.CONSUMER.DELETE." + stream_.name + '.' + consumer,
                     {}, {});
  client_->run_after(
      milliseconds{0},
      [m = std::make_shared<nats::subscription>(std::move(messages)),
       c = std::make_shared<nats::subscription>(std::move(connection))] {
        m->reset();
        c->reset();
      });
}

}  // namespace larder
