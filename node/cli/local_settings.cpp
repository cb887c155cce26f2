#include "node/cli/local_settings.hpp"

#include "config/load.hpp"
#include "storage/error.hpp"

#include <utility>

namespace larder::cli {

namespace {

caf::expected<config::sources> sources_of(const local_options& o) {
  config::sources from;
  from.file = o.file;
  from.env = config::process_environment();
  for (auto& text : o.set) {
    auto equals = text.find('=');
    if (equals == std::string::npos)
      return fail(ec::configuration,
                  "--set " + text + ": expected SECTION.KEY=VALUE");
    from.flags.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  if (o.nats_url)
    from.flags.emplace_back("nats.url", *o.nats_url);
  return from;
}

}  // namespace

void add_settings_options(command& to, local_options& o) {
  to.option("--config,-c", o.file, "settings file (YAML)")
      .repeated("--set", o.set, "SECTION.KEY=VALUE, over file and environment")
      .option("--nats-url", o.nats_url, "the same as --set nats.url=URL");
}

caf::expected<config::settings> settings_of(const local_options& o) {
  auto from = sources_of(o);
  if (!from)
    return std::move(from.error());
  auto settings = config::load(*from);
  if (!settings)
    return fail(ec::configuration, settings.error().message);
  return std::move(*settings);
}

}  // namespace larder::cli
