#include "cluster/jetstream_log.hpp"

#include "cluster/jetstream_reader.hpp"
#include "storage/error.hpp"
#include "storage/jetstream_api.hpp"

#include <mutex>
#include <utility>

namespace larder {

using std::chrono::milliseconds;

// Shared with the completions of calls in flight, which may outlive the log.
class jetstream_log_core
    : public std::enable_shared_from_this<jetstream_log_core> {
 public:
  jetstream_log_core(std::shared_ptr<nats::client> client,
                     config::coherence_settings settings, log_scope scope)
      : client_(std::move(client)), filter_(std::move(scope.filter)) {
    wish_.name = settings.stream;
    wish_.subjects = scope.collection.captured();
    wish_.subjects.emplace_back(log_subjects);
    for (auto& s : scope.also)
      wish_.subjects.push_back(s);
    wish_.added = std::move(scope.also);
    wish_.storage = "file";
    wish_.max_age = settings.retention;
  }

  void publish(std::string subject, std::string msg_id, std::string payload,
               milliseconds timeout, change_log::on<std::uint64_t> done,
               bool again) {
    nats::headers lines;
    if (!msg_id.empty())
      lines.push_back({"Nats-Msg-Id", msg_id});
    // Before the call: its arguments are moved from in no known order.
    auto then = [self = shared_from_this(), subject, msg_id, payload, timeout,
                 done = std::move(done),
                 again](caf::expected<std::uint64_t> sequence) mutable {
      if (sequence || again || code_of(sequence.error()) != ec::not_found)
        return done(std::move(sequence));
      self->ensure(timeout, [=, done = std::move(done)](
                                caf::expected<nats::stream_facts> f) mutable {
        if (!f)
          return done(f.error());
        self->publish(subject, msg_id, payload, timeout, std::move(done), true);
      });
    };
    nats::js_publish(*client_, subject, lines, payload, timeout,
                     std::move(then));
  }

  void ensure(milliseconds timeout,
              std::function<void(caf::expected<nats::stream_facts>)> done) {
    nats::ensure_stream(client_, wish_, timeout, std::move(done));
  }

  void at(std::uint64_t sequence, milliseconds timeout,
          change_log::on<std::optional<log_identity>> done) {
    using answer = std::optional<log_identity>;
    // Not a direct get: any replica may answer those, with what was.
    nats::js_request(
        *client_, "STREAM.MSG.GET." + wish_.name,
        "{\"seq\":" + std::to_string(sequence) + '}', timeout,
        [sequence, done = std::move(done)](caf::expected<nats::js_reply> r) {
          if (!r)
            return done(r.error());
          if (r->err_code == nats::js::message_not_found
              || r->err_code == nats::js::stream_not_found)
            return done(answer{});
          if (r->err_code != 0)
            return done(
                fail(ec::unavailable, "the change log refused to show record "
                                          + std::to_string(sequence) + ": "
                                          + r->description));
          auto m = nats::parse_stored(r->body);
          if (!m)
            return done(m.error());
          auto id = nats::header_in(m->header_block, "Nats-Msg-Id");
          done(answer{log_identity{{m->sequence, m->time},
                                   std::string{id.value_or("")}}});
        });
  }

  void read(log_start start, change_log::reader to) {
    auto next = std::make_shared<jetstream_reader>(client_, wish_, filter_,
                                                   std::move(to));
    replace(next);
    next->begin(start);
  }

  void replace(std::shared_ptr<jetstream_reader> next) {
    std::shared_ptr<jetstream_reader> old;
    {
      std::lock_guard lock{mutex_};
      old = std::exchange(reader_, std::move(next));
    }
    if (old)
      old->end();
  }

 private:
  const std::shared_ptr<nats::client> client_;
  nats::stream_wish wish_;
  const std::string filter_;
  std::mutex mutex_;
  std::shared_ptr<jetstream_reader> reader_;
};

jetstream_log::jetstream_log(std::shared_ptr<nats::client> client,
                             config::coherence_settings settings,
                             log_scope scope)
    : core_(std::make_shared<jetstream_log_core>(
        std::move(client), std::move(settings), std::move(scope))) {}

jetstream_log::~jetstream_log() {
  stop();
}

void jetstream_log::publish(std::string subject, std::string msg_id,
                            std::string payload, milliseconds timeout,
                            on<std::uint64_t> done) {
  core_->publish(std::move(subject), std::move(msg_id), std::move(payload),
                 timeout, std::move(done), false);
}

void jetstream_log::info(milliseconds timeout, on<log_info> done) {
  core_->ensure(
      timeout, [done = std::move(done)](caf::expected<nats::stream_facts> f) {
        if (!f)
          return done(f.error());
        done(log_info{f->created, f->first_sequence, f->last_sequence});
      });
}

void jetstream_log::at(std::uint64_t sequence, milliseconds timeout,
                       on<std::optional<log_identity>> done) {
  core_->at(sequence, timeout, std::move(done));
}

void jetstream_log::read(log_start start, reader to) {
  core_->read(start, std::move(to));
}

void jetstream_log::stop() {
  core_->replace(nullptr);
}

}  // namespace larder
