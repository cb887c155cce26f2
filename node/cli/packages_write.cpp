#include "node/cli/exit_code.hpp"
#include "node/cli/input.hpp"
#include "node/cli/output.hpp"
#include "node/cli/packages.hpp"

#include <cstdio>
#include <memory>

namespace larder::cli {

namespace {

using nlohmann::json;

struct write_options : client_options {
  std::string file = "-";
  package_choice package;
};

int say_written(const nats::message& reply, const char* what, bool as_json) {
  if (as_json)
    return print_line(std::string{reply.data()});
  auto body = json::parse(reply.data(), nullptr, false);
  if (body.is_object())
    std::fprintf(
        stderr, "%s %s %s %s\n", what, body.value("ecosystem", "").c_str(),
        body.value("name", "").c_str(), body.value("version", "").c_str());
  return exit_done;
}

int store(const write_options& o) {
  auto document = read_input(o.file);
  if (!document)
    return report(document.error(), o.json);
  auto reply = ask_packages(o, package_op::store, *document);
  if (!reply)
    return report(reply.error(), o.json);
  return say_written(*reply, "stored", o.json);
}

int remove(const write_options& o) {
  auto body = chosen(o.package);
  if (!body)
    return report(body.error(), o.json);
  auto reply = ask_packages(o, package_op::remove, text_of(*body));
  if (!reply)
    return report(reply.error(), o.json);
  return say_written(*reply, "deleted", o.json);
}

}  // namespace

void add_packages_write(command& to) {
  auto s = std::make_shared<write_options>();
  auto store_command = to.child("store", "Store a package document.");
  store_command
      .optional("FILE", s->file, "a JSON document; - or nothing: stdin")
      .example("  larder packages store package.json")
      .action([s] { return store(*s); });
  add_client_options(store_command, *s);

  auto d = std::make_shared<write_options>();
  auto delete_command =
      to.child("delete", "Delete a package, all versions of it.");
  add_package_choice(delete_command, d->package);
  delete_command.example("  larder packages delete npm left-pad").action([d] {
    return remove(*d);
  });
  add_client_options(delete_command, *d);
}

}  // namespace larder::cli
