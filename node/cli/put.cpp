#include "cluster/subjects.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/exit_code.hpp"
#include "node/cli/output.hpp"
#include "node/cli/remote.hpp"
#include "storage/error.hpp"
#include "storage/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace larder::cli {

namespace {

struct write_options : client_options {
  std::string type;
  std::string id;
  std::string file = "-";
  std::optional<std::int64_t> expect_revision;
  std::optional<std::string> metadata;
  std::vector<std::string> tags;
};

caf::expected<std::string> content_of(const std::string& path) {
  auto* from = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (from == nullptr)
    return fail(ec::invalid_request,
                "cannot read " + path + ": " + std::strerror(errno));
  std::string content;
  char block[1 << 16];
  errno = 0;
  while (auto size = std::fread(block, 1, sizeof block, from))
    content.append(block, size);
  auto broken = std::ferror(from) != 0;
  auto why = errno;
  if (from != stdin)
    std::fclose(from);
  if (broken)
    return fail(ec::invalid_request,
                "cannot read " + path + ": " + std::strerror(why));
  return content;
}

// A header is one line; in JSON a line break is only ever a space.
caf::expected<std::string> header_line(std::string json) {
  if (auto ok = check_json_object(json, 64); !ok)
    return fail(ec::invalid_request, "--metadata: " + message_of(ok.error()));
  std::replace(json.begin(), json.end(), '\n', ' ');
  std::replace(json.begin(), json.end(), '\r', ' ');
  return json;
}

caf::expected<nats::headers> request_headers(const write_options& o) {
  nats::headers lines;
  if (o.expect_revision)
    lines.push_back(
        {"Larder-Expect-Revision", std::to_string(*o.expect_revision)});
  if (o.metadata) {
    auto line = header_line(*o.metadata);
    if (!line)
      return std::move(line.error());
    lines.push_back({"Larder-Metadata", std::move(*line)});
  }
  std::string tags;
  for (auto& tag : o.tags)
    tags += (tags.empty() ? "" : ",") + tag;
  if (!tags.empty())
    lines.push_back({"Larder-Tags", std::move(tags)});
  return lines;
}

// "put framework/phoenix: revision 12, version 3"
void say(const char* what, const write_options& o, std::string_view reply) {
  auto body = nlohmann::json::parse(reply, nullptr, false);
  auto text = std::string{what} + " " + o.type + "/" + o.id;
  if (body.is_object() && body.contains("revision"))
    text += ": revision " + body["revision"].dump();
  if (body.is_object() && body.contains("version"))
    text += ", version " + body["version"].dump();
  std::fprintf(stderr, "%s\n", text.c_str());
}

int write(request_op op, const char* what, const write_options& o) {
  auto name = make_key(o.type, o.id);
  if (!name)
    return report(name.error(), o.json);
  auto lines = request_headers(o);
  if (!lines)
    return report(lines.error(), o.json);
  std::string content;
  if (op == request_op::put) {
    auto read = content_of(o.file);
    if (!read)
      return report(read.error(), o.json);
    content = std::move(*read);
  }
  auto node = remote::open(o);
  if (!node)
    return report(node.error(), o.json);
  auto reply = node->ask(collection_subjects{}.of(op, *name), *lines, content);
  if (!reply)
    return report(reply.error(), o.json);
  if (o.json)
    return print_line(std::string{reply->data()});
  say(what, o, reply->data());
  return exit_done;
}

}  // namespace

void add_put(command_line& to) {
  auto o = std::make_shared<write_options>();
  auto put = to.add("put", "Store a template.", "Templates");
  put.required("TYPE", o->type, "type, for example framework")
      .required("ID", o->id, "id within the type")
      .optional("FILE", o->file, "a JSON object; - or nothing: standard input")
      .option("--expect-revision", o->expect_revision,
              "only if this revision is current; 0: only if there is none")
      .option("--metadata", o->metadata, "a JSON object kept beside the value")
      .option("--tags", o->tags, "tags, with commas between them")
      .example("  larder put framework phoenix phoenix.json --tags elixir,web\n"
               "  jq .template all.json | larder put framework phoenix -")
      .action([o] { return write(request_op::put, "put", *o); });
  add_client_options(put, *o);
}

void add_delete(command_line& to) {
  auto o = std::make_shared<write_options>();
  auto remove = to.add("delete", "Delete a template.", "Templates");
  remove.required("TYPE", o->type, "type, for example framework")
      .required("ID", o->id, "id within the type")
      .option("--expect-revision", o->expect_revision,
              "only if this revision is current")
      .example("  larder delete framework phoenix")
      .action([o] { return write(request_op::remove, "deleted", *o); });
  add_client_options(remove, *o);
}

}  // namespace larder::cli
