// A client command's side of the wire: how it finds NATS, asks a node, and
// reads the answer.
//
// Used by every command that is a client. Thread rule: one thread, but for
// completions of `ask_later`, which run on a thread of the client's.
#pragma once

#include "config/settings.hpp"
#include "node/cli/command_line.hpp"
#include "storage/nats_client.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::cli {

/// The options that every client command has.
struct client_options {
  std::optional<std::string> nats_url;
  std::optional<std::string> nats_context;
  std::optional<std::string> nats_creds;
  std::chrono::milliseconds timeout{5'000};
  bool json = false;
};

void add_client_options(command& to, client_options& options);

/// What one node said to an operator's message.
struct node_answer {
  /// Its id, as the answer has it.
  std::string node;
  /// A JSON object, already checked.
  std::string body;
  /// What the node says is wrong; none if it says `"ok": true`.
  caf::error error;
};

class remote {
 public:
  /// Connects: `--nats-url`, else `NATS_URL`, else the NATS context that was
  /// given or selected, else localhost. Fails with `configuration` or
  /// `unavailable`.
  static caf::expected<remote> open(const client_options& options);

  /// One request, one answer. The contract's error replies are errors here,
  /// by their names; nobody there is `unavailable`.
  caf::expected<nats::message> ask(const std::string& subject,
                                   nats::headers lines, std::string_view body);

  /// The same, without waiting for it.
  void ask_later(const std::string& subject, nats::headers lines,
                 std::string_view body,
                 std::function<void(caf::expected<nats::message>)> done);

  /// Asks every node, or only `node` unless that is empty, and waits for all
  /// that live. `on_answer` sees each answer as it comes, on another thread,
  /// and says whether that node has no more to say. Fails with `unavailable`
  /// if no node answers.
  using on_answer = std::function<bool(const node_answer&)>;
  caf::expected<std::vector<node_answer>> ask_nodes(std::string_view op,
                                                    const std::string& node,
                                                    std::string_view body,
                                                    const on_answer& seen = {});

  /// Every answer to a question that each node answers at once.
  caf::expected<std::vector<node_answer>> poll_nodes(std::string_view op);

  std::chrono::milliseconds timeout() const { return timeout_; }

 private:
  caf::expected<std::vector<node_answer>>
  gather(const std::string& subject, std::string_view body,
         std::chrono::milliseconds stall, const on_answer& last);
  nats::headers with_deadline(nats::headers lines) const;

  std::shared_ptr<nats::client> client_;
  std::chrono::milliseconds timeout_{};
};

/// Fails with `invalid_request` for what no node is called.
caf::expected<void> check_node_id(const std::string& node);

/// The subject at which that node alone answers; without a node, any.
caf::expected<std::string> subject_at(const std::string& node,
                                      std::string subject);

/// The error that a reply to `subject` stands for; none if it is an answer.
caf::error error_of(const nats::message& reply, const std::string& subject);

}  // namespace larder::cli
