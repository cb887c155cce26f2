#include "node/front_door.hpp"

#include "node/json_body.hpp"
#include "node/request_headers.hpp"

#include <caf/send.hpp>

#include <array>
#include <charconv>
#include <utility>

namespace larder {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The name of the queue: one node of all answers a request.
constexpr const char* queue = "larder";

/// A number as a NUL-terminated text, without an allocation.
class digits {
 public:
  explicit digits(std::int64_t value) {
    auto [end, _] = std::to_chars(text_, text_ + sizeof text_ - 1, value);
    *end = '\0';
  }
  const char* c_str() const { return text_; }

 private:
  char text_[24];
};

caf::error over_payload(std::size_t bytes) {
  return fail(ec::too_large, "the reply has " + std::to_string(bytes)
                                 + " bytes, more than the NATS server's "
                                   "max_payload");
}

/// A subject as nats.c wants it; `reply()` of a message is a C string already.
const char* reply_of(const nats::message& m) {
  return m.reply().data();
}

}  // namespace

front_door::front_door(front_door_context context)
    : context_(std::move(context)) {}

front_door::~front_door() {
  stop(milliseconds{0});
}

caf::expected<void> front_door::start() {
  auto loop =
      nats::loop::open(context_.settings.nats, "larder/" + context_.node_id);
  if (!loop)
    return loop.error();
  loop_ = std::move(*loop);
  if (auto subscribed = subscribe(); !subscribed)
    return subscribed.error();
  thread_ = std::thread{[this] { run(); }};
  return caf::unit;
}

caf::expected<void> front_door::subscribe() {
  auto add = [this](const std::string& subject, const std::string& group,
                    auto handle) -> caf::expected<void> {
    return loop_->subscribe(subject, group, std::move(handle));
  };
  auto all = [this](nats::message& m) { request(m, m.subject()); };
  for (auto& subject : context_.collection.served())
    if (auto ok = add(subject, queue, all); !ok)
      return ok;
  auto& id = context_.node_id;
  if (auto ok = add(addressed(id, ">"), "",
                    [this, id](nats::message& m) {
                      if (auto inner = parse_addressed(m.subject(), id))
                        request(m, *inner);
                    });
      !ok)
    return ok;
  auto operation = [this, id](nats::message& m) {
    if (auto op = parse_control(m.subject(), id))
      operate(m, *op);
  };
  for (auto& subject : {control_all(">"), control_node(id, ">")})
    if (auto ok = add(subject, "", operation); !ok)
      return ok;
  auto service = [this](nats::message& m) { operate(m, m.subject()); };
  for (auto& subject : {std::string{"$SRV.*"}, std::string{"$SRV.*.larder"},
                        "$SRV.*.larder." + id})
    if (auto ok = add(subject, "", service); !ok)
      return ok;
  return caf::unit;
}

// -- the loop ----------------------------------------------------------------

void front_door::run() {
  view_ = std::make_unique<read_view>(context_.memory);
  auto before_wait = [this] { view_->offline(); };
  while (!stopping_) {
    now_ = steady_clock::now();
    loop_->turn(milliseconds{1'000}, before_wait);
    write_queued();
    view_->quiesce();
  }
  loop_->flush(milliseconds{500});
  view_.reset();
}

void front_door::request(nats::message& m, std::string_view subject) {
  now_ = steady_clock::now();
  auto address = context_.collection.parse(subject);
  if (!address)
    return;
  context_.traffic->requests.add();
  if (address->op == request_op::get && !address->tokens.empty()
      && answer_from_memory(m, address->tokens))
    return;
  pass_on(m, *address);
}

// True if that was all: the value is here, it is proved fresh, and it is what
// the request's headers ask for.
bool front_door::answer_from_memory(const nats::message& m,
                                    std::string_view tokens) {
  auto k = parse_tokens(tokens);
  if (!k)
    return false;
  auto headers = parse_headers(m, context_.settings.limits);
  if (!headers)
    return false;
  auto* found = view_->find(*k, nanoseconds_of(now_), headers->min_revision);
  if (found == nullptr
      || (headers->version && *headers->version != found->version()))
    return false;
  if (!m.reply().empty())
    write_value(reply_of(m), *found, tier::memory, nullptr);
  context_.traffic->hits[static_cast<std::size_t>(tier::memory)].add();
  return true;
}

void front_door::pass_on(nats::message& m, const request_address& address) {
  auto c = make_call(m);
  c->op = address.op;
  c->tokens = std::string{address.tokens};
  // Mailboxes have no bound of their own.
  if (context_.traffic->in_flight
      > static_cast<std::int64_t>(context_.settings.limits.max_in_flight)) {
    write(*c, {.failure = fail(
                   ec::busy,
                   "the node works on "
                       + std::to_string(context_.settings.limits.max_in_flight)
                       + " requests already; retry later")});
    --context_.traffic->in_flight;
    return;
  }
  auto& to = context_.gateways[next_gateway_++ % context_.gateways.size()];
  caf::anon_send(to, std::move(c));
}

void front_door::operate(nats::message& m, std::string_view operation) {
  std::string op{operation};
  auto c = make_call(m);
  c->control = std::move(op);
  context_.control(std::move(c));
}

call_ptr front_door::make_call(nats::message& m) {
  ++context_.traffic->in_flight;
  return std::make_shared<call>(std::move(m), now_,
                                [this](call_ptr to, reply content) {
                                  enqueue(std::move(to), std::move(content));
                                });
}

// -- answers -----------------------------------------------------------------

void front_door::enqueue(call_ptr to, reply content) {
  bool first = false;
  {
    std::lock_guard guard{mutex_};
    first = queue_.empty();
    queue_.push_back({std::move(to), std::move(content)});
  }
  if (first)
    loop_->wake();
}

void front_door::write_queued() {
  std::vector<outgoing> ready;
  {
    std::lock_guard guard{mutex_};
    ready.swap(queue_);
    if (new_limits_)
      context_.settings.limits = *std::exchange(new_limits_, {});
  }
  auto now = steady_clock::now();
  for (auto& [to, content] : ready) {
    write(*to, content);
    if (content.more)
      continue;
    --context_.traffic->in_flight;
    context_.traffic->count_slow(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(now - to->arrived)
            .count()));
  }
}

void front_door::write(const call& to, const reply& content) {
  count(content);
  if (to.message.reply().empty())
    return;
  auto* subject = reply_of(to.message);
  if (content.failure)
    return write_error(subject, content.failure, content.body);
  if (content.value)
    return write_value(subject, *content.value, content.tier, &content);
  write_body(subject, content.body);
}

void front_door::write_body(const char* to, std::string_view body) {
  nats::loop::line lines[]{{header::node, context_.node_id.c_str()}};
  if (!loop_->publish(to, lines, 1, body))
    write_error(to, over_payload(body.size()));
}

void front_door::write_value(const char* to, const artifact& value, tier from,
                             const reply* more) {
  digits revision{value.revision()};
  digits version{value.version()};
  digits stale_ms{more != nullptr ? more->stale_for.count() : 0};
  // Both are literals or interned, and end with NUL.
  std::array<nats::loop::line, 7> lines{{
      {header::tier, name_of(from).data()},
      {header::revision, revision.c_str()},
      {header::epoch, value.epoch().empty() ? "" : value.epoch().text().data()},
      {header::version, version.c_str()},
      {header::node, context_.node_id.c_str()},
  }};
  std::size_t n = 5;
  if (more != nullptr && more->stale) {
    lines[n++] = {header::stale, "true"};
    lines[n++] = {header::stale_ms, stale_ms.c_str()};
  }
  if (!loop_->publish(to, lines.data(), n, value.content()))
    write_error(to, over_payload(value.content().size()));
}

void front_door::write_error(const char* to, const caf::error& why,
                             std::string_view given_body) {
  auto code = code_of(why);
  digits status{status_of(code)};
  auto sentence = message_of(why);
  auto body = given_body.empty() ? error_body(why) : std::string{given_body};
  for (auto& c : sentence)
    if (c == '\r' || c == '\n')
      c = ' ';
  auto current = current_revision_of(why);
  digits revision{current};
  nats::loop::line lines[]{
      {header::service_error_code, status.c_str()},
      {header::service_error, sentence.c_str()},
      {header::node, context_.node_id.c_str()},
      {header::revision, revision.c_str()},
  };
  static_cast<void>(loop_->publish(to, lines, current < 0 ? 3 : 4, body));
}

void front_door::count(const reply& content) {
  auto& t = *context_.traffic;
  auto hit = [&t](tier from, bool stale) {
    t.hits[static_cast<std::size_t>(from)].add();
    if (stale)
      t.stale_served.add();
  };
  if (content.value)
    hit(content.tier, content.stale);
  for (auto& one : content.counted)
    hit(one.tier, one.stale);
  t.misses.add(content.counted_misses);
  if (!content.failure)
    return;
  auto code = code_of(content.failure);
  t.errors[static_cast<std::size_t>(code)].add();
  if (code == ec::not_found)
    t.misses.add();
}

void front_door::limit(const config::limit_settings& limits) {
  {
    std::lock_guard guard{mutex_};
    new_limits_ = limits;
  }
  for (auto& to : context_.gateways)
    caf::anon_send(to, limits_atom::value, limits);
  loop_->wake();
}

// -- the end -----------------------------------------------------------------

void front_door::stop(milliseconds patience) {
  if (!thread_.joinable())
    return;
  loop_->drain();
  loop_->wake();
  auto until = steady_clock::now() + patience;
  while ((!loop_->drained() || context_.traffic->in_flight > 0)
         && steady_clock::now() < until) {
    // The library counts a subscription as drained when it is next asked.
    loop_->wake();
    std::this_thread::sleep_for(milliseconds{5});
  }
  stopping_ = true;
  loop_->wake();
  thread_.join();
}

}  // namespace larder
