// The package gateway's other half: requests that the store answers by itself,
// in its own threads, and the statistics.
#include "cluster/nats_package_peers.hpp"
#include "node/package_gateway.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace larder {

namespace {

constexpr std::uint32_t default_page = 100;
constexpr std::uint32_t largest_page = 1'000;
constexpr std::uint32_t default_hits = 10;
constexpr std::uint32_t most_hits = 100;
constexpr std::size_t most_tags = 32;
constexpr std::size_t most_query_bytes = 1'024;

/// A page's `next`; within an ecosystem the name alone will do.
std::string place_of(const std::string& ecosystem, std::string after) {
  if (ecosystem.empty() || after.empty() || after.starts_with(ecosystem + '/'))
    return after;
  return ecosystem + '/' + after;
}

}  // namespace

// -- many packages: the store answers, in its own threads --------------------

void package_gateway_state::list(call_ptr c, bool with_documents) {
  request_fields body{c->message.data(), context_.limits};
  auto ecosystem = ecosystem_in(body).value_or("");
  auto limit = body.number("limit", default_page, 1, largest_page);
  auto after = place_of(ecosystem, body.optional_text("after"));
  if (body.failure())
    return refuse(c, body.failure());
  answer_with(
      std::move(c), context_.workers.gets,
      [=, most = room()](package_store& store) -> caf::expected<std::string> {
        auto page = store.list(ecosystem, limit, after);
        if (!page)
          return page.error();
        if (with_documents)
          return documents_json(store, *page, most);
        return to_json(*page, most);
      });
}

void package_gateway_state::search(call_ptr c) {
  request_fields body{c->message.data(), context_.limits};
  package_query q;
  q.text = body.text("query");
  q.ecosystem = ecosystem_in(body);
  q.tags = body.texts("tags", most_tags);
  q.limit = body.number("limit", default_hits, 1, most_hits);
  q.offset = body.number("offset", 0, 0, 1'000'000);
  if (q.text.size() > most_query_bytes)
    body.refuse(fail(ec::invalid_request,
                     "\"query\" has " + std::to_string(q.text.size())
                         + " bytes; expected at most "
                         + std::to_string(most_query_bytes)));
  if (body.failure())
    return refuse(c, body.failure());
  answer_with(
      std::move(c), context_.workers.searches,
      [q = std::move(q)](package_store& store) -> caf::expected<std::string> {
        auto hits = store.search(q);
        if (!hits)
          return hits.error();
        return to_json(*hits);
      });
}

void package_gateway_state::search_by_tags(call_ptr c) {
  request_fields body{c->message.data(), context_.limits};
  package_tag_query q;
  q.tags = body.texts("tags", most_tags);
  q.match =
      body.is_second("match", "any", "all") ? tag_match::all : tag_match::any;
  q.ecosystem = ecosystem_in(body);
  q.limit = body.number("limit", default_page, 1, largest_page);
  q.after = place_of(q.ecosystem.value_or(""), body.optional_text("after"));
  if (q.tags.empty())
    body.refuse(fail(ec::invalid_request,
                     "\"tags\" is missing or empty; expected a list of "
                     "texts"));
  if (body.failure())
    return refuse(c, body.failure());
  answer_with(std::move(c), context_.workers.searches,
              [q = std::move(q), most = room()](
                  package_store& store) -> caf::expected<std::string> {
                auto page = store.search_by_tags(q);
                if (!page)
                  return page.error();
                return to_json(*page, most);
              });
}

void package_gateway_state::snippets(call_ptr c) {
  request_fields body{c->message.data(), context_.limits};
  auto key = key_in(body);
  auto kind = body.optional_text("kind");
  auto limit = body.number("limit", default_page, 1, largest_page);
  auto offset = body.number("offset", 0, 0, 1'000'000);
  if (body.failure())
    return refuse(c, body.failure());
  answer_with(
      std::move(c), context_.workers.gets,
      [=, most = room()](package_store& store) -> caf::expected<std::string> {
        auto found = store.snippets(key.ecosystem, key.name, kind);
        if (!found)
          return found.error();
        return to_json(*found, offset, limit, most);
      },
      key);
}

void package_gateway_state::versions(call_ptr c) {
  request_fields body{c->message.data(), context_.limits};
  auto key = key_in(body);
  if (body.failure())
    return refuse(c, body.failure());
  answer_with(
      std::move(c), context_.workers.gets,
      [key](package_store& store) -> caf::expected<std::string> {
        auto found = store.versions(key.ecosystem, key.name);
        if (!found)
          return found.error();
        if (found->empty())
          return fail(ec::not_found,
                      key.ecosystem + "/" + key.name + " is not stored");
        nlohmann::ordered_json body{{"ecosystem", key.ecosystem},
                                    {"name", key.name},
                                    {"versions", *found}};
        return body.dump();
      },
      key);
}

void package_gateway_state::revisions(call_ptr c) {
  request_fields body{c->message.data(), context_.limits};
  auto limit = body.number("limit", default_page, 1, largest_page);
  std::optional<package_key> after;
  if (package_key from; body.key("after", from.ecosystem, from.name))
    after = std::move(from);
  if (body.failure())
    return refuse(c, body.failure());
  answer_with(
      std::move(c), context_.workers.gets,
      [=, most = room()](package_store& store) -> caf::expected<std::string> {
        auto page = store.revisions(limit, after);
        if (!page)
          return page.error();
        auto text = to_body(*page);
        // Packages with many versions: fewer of them at a time.
        while (text.size() > most && page->items.size() > 1) {
          page->items.resize(page->items.size() / 2);
          page->next = page->items.back().key;
          text = to_body(*page);
        }
        return text;
      });
}

// -- statistics --------------------------------------------------------------

void package_gateway_state::tell_stats(call_ptr c) {
  count([this, c](const package_statistics& counted) {
    answer_with(c, context_.workers.gets,
                [counted](package_store& store) -> caf::expected<std::string> {
                  auto kept = store.stats();
                  if (!kept)
                    return kept.error();
                  return to_json(*kept, counted);
                });
  });
}

caf::result<package_statistics> package_gateway_state::stats() {
  auto reply = self_->make_response_promise<package_statistics>();
  count([reply](const package_statistics& counted) mutable {
    reply.deliver(counted);
  });
  return reply;
}

void package_gateway_state::count(
    std::function<void(const package_statistics&)> go_on) {
  auto all = std::make_shared<package_statistics>();
  auto waiting = std::make_shared<int>(context_.collector ? 4 : 3);
  auto one = [go_on = std::move(go_on), all, waiting] {
    if (--*waiting == 0)
      go_on(*all);
  };
  auto take = [&](auto& from, auto member) {
    using part = std::decay_t<decltype((*all).*member)>;
    self_->request(from, context_.limits.default_deadline, stats_atom::value)
        .then(
            [all, member, one](const part& s) {
              (*all).*member = s;
              one();
            },
            [one](const caf::error&) { one(); });
  };
  take(context_.packages, &package_statistics::plane);
  take(context_.relay, &package_statistics::relay);
  take(context_.feed, &package_statistics::feed);
  if (context_.collector)
    take(context_.collector, &package_statistics::collector);
}

}  // namespace larder
