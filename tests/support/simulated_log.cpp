#include "tests/support/simulated_log.hpp"

#include <algorithm>

namespace larder::test {

namespace {

constexpr auto heartbeat = world::duration{500ms};
/// A reader that hears nothing for so long gives up.
constexpr auto patience = world::duration{1500ms};
constexpr auto open_timeout = world::duration{1s};

}  // namespace

// -- the server --------------------------------------------------------------

std::int64_t simulated_log_server::stamp() {
  // 2026; monotonic unless the clock is set back, and never twice the same
  // unless it is.
  constexpr std::int64_t begin = 1'767'225'600'000'000'000;
  auto t = begin + (world_.now() + clock_offset_).count();
  if (t <= last_stamp_ && last_stamp_ - t < 1'000'000)
    t = last_stamp_ + 1;
  last_stamp_ = t;
  return t;
}

void simulated_log_server::make() {
  exists_ = true;
  created_ = stamp();
  last_sequence_ = 0;
  world_.note("log server: stream made");
}

void simulated_log_server::expire() {
  while (!stored_.empty() && world_.now() >= stored_.front() + retention_)
    truncate(records_.front().at.sequence + 1);
}

std::uint64_t simulated_log_server::first_sequence() const {
  return records_.empty() ? last_sequence_ + 1 : records_.front().at.sequence;
}

caf::expected<std::uint64_t>
simulated_log_server::publish(const std::string& subject,
                              const std::string& msg_id,
                              const std::string& payload) {
  if (!exists_)
    return fail(ec::unavailable, "there is no stream");
  expire();
  if (!msg_id.empty()) {
    auto i = msg_ids_.find(msg_id);
    if (i != msg_ids_.end()
        && world_.now() < i->second.when + duplicate_window_)
      return i->second.sequence;
    msg_ids_.insert_or_assign(msg_id, seen{last_sequence_ + 1, world_.now()});
  }
  records_.push_back({{++last_sequence_, stamp()}, subject, payload});
  stored_.push_back(world_.now());
  ids_.push_back(msg_id);
  for (auto& weak : consumers_)
    if (auto c = weak.lock())
      feed(*c);
  return last_sequence_;
}

log_info simulated_log_server::info() {
  if (!exists_)
    make();
  expire();
  return {created_, first_sequence(), last_sequence_};
}

caf::expected<std::optional<log_identity>>
simulated_log_server::at(std::uint64_t sequence) {
  if (!exists_)
    return fail(ec::unavailable, "there is no stream");
  expire();
  if (sequence < first_sequence() || sequence > last_sequence_)
    return std::optional<log_identity>{};
  auto place = static_cast<std::size_t>(sequence - first_sequence());
  return std::optional{log_identity{records_[place].at, ids_[place]}};
}

void simulated_log_server::wipe() {
  world_.note("log server: stream gone");
  exists_ = false;
  records_.clear();
  stored_.clear();
  ids_.clear();
  msg_ids_.clear();
  consumers_.clear();
}

void simulated_log_server::lose_tail(std::size_t n) {
  n = std::min(n, records_.size());
  world_.note("log server: loses its last " + std::to_string(n) + " records");
  for (; n > 0; --n) {
    msg_ids_.erase(ids_.back());
    ids_.pop_back();
    stored_.pop_back();
    records_.pop_back();
    --last_sequence_;
  }
  consumers_.clear();
}

void simulated_log_server::truncate(std::uint64_t sequence) {
  while (!records_.empty() && records_.front().at.sequence < sequence) {
    records_.pop_front();
    stored_.pop_front();
    ids_.pop_front();
  }
}

caf::expected<void>
simulated_log_server::serve(const std::shared_ptr<consumer>& c,
                            log_start start) {
  if (!exists_)
    return fail(ec::unavailable, "there is no stream");
  expire();
  if (auto* sequence = std::get_if<std::uint64_t>(&start)) {
    // As nats-server: what is gone or not there yet is passed over in silence.
    c->next = std::clamp(*sequence, first_sequence(), last_sequence_ + 1);
  } else {
    auto since = world_.now() - std::get<std::chrono::milliseconds>(start);
    auto i = std::lower_bound(stored_.begin(), stored_.end(), since);
    c->next =
        first_sequence() + static_cast<std::uint64_t>(i - stored_.begin());
  }
  std::erase_if(consumers_, [](auto& weak) { return weak.expired(); });
  consumers_.push_back(c);
  feed(*c);
  if (!beating_) {
    beating_ = true;
    world_.after(heartbeat, [this] { beat(); });
  }
  return caf::unit;
}

void simulated_log_server::feed(consumer& c) {
  c.next = std::max(c.next, first_sequence());
  for (; c.next <= last_sequence_; ++c.next) {
    auto& r = records_[static_cast<std::size_t>(c.next - first_sequence())];
    c.to.stream([f = c.on_record, r] { f(r); });
  }
}

void simulated_log_server::beat() {
  std::erase_if(consumers_, [](auto& weak) { return weak.expired(); });
  if (consumers_.empty()) {
    beating_ = false;
    return;
  }
  for (auto& weak : consumers_) {
    auto c = weak.lock();
    c->to.stream(c->on_heartbeat);
  }
  world_.after(heartbeat, [this] { beat(); });
}

// -- one process's view ------------------------------------------------------

struct simulated_log::reading {
  reader to;
  world::duration heard{0};
  bool over = false;
  /// The server lets go of it when nobody reads any more.
  std::shared_ptr<simulated_log_server::consumer> served;
};

simulated_log::simulated_log(simulated_log_server& server, world& w,
                             process where)
    : server_(server), wire_(w, where, "log") {
  wire_.on_disconnect([this] {
    if (current_)
      lose(current_, "connection lost");
  });
  wire_.on_end([alive = std::weak_ptr{alive_}, this] {
    if (alive.lock())
      stop();
  });
}

void simulated_log::publish(std::string subject, std::string msg_id,
                            std::string payload,
                            std::chrono::milliseconds timeout,
                            on<std::uint64_t> done) {
  wire_.call<std::uint64_t>(
      "publish " + subject + " " + msg_id, timeout,
      [server = &server_, subject, msg_id, payload] {
        return server->publish(subject, msg_id, payload);
      },
      std::move(done));
}

void simulated_log::info(std::chrono::milliseconds timeout, on<log_info> done) {
  wire_.call<log_info>(
      "info", timeout,
      [server = &server_]() -> caf::expected<log_info> {
        return server->info();
      },
      std::move(done));
}

void simulated_log::at(std::uint64_t sequence,
                       std::chrono::milliseconds timeout,
                       on<std::optional<log_identity>> done) {
  wire_.call<std::optional<log_identity>>(
      "at " + std::to_string(sequence), timeout,
      [server = &server_, sequence] { return server->at(sequence); },
      std::move(done));
}

void simulated_log::read(log_start start, reader to) {
  stop();
  auto r = std::make_shared<reading>();
  r->to = std::move(to);
  r->served = std::make_shared<simulated_log_server::consumer>(
      simulated_log_server::consumer{wire_, 1, {}, {}});
  std::weak_ptr<reading> weak = r;
  r->served->on_record = [this, weak](log_record record) {
    if (auto r = weak.lock(); r && !r->over) {
      r->heard = wire_.in().now();
      r->to.on_record(std::move(record));
    }
  };
  r->served->on_heartbeat = [this, weak] {
    if (auto r = weak.lock())
      r->heard = wire_.in().now();
  };
  current_ = r;
  wire_.call<void>(
      "read", open_timeout,
      [server = &server_, served = r->served, start] {
        return server->serve(served, start);
      },
      [this, weak](caf::expected<void> opened) {
        auto r = weak.lock();
        if (!r || r->over)
          return;
        if (!opened)
          return lose(r, message_of(opened.error()));
        r->heard = wire_.in().now();
        watch(r);
      });
}

void simulated_log::watch(const std::shared_ptr<reading>& r) {
  std::weak_ptr<reading> weak = r;
  auto& w = wire_.in();
  w.after_in(wire_.where(), r->heard + patience - w.now(), [this, weak] {
    auto r = weak.lock();
    if (!r || r->over)
      return;
    if (wire_.in().now() >= r->heard + patience)
      lose(r, "no heartbeat");
    else
      watch(r);
  });
}

void simulated_log::lose(const std::shared_ptr<reading>& r,
                         const std::string& why) {
  if (r->over)
    return;
  r->over = true;
  r->served.reset();
  wire_.in().note(wire_.name() + ": reading lost, " + why);
  // The last use of `r`: the callback may read again, which replaces it.
  auto lost = r->to.on_lost;
  lost(fail(ec::unavailable, "the log cannot be read: " + why));
}

void simulated_log::stop() {
  if (current_)
    current_->over = true;
  current_.reset();
}

}  // namespace larder::test
