#include "cluster/roll_call.hpp"

#include "cluster/subjects.hpp"
#include "storage/error.hpp"

#include <nlohmann/json.hpp>

#include <tuple>
#include <utility>

namespace larder {

namespace {

using nlohmann::json;

// Nodes that are there answer within a millisecond; one that takes longer than
// this is one that its clients miss, too.
constexpr std::chrono::milliseconds longest{1'000};
constexpr std::chrono::milliseconds after_the_last{250};

std::string to_body(const roll_member& m) {
  return json{{"node", m.node},       {"incarnation", m.incarnation},
              {"truth", m.truth},     {"shared", m.is_shared},
              {"settled", m.settled}, {"since", m.since}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Nothing if it is not one.
std::optional<roll_member> parse_member(std::string_view body) {
  auto parsed = json::parse(body, nullptr, false);
  if (!parsed.is_object())
    return {};
  try {
    return roll_member{parsed.at("node"),    parsed.at("incarnation"),
                       parsed.at("truth"),   parsed.at("shared"),
                       parsed.at("settled"), parsed.at("since")};
  } catch (const json::exception&) {
    return {};
  }
}

}  // namespace

caf::error refusal_of(const roll_member& mine,
                      const std::vector<roll_member>& others) {
  for (auto& other : others) {
    if (other.incarnation == mine.incarnation
        || (mine.is_shared && other.is_shared))
      continue;
    auto first = other.settled
                 || std::tie(other.since, other.incarnation)
                        < std::tie(mine.since, mine.incarnation);
    if (!first)
      continue;
    return fail(ec::configuration,
                "node " + other.node + " serves this cluster already, from "
                    + (other.is_shared ? "PostgreSQL, and this node has no "
                                         "DATABASE_URL"
                                       : "the embedded store on its own disk")
                    + ": an embedded store serves one node alone. Set "
                      "DATABASE_URL on every node, or stop that node, or use "
                      "another NATS server");
  }
  return {};
}

roll_call::roll_call(std::shared_ptr<nats::client> client, std::string cluster,
                     roll_member mine)
    : client_(std::move(client)), subject_(roll_signal(cluster)),
      settled_(std::make_shared<std::atomic<bool>>(false)),
      mine_(std::move(mine)) {}

roll_call::~roll_call() = default;

caf::expected<void> roll_call::call(std::chrono::milliseconds patience) {
  if (auto ok = client_->wait_connected(patience); !ok)
    return ok;
  // Answering first: of two that ask at the same time, each hears the other.
  if (!answering_) {
    auto answering = client_->subscribe(
        subject_, {},
        // Weak: the client owns the handler.
        [to = std::weak_ptr{client_}, settled = settled_,
         mine = mine_](nats::message question) mutable {
          mine.settled = *settled;
          if (auto client = to.lock(); client && !question.reply().empty())
            client->publish(std::string{question.reply()}, {}, to_body(mine));
        });
    if (!answering)
      return answering.error();
    answering_ = std::move(*answering);
    if (auto ok = client_->flush(longest); !ok)
      return ok;
  }
  auto answers =
      client_->request_many(subject_, {}, {}, longest, after_the_last);
  if (!answers)
    return answers.error();
  std::vector<roll_member> others;
  for (auto& answer : *answers)
    if (auto member = parse_member(answer.data()))
      others.push_back(std::move(*member));
  if (auto why = refusal_of(mine_, others)) {
    answering_.reset();
    return why;
  }
  *settled_ = true;
  return caf::unit;
}

}  // namespace larder
