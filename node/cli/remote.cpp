#include "node/cli/remote.hpp"

#include "cluster/subjects.hpp"
#include "config/load.hpp"
#include "node/cli/exit_code.hpp"
#include "storage/error.hpp"
#include "storage/json.hpp"
#include "storage/whole_number.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace larder::cli {

using std::chrono::milliseconds;

namespace {

// How long after one node's answer another may follow. Nodes answer such
// questions from memory, so this is the network's time, not theirs.
constexpr milliseconds stall{300};

// No client asks for more than the node's own limits.max_deadline.
constexpr milliseconds longest_deadline{60'000};

constexpr std::uint32_t max_reply_depth = 64;

nlohmann::json object_in(std::string_view body) {
  if (!check_json_object(body, max_reply_depth))
    return nlohmann::json::object();
  auto parsed = nlohmann::json::parse(body, nullptr, false);
  return parsed.is_object() ? parsed : nlohmann::json::object();
}

std::string text_in(const nlohmann::json& object, const char* name) {
  auto i = object.find(name);
  return i != object.end() && i->is_string() ? i->get<std::string>() : "";
}

std::int64_t current_revision(const nats::message& reply,
                              const nlohmann::json& body) {
  if (auto line = reply.header("Larder-Revision"))
    return whole_number<std::int64_t>(line).value_or(-1);
  auto i = body.find("revision");
  return i != body.end() && i->is_number_integer() ? i->get<std::int64_t>()
                                                   : -1;
}

// An operator's answer; nothing if it is not one. The error may be the plain
// name or an object that holds it.
std::optional<node_answer> answer_in(const nats::message& reply) {
  auto body = object_in(reply.data());
  auto node = text_in(body, "node");
  if (node.empty())
    node = reply.header("Larder-Node").value_or("");
  auto err = error_of(reply, std::string{reply.subject()});
  if (node.empty() && !err)
    return std::nullopt;
  if (auto i = body.find("error"); !err && i != body.end()) {
    auto nested = i->is_object();
    auto name = text_in(nested ? *i : body, nested ? "name" : "error");
    auto message = text_in(nested ? *i : body, "message");
    auto code = ec_named(name, 500);
    err = fail(code, message.empty() ? std::string{name_of(code)} : message);
  }
  if (err)
    err = fail(code_of(err),
               "node " + (node.empty() ? "?" : node) + ": " + message_of(err));
  return node_answer{std::move(node), std::string{reply.data()},
                     std::move(err)};
}

}  // namespace

void add_client_options(command& to, client_options& options) {
  to.option("--nats-url", options.nats_url,
            "NATS server; else NATS_URL, else the NATS context, else "
            "localhost")
      .option("--nats-context", options.nats_context,
              "context of the nats command; else NATS_CONTEXT, else the one "
              "selected there")
      .option("--nats-creds", options.nats_creds,
              "credentials file; else NATS_CREDS")
      .option("--timeout", options.timeout,
              "how long to wait ("
                  + std::to_string(options.timeout.count() / 1'000) + "s)")
      .flag("--json", options.json, "JSON, for scripts");
}

caf::expected<remote> remote::open(const client_options& options) {
  config::sources from;
  from.env = config::process_environment();
  from.use_selected_nats_context = true;
  if (options.nats_url)
    from.flags.emplace_back("nats.url", *options.nats_url);
  if (options.nats_context)
    from.flags.emplace_back("nats.context", *options.nats_context);
  if (options.nats_creds)
    from.flags.emplace_back("nats.creds_file", *options.nats_creds);
  auto settings = config::load(from);
  if (!settings)
    return fail(ec::configuration, settings.error().message);
  auto client = nats::client::connect_now(settings->nats, "larder cli");
  if (!client)
    return std::move(client.error());
  remote result;
  result.client_ = std::move(*client);
  result.timeout_ = options.timeout;
  return result;
}

// The node gives up a little before we do, so that its sentence arrives
// instead of our time-out.
nats::headers remote::with_deadline(nats::headers lines) const {
  auto deadline = timeout_ - std::min(timeout_ / 10, milliseconds{100});
  deadline = std::clamp(deadline, milliseconds{1}, longest_deadline);
  lines.push_back({"Larder-Deadline-Ms", std::to_string(deadline.count())});
  return lines;
}

caf::expected<nats::message> remote::ask(const std::string& subject,
                                         nats::headers lines,
                                         std::string_view body) {
  auto reply = client_->request_sync(subject, with_deadline(std::move(lines)),
                                     body, timeout_);
  if (reply)
    if (auto err = error_of(*reply, subject))
      return err;
  return reply;
}

void remote::ask_later(const std::string& subject, nats::headers lines,
                       std::string_view body,
                       std::function<void(caf::expected<nats::message>)> done) {
  client_->request(
      subject, with_deadline(std::move(lines)), body, timeout_,
      [subject, done = std::move(done)](caf::expected<nats::message> reply) {
        if (reply)
          if (auto err = error_of(*reply, subject))
            return done(std::move(err));
        done(std::move(reply));
      });
}

caf::expected<std::vector<node_answer>>
remote::gather(const std::string& subject, std::string_view body,
               milliseconds pause, const on_answer& last) {
  // Read where they arrive: an answer is looked at once.
  std::vector<node_answer> answers;
  auto look = [&](const nats::message& reply) {
    auto answer = answer_in(reply);
    if (!answer)
      return false;
    answers.push_back(std::move(*answer));
    return last && last(answers.back());
  };
  auto replies =
      client_->request_many(subject, {}, body, timeout_, pause, look);
  if (!replies)
    return std::move(replies.error());
  if (answers.empty())
    return fail(ec::unavailable, "no node answers on " + subject
                                     + "; start one with `larder node`");
  return answers;
}

caf::expected<std::vector<node_answer>>
remote::poll_nodes(std::string_view op) {
  auto answers = gather(control_all(op), "{}", stall, {});
  if (answers)
    std::sort(answers->begin(), answers->end(),
              [](auto& a, auto& b) { return a.node < b.node; });
  return answers;
}

caf::expected<std::vector<node_answer>>
remote::ask_nodes(std::string_view op, const std::string& node,
                  std::string_view body, const on_answer& seen) {
  // Who is to answer has to be known first: how long one works on it is not.
  std::set<std::string> awaited;
  auto subject = control_all(op);
  if (!node.empty()) {
    if (auto ok = check_node_id(node); !ok)
      return std::move(ok.error());
    awaited.insert(node);
    subject = control_node(node, op);
  } else {
    auto living = poll_nodes("ping");
    if (!living)
      return living;
    for (auto& one : *living)
      awaited.insert(one.node);
  }
  auto answers = gather(subject, body, timeout_, [&](const node_answer& one) {
    if (one.error || !seen || seen(one))
      awaited.erase(one.node);
    return awaited.empty();
  });
  if (answers && !awaited.empty())
    return fail(ec::deadline_exceeded,
                "node " + *awaited.begin() + " did not answer in time");
  return answers;
}

caf::expected<void> check_node_id(const std::string& node) {
  if (is_node_id(node))
    return caf::unit;
  return fail(ec::invalid_request,
              "\"" + node + "\" is not a node id; `larder nodes` lists them");
}

caf::expected<std::string> subject_at(const std::string& node,
                                      std::string subject) {
  if (node.empty())
    return subject;
  if (auto ok = check_node_id(node); !ok)
    return std::move(ok.error());
  return addressed(node, subject);
}

caf::error error_of(const nats::message& reply, const std::string& subject) {
  if (reply.is_no_responders())
    return fail(ec::unavailable,
                "no node serves " + subject + "; start one with `larder node`");
  auto status = reply.header("Nats-Service-Error-Code");
  if (!status)
    return {};
  auto body = object_in(reply.data());
  auto code =
      ec_named(text_in(body, "error"), whole_number<int>(status).value_or(-1));
  auto message = text_in(body, "message");
  if (message.empty())
    message = reply.header("Nats-Service-Error").value_or(name_of(code));
  if (code == ec::revision_conflict)
    return conflict(current_revision(reply, body), std::move(message));
  return fail(code, std::move(message));
}

}  // namespace larder::cli
