#include "cluster/subjects.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/json_slices.hpp"
#include "node/cli/output.hpp"
#include "node/cli/remote.hpp"
#include "storage/error.hpp"
#include "storage/json.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <span>

namespace larder::cli {

namespace {

constexpr std::uint32_t max_depth = 1'000;

// Of one request; more are asked for in several.
constexpr std::size_t most_keys = 1'024;

struct mget_options : client_options {
  std::vector<std::string> keys;
};

using key_texts = std::span<const std::string>;

caf::expected<std::string> request_body(key_texts keys) {
  std::string body{"{\"keys\":["};
  for (auto& text : keys) {
    auto slash = text.find('/');
    if (slash == std::string::npos)
      return fail(ec::invalid_request,
                  "\"" + text + "\" is not a key; expected TYPE/ID");
    auto name = make_key(std::string_view{text}.substr(0, slash),
                         std::string_view{text}.substr(slash + 1));
    if (!name)
      return std::move(name.error());
    body += body.back() == '[' ? "{\"type\":" : ",{\"type\":";
    append_json_string(body, name->type);
    body += ",\"id\":";
    append_json_string(body, name->id);
    body += '}';
  }
  return body + "]}";
}

// Prints the values; says which keys have none.
int print_values(std::string_view reply) {
  auto results = member(object_members(reply), "results");
  if (!results)
    return report(fail(ec::internal, "the reply holds no \"results\""));
  std::string values;
  int code = exit_done;
  for (auto element : array_elements(*results)) {
    auto fields = object_members(element);
    auto text = [&](const char* name) {
      auto raw = member(fields, name);
      return raw ? string_value(*raw).value_or("") : "";
    };
    auto status = integer_value(member(fields, "status").value_or("200"));
    if (status == 200) {
      values += member(fields, "content").value_or("null");
      values += '\n';
      continue;
    }
    auto err = ec_named(text("error"), static_cast<int>(status.value_or(500)));
    auto message = text("message");
    if (message.empty())
      message = name_of(err);
    std::fprintf(stderr, "larder: %s/%s: %s\n", text("type").c_str(),
                 text("id").c_str(), message.c_str());
    code = worse_of(code, exit_code_of(make_error(err)));
  }
  auto printed = print(values);
  return worse_of(code, printed);
}

// What does not fit into one reply is asked for in halves.
int ask(remote& node, const mget_options& o, key_texts keys) {
  auto body = request_body(keys);
  if (!body)
    return report(body.error(), o.json);
  auto reply = node.ask(collection_subjects{}.of(request_op::mget), {}, *body);
  if (!reply && code_of(reply.error()) == ec::too_large && keys.size() > 1) {
    auto half = keys.size() / 2;
    auto first = ask(node, o, keys.first(half));
    auto second = ask(node, o, keys.subspan(half));
    return worse_of(first, second);
  }
  if (!reply)
    return report(reply.error(), o.json);
  if (o.json)
    return print_line(std::string{reply->data()});
  if (auto ok = check_json_object(reply->data(), max_depth); !ok)
    return report(fail(ec::internal, "the node's reply is not JSON"));
  return print_values(reply->data());
}

int mget(mget_options& o) {
  if (o.keys.empty())
    for (std::string line; std::getline(std::cin, line);)
      if (!line.empty())
        o.keys.push_back(line);
  if (auto body = request_body(o.keys); !body)
    return report(body.error(), o.json);
  auto node = remote::open(o);
  if (!node)
    return report(node.error(), o.json);
  int code = exit_done;
  key_texts keys{o.keys};
  for (std::size_t at = 0; at < keys.size(); at += most_keys) {
    auto some = keys.subspan(at, std::min(most_keys, keys.size() - at));
    code = worse_of(code, ask(*node, o, some));
  }
  return code;
}

}  // namespace

void add_mget(command_line& to) {
  auto o = std::make_shared<mget_options>();
  auto mget_command =
      to.add("mget", "Print many templates, one after the other.", "Templates");
  mget_command
      .rest("TYPE/ID", o->keys, "keys; none: one a line from standard input")
      .example("  larder mget framework/phoenix language/rust\n"
               "  larder list framework | sed s,^,framework/, | larder mget")
      .action([o] { return mget(*o); });
  add_client_options(mget_command, *o);
}

}  // namespace larder::cli
