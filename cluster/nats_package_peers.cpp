#include "cluster/nats_package_peers.hpp"

#include "storage/error.hpp"
#include "storage/whole_number.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

namespace larder {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using std::chrono::milliseconds;

caf::error refused(const nats::message& m) {
  if (m.is_no_responders())
    return fail(ec::unavailable, "no such node answers");
  return fail(ec::unavailable,
              std::string{m.header("Nats-Service-Error").value_or("an error")});
}

// A node that asks must not wait for what the other one is to hear of: the
// other may wait for this one.
nats::headers headers_of(milliseconds timeout) {
  return {{"Larder-Deadline-Ms", std::to_string(timeout.count())},
          {peer_header, "true"}};
}

std::string body_of(const ordered_json& body) {
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The nodes that have answered; shared with the timer and the handler.
struct gathering {
  std::mutex mutex;
  std::set<std::string> nodes;
  nats::subscription inbox;
};

}  // namespace

nats_package_peers::nats_package_peers(std::shared_ptr<nats::client> client,
                                       package_subjects subjects)
    : client_(std::move(client)), subjects_(std::move(subjects)) {}

void nats_package_peers::nodes(milliseconds patience,
                               on<std::vector<std::string>> done) {
  auto found = std::make_shared<gathering>();
  auto inbox = client_->new_inbox();
  auto subscribed = client_->subscribe(
      inbox, {}, [weak = std::weak_ptr{found}](const nats::message& m) {
        auto all = weak.lock();
        auto node = m.header("Larder-Node");
        if (!all || !node || !is_node_id(*node))
          return;
        std::lock_guard lock{all->mutex};
        all->nodes.emplace(*node);
      });
  caf::error failure;
  if (!subscribed)
    failure = subscribed.error();
  else if (auto sent = client_->publish(control_all("ping"), {}, {}, inbox);
           !sent)
    failure = sent.error();
  if (subscribed)
    found->inbox = std::move(*subscribed);
  client_->run_after(patience, [found, failure, done = std::move(done)] {
    found->inbox.reset();
    if (failure)
      return done(failure);
    std::lock_guard lock{found->mutex};
    done(std::vector<std::string>{found->nodes.begin(), found->nodes.end()});
  });
}

void nats_package_peers::get(const std::string& node, const package_key& key,
                             const std::string& version, milliseconds timeout,
                             on<package_lookup> done) {
  ordered_json body{{"ecosystem", key.ecosystem}, {"name", key.name}};
  if (!version.empty())
    body["version"] = version;
  client_->request(
      addressed(node, subjects_.of(package_op::get)), headers_of(timeout),
      body_of(body), timeout,
      [version, done = std::move(done)](caf::expected<nats::message> reply) {
        if (!reply)
          return done(reply.error());
        auto code = whole_number<int>(reply->header("Nats-Service-Error-Code"))
                        .value_or(0);
        package_lookup result;
        result.version = version;
        result.revision =
            whole_number<std::int64_t>(reply->header("Larder-Revision"))
                .value_or(0);
        if (code == status_of(ec::not_found))
          return done(std::move(result));
        if (code != 0 || reply->is_no_responders())
          return done(refused(*reply));
        result.document = std::string{reply->data()};
        done(std::move(result));
      });
}

void nats_package_peers::revisions(const std::string& node, std::uint32_t limit,
                                   const std::optional<package_key>& after,
                                   milliseconds timeout,
                                   on<package_revision_page> done) {
  ordered_json body{{"limit", limit}};
  if (after)
    body["after"] = {{"ecosystem", after->ecosystem}, {"name", after->name}};
  client_->request(
      addressed(node, subjects_.of(package_op::revisions)), headers_of(timeout),
      body_of(body), timeout,
      [done = std::move(done)](caf::expected<nats::message> reply) {
        if (!reply)
          return done(reply.error());
        if (reply->is_no_responders()
            || reply->header("Nats-Service-Error-Code"))
          return done(refused(*reply));
        done(revision_page_in(reply->data()));
      });
}

std::string to_body(const package_revision_page& page) {
  ordered_json items = json::array();
  for (auto& item : page.items) {
    ordered_json versions = json::array();
    for (auto& kept : item.versions)
      versions.push_back(
          {{"version", kept.version}, {"revision", kept.revision}});
    items.push_back({{"ecosystem", item.key.ecosystem},
                     {"name", item.key.name},
                     {"removed_at", item.removed_at},
                     {"versions", std::move(versions)}});
  }
  ordered_json body{{"items", std::move(items)}, {"next", nullptr}};
  if (page.next)
    body["next"] = {{"ecosystem", page.next->ecosystem},
                    {"name", page.next->name}};
  return body_of(body);
}

caf::expected<package_revision_page> revision_page_in(std::string_view body) {
  auto refused = [](std::string_view why) {
    return fail(ec::unavailable, "a node told its packages in an unknown way: "
                                     + std::string{why});
  };
  auto key_in = [](const json& o) {
    return package_key{o.at("ecosystem").get<std::string>(),
                       o.at("name").get<std::string>()};
  };
  auto may_be = [](const package_revisions& item) {
    return item.removed_at >= 0
           && check_package_key(item.key.ecosystem, item.key.name)
           && std::all_of(item.versions.begin(), item.versions.end(),
                          [](auto& kept) {
                            return kept.revision > 0 && !kept.version.empty()
                                   && check_package_version(kept.version);
                          });
  };
  try {
    auto all = json::parse(body);
    package_revision_page page;
    for (auto& o : all.at("items")) {
      package_revisions item;
      item.key = key_in(o);
      item.removed_at = o.at("removed_at").get<std::int64_t>();
      for (auto& kept : o.at("versions"))
        item.versions.push_back({kept.at("version").get<std::string>(),
                                 kept.at("revision").get<std::int64_t>()});
      if (!may_be(item))
        return refused(item.key.ecosystem + "/" + item.key.name
                       + " cannot be a package of these versions");
      page.items.push_back(std::move(item));
    }
    if (auto& next = all.at("next"); !next.is_null()) {
      page.next = key_in(next);
      if (!may_be({*page.next, 0, {}}))
        return refused("the next page cannot begin there");
    }
    return page;
  } catch (const json::exception& e) {
    return refused(e.what());
  }
}

}  // namespace larder
