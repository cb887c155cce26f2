#include "node/gateway.hpp"

#include "node/json_body.hpp"
#include "node/many_read.hpp"
#include "node/request_headers.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace larder {

namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t default_page = 100;
constexpr std::uint32_t largest_page = 1'000;

void refuse(call_ptr c, caf::error why) {
  auto& to = *c;
  to.answer(std::move(c), {.failure = std::move(why)});
}

void answer_json(call_ptr c, std::string body) {
  auto& to = *c;
  to.answer(std::move(c), {.body = std::move(body)});
}

std::string to_json(const version_info& info, bool with_version) {
  nlohmann::ordered_json body{{"revision", info.revision}};
  if (with_version)
    body["version"] = info.version;
  body["epoch"] = info.epoch.text();
  return body.dump();
}

std::string to_json(const std::string& type,
                    const std::vector<list_item>& items, bool more) {
  nlohmann::ordered_json list = nlohmann::json::array();
  for (auto& item : items)
    list.push_back({{"type", type},
                    {"id", item.id},
                    {"revision", item.revision},
                    {"version", item.version},
                    {"updated_at", item.updated_at}});
  nlohmann::ordered_json body{{"items", std::move(list)}};
  body["next"] = more ? nlohmann::ordered_json(items.back().id)
                      : nlohmann::ordered_json(nullptr);
  return body.dump();
}

caf::error no_answer_within(milliseconds deadline) {
  return fail(ec::deadline_exceeded,
              "no answer within " + std::to_string(deadline.count()) + " ms");
}

/// `next`: where the next page begins; 0: there is none.
std::string to_json(const artifact_matches& matches, std::uint32_t next) {
  nlohmann::ordered_json list = nlohmann::json::array();
  for (auto& m : matches.found)
    list.push_back({{"type", m.key.type},
                    {"id", m.key.id},
                    {"score", m.score},
                    {"revision", m.revision},
                    {"version", m.version},
                    {"highlight", m.highlight}});
  nlohmann::ordered_json body{{"results", std::move(list)}};
  body["next"] =
      next > 0 ? nlohmann::ordered_json(next) : nlohmann::ordered_json(nullptr);
  body["unindexed"] = matches.unindexed;
  return body.dump(-1, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace);
}

/// CAF says only that its timer ran out; a client wants to know which.
caf::error named(const caf::error& why, milliseconds deadline) {
  return why == caf::sec::request_timeout ? no_answer_within(deadline) : why;
}

caf::error version_missing(std::int32_t wanted, const artifact& current) {
  if (wanted > current.version())
    return fail(ec::not_found, "there is no version " + std::to_string(wanted)
                                   + " yet; the newest is "
                                   + std::to_string(current.version()));
  return fail(ec::not_supported,
              "version " + std::to_string(wanted) + " has been replaced by "
                  + std::to_string(current.version())
                  + "; reading older versions needs a version history, which "
                    "this release does not keep");
}

}  // namespace

gateway_actor::behavior_type gateway(gateway_state::pointer self,
                                     gateway_context context) {
  self->state.start(std::move(context));
  return {
      [self](call_ptr& c) { self->state.serve(std::move(c)); },
      [self](limits_atom, const config::limit_settings& limits) {
        self->state.limit(limits);
      },
      [](const continuation& go_on) { go_on(); },
  };
}

void gateway_state::start(gateway_context context) {
  context_ = std::move(context);
  view_ = std::make_unique<read_view>(context_.memory);
}

void gateway_state::serve(call_ptr c) {
  switch (c->op) {
  case request_op::get:
    return get(std::move(c));
  case request_op::put:
    return put(std::move(c));
  case request_op::remove:
    return remove(std::move(c));
  case request_op::mget:
    return mget(std::move(c));
  case request_op::list:
    return list(std::move(c));
  case request_op::search:
    return search(std::move(c));
  case request_op::stats:
    return stats(std::move(c));
  }
}

// -- one key -----------------------------------------------------------------

void gateway_state::get(call_ptr c) {
  auto k = c->tokens.empty() ? key_in_body(*c) : parse_tokens(c->tokens);
  if (!k)
    return refuse(std::move(c), k.error());
  read(std::move(c), std::move(*k));
}

void gateway_state::read(call_ptr c, key k) {
  auto headers = parse_headers(c->message, context_.limits);
  if (!headers)
    return refuse(std::move(c), headers.error());
  ask_shard(
      *c, *headers, k,
      [c, version = headers->version](answer& found) {
        if (version && *version != found.value->version())
          return refuse(c, version_missing(*version, *found.value));
        c->answer(c, {.value = std::move(found.value),
                      .tier = found.tier,
                      .stale = found.stale,
                      .stale_for = found.stale_for});
      },
      [c](const caf::error& why) { refuse(c, why); });
}

void gateway_state::ask_shard(const call& c, const request_headers& headers,
                              const key& k, std::function<void(answer&)> found,
                              std::function<void(const caf::error&)> failed) {
  auto until = c.arrived + headers.deadline;
  auto waited = patience_.wait(until, [failed, longest = headers.deadline] {
    failed(no_answer_within(longest));
  });
  self_
      ->request(shard_of_key(k), caf::infinite, get_atom::value, k,
                read_options{headers.min_revision, headers.allow_stale, until})
      .then(
          [this, waited, found = std::move(found)](answer& a) {
            if (patience_.kept(waited))
              found(a);
          },
          [this, waited, failed](const caf::error& why) {
            if (patience_.kept(waited))
              failed(why);
          });
}

void gateway_state::put(call_ptr c) {
  auto k = parse_tokens(c->tokens);
  if (!k)
    return refuse(std::move(c), k.error());
  auto body = c->message.data();
  if (body.size() > context_.limits.max_value_bytes)
    return refuse(std::move(c),
                  fail(ec::too_large,
                       "the value has " + std::to_string(body.size())
                           + " bytes; at most "
                           + std::to_string(context_.limits.max_value_bytes)
                           + " are allowed (limits.max_value_bytes)"));
  if (auto json = check_json_object(body, context_.limits.max_json_depth);
      !json)
    return refuse(std::move(c), json.error());
  write(std::move(c), {std::move(*k), std::string{body}, {}, {}, {}});
}

void gateway_state::remove(call_ptr c) {
  auto k = parse_tokens(c->tokens);
  if (!k)
    return refuse(std::move(c), k.error());
  write(std::move(c), {std::move(*k), {}, {}, {}, {}});
}

void gateway_state::write(call_ptr c, write_request request) {
  auto headers = parse_headers(c->message, context_.limits);
  if (!headers)
    return refuse(std::move(c), headers.error());
  request.metadata = std::move(headers->metadata);
  request.tags = std::move(headers->tags);
  request.expected_revision = headers->expect_revision;
  auto deadline = headers->deadline;
  auto& shard = shard_of_key(request.key);
  auto is_put = request.content.has_value();
  self_
      ->request(shard, left(*c, deadline), write_atom::value,
                std::move(request))
      .then(
          [c, is_put](const version_info& info) {
            answer_json(c, to_json(info, is_put));
          },
          [c, deadline](const caf::error& why) {
            if (why == caf::sec::request_timeout)
              return refuse(
                  c, fail(ec::deadline_exceeded,
                          "no commit within " + std::to_string(deadline.count())
                              + " ms; whether it happens later is not "
                                "known: read the key before trying again"));
            refuse(c, why);
          });
}

// -- many keys ---------------------------------------------------------------

void gateway_state::mget(call_ptr c) {
  auto headers = parse_headers(c->message, context_.limits);
  if (!headers)
    return refuse(std::move(c), headers.error());
  auto keys = keys_in_body(c->message.data(), context_.limits);
  if (!keys)
    return refuse(std::move(c), keys.error());
  auto many = std::make_shared<many_read>(c, std::move(*keys),
                                          context_.max_reply_bytes());
  auto now = nanoseconds_of(self_->clock().now());
  // Memory first, in one pass; the shards' answers find the rest of the tiers
  // asked once for all keys together.
  auto missing = many->take_from_memory(*view_, now, headers->min_revision);
  view_->offline();
  for (auto i : missing) {
    ask_shard(
        *c, *headers, many->key_at(i),
        [many, i](answer& found) { many->found(i, std::move(found)); },
        [many, i](const caf::error& why) { many->failed(i, why); });
  }
  many->asked_all();
}

void gateway_state::list(call_ptr c) {
  if (c->tokens.empty())
    return refuse(std::move(c),
                  fail(ec::invalid_request, "the subject has no type; expected "
                                            "template.list.{type}"));
  auto type = parse_token(c->tokens);
  if (!type)
    return refuse(std::move(c), type.error());
  auto page = page_in_body(c->message.data(), context_.limits, default_page,
                           largest_page);
  if (!page)
    return refuse(std::move(c), page.error());
  auto headers = parse_headers(c->message, context_.limits);
  if (!headers)
    return refuse(std::move(c), headers.error());
  auto deadline = headers->deadline;
  auto limit = page->limit;
  // One more than asked for tells whether there is a next page.
  self_
      ->request(context_.cold, left(*c, deadline), list_atom::value, *type,
                limit + 1, page->after)
      .then(
          [c, type = *type, limit](std::vector<list_item>& items) {
            auto more = items.size() > limit;
            if (more)
              items.resize(limit);
            answer_json(c, to_json(type, items, more));
          },
          [c, deadline](const caf::error& why) {
            refuse(c, named(why, deadline));
          });
}

// -- the rest ----------------------------------------------------------------

void gateway_state::search(call_ptr c) {
  auto query = search_in_body(c->message.data(), c->tokens, context_.limits);
  if (!query)
    return refuse(std::move(c), query.error());
  auto headers = parse_headers(c->message, context_.limits);
  if (!headers)
    return refuse(std::move(c), headers.error());
  auto deadline = headers->deadline;
  auto limit = query->limit++;
  self_->request(context_.cold, left(*c, deadline), search_atom::value, *query)
      .then(
          [c, limit, offset = query->offset](artifact_matches& matches) {
            auto more = matches.found.size() > limit;
            if (more)
              matches.found.resize(limit);
            answer_json(c, to_json(matches, more ? offset + limit : 0));
          },
          [c, deadline](const caf::error& why) {
            refuse(c, named(why, deadline));
          });
}

void gateway_state::stats(call_ptr c) {
  self_
      ->request(context_.statistics, left(*c, context_.limits.default_deadline),
                stats_atom::value)
      .then(
          [c, id = context_.node_id](const node_statistics& s) {
            answer_json(c, with_node(id, larder::to_json(s)));
          },
          [c](const caf::error& why) { refuse(c, why); });
}

caf::expected<key> gateway_state::key_in_body(const call& c) const {
  auto body = object_in(c.message.data(), context_.limits);
  if (!body)
    return body.error();
  return key_of(*body);
}

const shard_actor& gateway_state::shard_of_key(const key& k) const {
  return context_.shards[shard_of(k, context_.shards.size())];
}

// What is left of the deadline, which began when the request arrived.
milliseconds gateway_state::left(const call& c, milliseconds deadline) const {
  auto spent = std::chrono::duration_cast<milliseconds>(self_->clock().now()
                                                        - c.arrived);
  return std::max(milliseconds{1}, deadline - spent);
}

}  // namespace larder
