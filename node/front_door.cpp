#include "node/front_door.hpp"

#include "node/json_body.hpp"
#include "node/request_headers.hpp"

#include <caf/send.hpp>

#include <optional>
#include <utility>

namespace larder {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The name of the queue: one node of all answers a request.
constexpr const char* queue = "larder";

caf::error over_payload(std::size_t bytes) {
  return fail(ec::too_large, "the reply has " + std::to_string(bytes)
                                 + " bytes, more than the NATS server's "
                                   "max_payload");
}

}  // namespace

front_door::front_door(front_door_context context)
    : context_(std::move(context)), value_header_(context_.node_id) {}

front_door::~front_door() {
  stop(milliseconds{0});
}

caf::expected<void> front_door::start() {
  auto loop =
      nats::loop::open(context_.settings.nats, "larder/" + context_.node_id);
  if (!loop)
    return loop.error();
  loop_ = std::move(*loop);
  subscribe();
  subscribe_changes();
  thread_ = std::thread{[this] { run(); }};
  return caf::unit;
}

void front_door::subscribe() {
  auto& on = *loop_;
  auto all = [this](const nats::request& m) { request(m, m.subject()); };
  auto gets = context_.collection.of(request_op::get) + ".";
  for (auto& subject : context_.collection.served()) {
    // Nearly every request is one of these; what it asks for is known.
    if (subject == gets + ">")
      on.subscribe(subject, queue, [this, skip = gets.size()](auto& m) {
        get(m, m.subject().substr(skip));
      });
    else
      on.subscribe(subject, queue, all);
  }
  for (auto& by : context_.services)
    for (auto& subject : by.subjects)
      on.subscribe(subject, queue, [this, &by](const nats::request& m) {
        serve(m, m.subject(), by);
      });
  auto& id = context_.node_id;
  on.subscribe(addressed(id, ">"), "", [this, id](auto& m) {
    if (auto inner = parse_addressed(m.subject(), id))
      request(m, *inner);
  });
  for (auto& subject : {control_all(">"), control_node(id, ">")})
    on.subscribe(subject, "", [this, id](auto& m) {
      if (auto op = parse_control(m.subject(), id))
        operate(m, *op);
    });
  for (auto& subject : {std::string{"$SRV.*"}, std::string{"$SRV.*.larder"},
                        "$SRV.*.larder." + id})
    on.subscribe(subject, "", [this](auto& m) { operate(m, m.subject()); });
}

// -- the loop ----------------------------------------------------------------

void front_door::run() {
  view_ = std::make_unique<read_view>(context_.memory);
  auto before_wait = [this] { view_->offline(); };
  while (!stopping_) {
    loop_->turn(milliseconds{1'000}, before_wait);
    write_queued();
    view_->quiesce();
  }
  loop_->flush(milliseconds{500});
  view_.reset();
}

void front_door::request(const nats::request& m, std::string_view subject) {
  auto address = context_.collection.parse(subject);
  if (!address) {
    for (auto& by : context_.services)
      if (by.serves(subject))
        return serve(m, subject, by);
    return;
  }
  if (address->op == request_op::get && !address->tokens.empty())
    return get(m, address->tokens);
  context_.traffic->requests.add();
  if (address->op != request_op::mget || !mget_from_memory(m))
    pass_on(m, *address);
}

// True if memory had every key; else the gateway asks the tiers for the rest.
bool front_door::mget_from_memory(const nats::request& m) {
  if (m.has_headers() || m.reply().empty())
    return false;
  auto body =
      memory_mget_.answer(m.data(), *view_, nanoseconds_of(loop_->received()),
                          loop_->max_payload());
  if (!body)
    return false;
  write_body(m.reply(), *body);
  context_.traffic->hits[static_cast<std::size_t>(tier::memory)].add(
      memory_mget_.count());
  return true;
}

void front_door::get(const nats::request& m, std::string_view tokens) {
  context_.traffic->requests.add();
  if (!answer_from_memory(m, tokens))
    pass_on(m, {request_op::get, tokens});
}

// True if that was all: the value is here, it is proved fresh, and it is what
// the request's headers ask for. What was proved when the request had been read
// is proved for it: the read began before.
bool front_door::answer_from_memory(const nats::request& m,
                                    std::string_view tokens) {
  auto name = plain_key(tokens);
  key spelled;
  if (!name) {
    auto k = parse_tokens(tokens);
    if (!k)
      return false;
    spelled = std::move(*k);
    name.emplace(spelled);
  }
  auto now = nanoseconds_of(loop_->received());
  const artifact* found = nullptr;
  if (!m.has_headers()) {
    found = view_->find(*name, now);
  } else {
    auto headers = parse_headers(m, context_.settings.limits);
    if (!headers)
      return false;
    found = view_->find(*name, now, headers->min_revision);
    if (found != nullptr && headers->version
        && *headers->version != found->version())
      return false;
  }
  if (found == nullptr)
    return false;
  if (!m.reply().empty())
    write_value(m.reply(), *found, tier::memory, nullptr);
  context_.traffic->hits[static_cast<std::size_t>(tier::memory)].add();
  return true;
}

void front_door::pass_on(const nats::request& m,
                         const request_address& address) {
  auto c = make_call(m);
  c->op = address.op;
  c->tokens = std::string{address.tokens};
  if (!admit(*c))
    return;
  auto& to = context_.gateways[next_gateway_++ % context_.gateways.size()];
  caf::anon_send(to, std::move(c));
}

void front_door::serve(const nats::request& m, std::string_view subject,
                       const door_service& by) {
  context_.traffic->requests.add();
  auto c = make_call(m);
  c->of_service = true;
  c->tokens = std::string{subject};
  if (admit(*c))
    by.take(std::move(c));
}

// Mailboxes have no bound of their own. False: it was refused.
bool front_door::admit(const call& c) {
  auto most = context_.settings.limits.max_in_flight;
  if (context_.traffic->in_flight <= static_cast<std::int64_t>(most))
    return true;
  write(c,
        {.failure = fail(ec::busy, "the node works on " + std::to_string(most)
                                       + " requests already; retry later")});
  --context_.traffic->in_flight;
  return false;
}

void front_door::operate(const nats::request& m, std::string_view operation) {
  std::string op{operation};
  auto c = make_call(m);
  c->control = std::move(op);
  context_.control(std::move(c));
}

call_ptr front_door::make_call(const nats::request& m) {
  ++context_.traffic->in_flight;
  return std::make_shared<call>(m.kept(), loop_->received(),
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
  std::vector<change_notice> committed;
  {
    std::lock_guard guard{mutex_};
    ready.swap(queue_);
    committed.swap(committed_);
    if (new_limits_)
      context_.settings.limits = *std::exchange(new_limits_, {});
  }
  for (auto& change : committed)
    write_committed(change);
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
  count(to, content);
  if (to.message.reply().empty())
    return;
  auto subject = to.message.reply();
  if (content.failure)
    return write_error(subject, content.failure, content.body);
  if (content.value)
    return write_value(subject, *content.value, content.tier, &content);
  write_body(subject, content.body, &content);
}

void front_door::write_body(std::string_view to, std::string_view body,
                            const reply* more) {
  std::vector<header_line> lines{{header::node, context_.node_id}};
  if (more != nullptr)
    for (auto& [name, value] : more->lines)
      lines.push_back({name, value});
  if (!loop_->publish(to, header_block(lines), body))
    write_error(to, over_payload(body.size()));
}

void front_door::write_value(std::string_view to, const artifact& value,
                             tier from, const reply* more) {
  auto lines = value_header_.of(value, from,
                                more != nullptr && more->stale
                                    ? std::optional{more->stale_for}
                                    : std::nullopt);
  if (!loop_->publish(to, lines, value.content()))
    write_error(to, over_payload(value.content().size()));
}

void front_door::write_error(std::string_view to, const caf::error& why,
                             std::string_view given_body) {
  auto code = code_of(why);
  auto sentence = message_of(why);
  auto body = given_body.empty() ? error_body(why) : std::string{given_body};
  auto status = std::to_string(status_of(code));
  auto current = current_revision_of(why);
  auto revision = std::to_string(current);
  std::vector<header_line> lines{{header::service_error_code, status},
                                 {header::service_error, sentence},
                                 {header::node, context_.node_id}};
  if (current >= 0)
    lines.push_back({header::revision, revision});
  static_cast<void>(loop_->publish(to, header_block(lines), body));
}

void front_door::count(const call& to, const reply& content) {
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
  if (code == ec::not_found && !to.of_service)
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
