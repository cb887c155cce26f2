#include "node/package_gateway.hpp"

#include "actors/packages.hpp"
#include "cluster/nats_package_peers.hpp"
#include "node/request_headers.hpp"

#include <algorithm>
#include <utility>

namespace larder {

namespace {

constexpr std::size_t most_documents = 2'000;

// What one node has accepted is in the others' stores within milliseconds.
constexpr std::chrono::milliseconds news_patience{250};
// More than that is an import, which nobody waits for.
constexpr std::size_t most_news = 256;

void answer_json(const call_ptr& c, std::string body) {
  c->answer(c, {.body = std::move(body)});
}

void answer_found(const call_ptr& c, const package_found& found,
                  std::string body) {
  reply r;
  r.body = std::move(body);
  r.lines = {{header::tier, std::string{name_of(found.tier)}},
             {header::revision, std::to_string(found.revision)},
             {header::epoch, std::string{package_epoch().text()}}};
  c->answer(c, std::move(r));
}

/// CAF says only that its timer ran out; a client wants to know which.
caf::error in_words(const caf::error& why, std::chrono::milliseconds deadline,
                    const char* more = "") {
  if (why == caf::sec::request_timeout)
    return fail(ec::deadline_exceeded, "no answer within "
                                           + std::to_string(deadline.count())
                                           + " ms" + more);
  return why;
}

constexpr const char* unknown_outcome =
    "; whether it happens later is not known: read the package before trying "
    "again";

}  // namespace

package_gateway_actor::behavior_type
package_gateway(package_gateway_state::pointer self,
                package_gateway_context context) {
  auto& state = self->state;
  state.start(std::move(context));
  return {
      [&state](call_ptr& c) { state.serve(std::move(c)); },
      [&state](limits_atom, const config::limit_settings& limits) {
        state.limit(limits);
      },
      [&state](stats_atom) { return state.stats(); },
      [](const continuation& go_on) { go_on(); },
  };
}

void package_gateway_state::serve(call_ptr c) {
  auto address = context_.subjects.parse(c->tokens);
  if (!address)
    return refuse(c, fail(ec::invalid_request,
                          "there is no request \"" + c->tokens + "\""));
  switch (address->op) {
  case package_op::get:
    return get(std::move(c));
  case package_op::store:
    return store(std::move(c));
  case package_op::store_many:
    return store_many(std::move(c));
  case package_op::remove:
    return remove(std::move(c));
  case package_op::list:
    return list(std::move(c), false);
  case package_op::get_all:
    return list(std::move(c), true);
  case package_op::search:
    return search(std::move(c));
  case package_op::search_by_tags:
    return search_by_tags(std::move(c));
  case package_op::snippets:
    return snippets(std::move(c));
  case package_op::versions:
    return versions(std::move(c));
  case package_op::stats:
    return tell_stats(std::move(c));
  case package_op::revisions:
    return revisions(std::move(c));
  case package_op::collect:
    return collect(c, std::string{address->token});
  }
}

// -- one package -------------------------------------------------------------

void package_gateway_state::get(call_ptr c) {
  request_fields body{c->message.data(), context_.limits};
  package_read q;
  q.key = key_in(body);
  q.version = body.optional_text("version");
  q.collect = body.flag("collect");
  if (auto ok = check_package_version(q.version); !ok)
    body.refuse(ok.error());
  if (body.failure())
    return refuse(c, body.failure());
  auto headers = parse_headers(c->message, context_.limits);
  if (!headers)
    return refuse(c, headers.error());
  auto wait = patience(c, q.collect ? context_.settings.collect_deadline
                                    : context_.limits.default_deadline);
  if (!wait)
    return;
  q.min_revision = headers->min_revision;
  q.deadline = c->arrived + *wait;
  after_news(c, q.key, [this, c, q, wait = *wait] {
    self_->request(context_.packages, left(*c, wait), get_atom::value, q)
        .then(
            [c](package_found& found) {
              answer_found(c, found, std::move(found.document));
            },
            [c, wait](const caf::error& why) {
              refuse(c, in_words(why, wait));
            });
  });
}

void package_gateway_state::store(call_ptr c) {
  auto headers = parse_headers(c->message, context_.limits);
  if (!headers)
    return refuse(c, headers.error());
  auto wait = headers->deadline;
  if (headers->expect_revision) {
    auto p = parse_package(c->message.data(), context_.document_limits);
    if (!p)
      return refuse(c, p.error());
    return write_if(c, wait,
                    {{p->ecosystem, p->name},
                     p->version,
                     *headers->expect_revision,
                     std::string{c->message.data()}});
  }
  std::vector<std::string> documents{std::string{c->message.data()}};
  self_
      ->request(context_.packages, left(*c, wait), write_atom::value,
                std::move(documents), c->arrived + wait)
      .then(
          [c](const std::vector<package_outcome>& outcomes) {
            if (outcomes.front().failure)
              return refuse(c, outcomes.front().failure);
            answer_json(c, to_json(outcomes.front().written));
          },
          [c, wait](const caf::error& why) {
            refuse(c, in_words(why, wait, unknown_outcome));
          });
}

void package_gateway_state::store_many(call_ptr c) {
  auto [documents, lines] = package_lines_in(c->message.data());
  if (documents.empty() || documents.size() > most_documents)
    return refuse(c,
                  fail(ec::invalid_request,
                       "the body has " + std::to_string(documents.size())
                           + " documents; expected 1 to "
                           + std::to_string(most_documents) + ", one a line"));
  if (c->message.header(header::expect_revision))
    return refuse(c, fail(ec::invalid_request,
                          std::string{header::expect_revision}
                              + " is for one document; expected "
                              + context_.subjects.of(package_op::store)));
  auto wait = patience(c, context_.limits.default_deadline);
  if (!wait)
    return;
  self_
      ->request(context_.packages, left(*c, *wait), write_atom::value,
                std::move(documents), c->arrived + *wait)
      .then(
          [c, lines = std::move(lines)](
              const std::vector<package_outcome>& outcomes) {
            answer_json(c, to_json(outcomes, lines));
          },
          [c, wait = *wait](const caf::error& why) {
            refuse(c, in_words(why, wait, unknown_outcome));
          });
}

void package_gateway_state::remove(call_ptr c) {
  request_fields body{c->message.data(), context_.limits};
  auto key = key_in(body);
  if (body.failure())
    return refuse(c, body.failure());
  auto headers = parse_headers(c->message, context_.limits);
  if (!headers)
    return refuse(c, headers.error());
  auto wait = headers->deadline;
  if (headers->expect_revision)
    return write_if(c, wait, {key, {}, *headers->expect_revision, {}});
  after_news(c, key, [this, c, key, wait] {
    self_
        ->request(context_.packages, left(*c, wait), remove_atom::value, key,
                  c->arrived + wait)
        .then(
            [c](const package_written& gone) {
              answer_json(c, removed_json(gone));
            },
            [c, wait](const caf::error& why) {
              refuse(c, in_words(why, wait, unknown_outcome));
            });
  });
}

void package_gateway_state::write_if(const call_ptr& c, milliseconds wait,
                                     package_conditional write) {
  auto about = write.key;
  after_news(c, about, [this, c, wait, write = std::move(write)]() mutable {
    auto removes = write.document.empty();
    self_
        ->request(context_.packages, left(*c, wait), write_atom::value,
                  std::move(write), c->arrived + wait)
        .then(
            [c, removes](const package_written& done) {
              answer_json(c, removes ? removed_json(done) : to_json(done));
            },
            [c, wait](const caf::error& why) {
              refuse(c, in_words(why, wait, unknown_outcome));
            });
  });
}

void package_gateway_state::collect(call_ptr c, std::string_view ecosystem) {
  request_fields body{c->message.data(), context_.limits};
  package_read q;
  q.key = {std::string{ecosystem}, body.text("name")};
  q.version = body.optional_text("version");
  if (ecosystem.empty())
    body.refuse(fail(ec::invalid_request,
                     "the subject has no ecosystem; expected "
                         + context_.subjects.of(package_op::collect)
                         + ".{ecosystem}"));
  if (auto ok = check_package_key(q.key.ecosystem, q.key.name); !ok)
    body.refuse(ok.error());
  if (auto ok = check_package_version(q.version); !ok)
    body.refuse(ok.error());
  if (body.failure())
    return refuse(c, body.failure());
  auto wait = patience(c, context_.settings.collect_deadline);
  if (!wait)
    return;
  q.deadline = c->arrived + *wait;
  self_
      ->request(context_.packages, left(*c, *wait), collect_atom::value,
                std::move(q))
      .then(
          [c, limits = context_.document_limits](
              const package_collected& collected) {
            answer_found(c, collected.found, to_json(collected, limits));
          },
          [c, wait = *wait](const caf::error& why) {
            refuse(c, in_words(why, wait));
          });
}

// -- what many of them need --------------------------------------------------

// A client cannot mend the node's settings: to it, this is what is not offered.
void package_gateway_state::refuse(const call_ptr& c, caf::error why) {
  if (code_of(why) == ec::configuration)
    why = fail(ec::not_supported, message_of(why));
  c->answer(c, {.failure = std::move(why)});
}

package_key package_gateway_state::key_in(request_fields& body) {
  package_key key{body.text("ecosystem"), body.text("name")};
  if (auto ok = check_package_key(key.ecosystem, key.name); !ok)
    body.refuse(ok.error());
  return key;
}

std::optional<std::string>
package_gateway_state::ecosystem_in(request_fields& body) {
  auto ecosystem = body.optional_text("ecosystem");
  if (ecosystem.empty())
    return std::nullopt;
  if (auto ok = check_package_key(ecosystem, "x"); !ok)
    body.refuse(ok.error());
  return ecosystem;
}

void package_gateway_state::answer_with(
    call_ptr c, const package_worker_actor& worker,
    std::function<caf::expected<std::string>(package_store&)> question,
    const package_key& about) {
  auto wait = patience(c, context_.limits.default_deadline);
  if (!wait)
    return;
  after_news(
      c, about,
      [this, c, worker, question = std::move(question), wait = *wait] {
        self_
            ->request(worker, left(*c, wait), get_atom::value,
                      package_question{question, c->arrived + wait})
            .then([c](std::string& body) { answer_json(c, std::move(body)); },
                  [c, wait](const caf::error& why) {
                    refuse(c, in_words(why, wait));
                  });
      });
}

void package_gateway_state::after_news(const call_ptr& c,
                                       const package_key& about,
                                       std::function<void()> go_on) {
  auto heard = context_.backlog ? context_.backlog->load() : 0;
  if (heard == 0 || heard > most_news || c->message.header(peer_header))
    return go_on();
  auto shared = std::make_shared<std::function<void()>>(std::move(go_on));
  self_->request(context_.feed, news_patience, flush_atom::value, about)
      .then([shared](done_atom) { (*shared)(); },
            [shared](const caf::error&) { (*shared)(); });
}

std::optional<std::chrono::milliseconds>
package_gateway_state::patience(const call_ptr& c,
                                milliseconds if_absent) const {
  auto limits = context_.limits;
  limits.default_deadline = if_absent;
  auto headers = parse_headers(c->message, limits);
  if (headers)
    return headers->deadline;
  refuse(c, headers.error());
  return std::nullopt;
}

// What is left of the deadline, which began when the request arrived.
std::chrono::milliseconds
package_gateway_state::left(const call& c, milliseconds deadline) const {
  auto spent = std::chrono::duration_cast<milliseconds>(self_->clock().now()
                                                        - c.arrived);
  return std::max(milliseconds{1}, deadline - spent);
}

// Bytes of a reply's body; the rest is for its headers.
std::size_t package_gateway_state::room() const {
  constexpr std::size_t headers = 1'024;
  auto most = context_.max_reply_bytes();
  return most > headers ? most - headers : headers;
}

}  // namespace larder
