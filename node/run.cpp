// `larder node` as a process: the schema, the signals, the way out.
#include "node/node.hpp"

#include "config/redact.hpp"
#include "config/reload.hpp"
#include "node/cli/exit_code.hpp"
#include "node/logging.hpp"
#include "storage/error.hpp"
#include "storage/migrations.hpp"

#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <utility>

namespace larder {

namespace {

using std::chrono::milliseconds;

/// The signals that run_node waits for; blocked in every thread.
sigset_t waited_for() {
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&set, s);
  return set;
}

/// The next signal, or 0 after `longest`.
int wait_for_signal(milliseconds longest) {
  auto set = waited_for();
  timespec time{longest.count() / 1'000, longest.count() % 1'000 * 1'000'000};
  auto s = sigtimedwait(&set, nullptr, &time);
  return s > 0 ? s : 0;
}

bool ends(int signal) {
  return signal == SIGTERM || signal == SIGINT;
}

int give_up(const caf::error& why) {
  spdlog::error("{}", message_of(why));
  return cli::exit_code_of(why);
}

/// Brings the schema up to date; waits for a server that is away, since it may
/// start at the same time as the node. An exit code, if the node is to leave.
std::optional<int> prepare_schema(const config::settings& settings) {
  bool told = false;
  for (;;) {
    auto done =
        migrate(settings.postgres, {.dry_run = !settings.postgres.migrate});
    if (done && (settings.postgres.migrate || done->pending.empty())) {
      for (auto& name : done->pending)
        spdlog::info("applied migration {}", name);
      return {};
    }
    if (done)
      return give_up(fail(ec::configuration, "the schema misses migration "
                                                 + done->pending.front()
                                                 + ": run `larder migrate`"));
    if (code_of(done.error()) != ec::unavailable)
      return give_up(done.error());
    if (!std::exchange(told, true))
      spdlog::warn("waiting for PostgreSQL: {}", message_of(done.error()));
    // Asked to leave, it leaves as ever: the server may have come meanwhile,
    // and the node be ready.
    if (ends(wait_for_signal(milliseconds{500})))
      return cli::exit_done;
  }
}

void load_settings_again(
    node& running, config::settings& settings,
    const std::function<caf::expected<config::settings>()>& load_again) {
  auto loaded = load_again();
  if (!loaded)
    return spdlog::error("reload: {}; the settings stay as they are",
                         message_of(loaded.error()));
  for (auto& name : config::needs_restart(settings, *loaded))
    spdlog::warn("reload: {} has changed and needs a restart", name);
  for (auto& name : config::reload_applies(settings, *loaded))
    spdlog::info("reload: {} has changed and holds from now on", name);
  auto next = config::after_reload(settings, *loaded);
  if (!next)
    return spdlog::error("reload: {}; the settings stay as they are",
                         next.error().message);
  settings = std::move(*next);
  static_cast<void>(set_log_level(settings.log.level));
  running.reload(settings);
}

}  // namespace

int run_node(config::settings settings,
             std::function<caf::expected<config::settings>()> load_again) {
  std::signal(SIGPIPE, SIG_IGN);
  auto set = waited_for();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  if (auto ok = start_logging(settings.log); !ok)
    return give_up(ok.error());
  // The node first: while it waits for a server it lives, says so, and is not
  // ready.
  auto running = node::start(settings);
  if (!running)
    return give_up(running.error());
  auto code =
      settings.postgres.url.empty() ? std::nullopt : prepare_schema(settings);
  bool settled = false;
  while (!code) {
    if (!settled) {
      auto place = (*running)->settle();
      settled = static_cast<bool>(place);
      if (!settled && code_of(place.error()) == ec::configuration) {
        code = give_up(place.error());
        break;
      }
    }
    // Without NATS nobody can say who else is there.
    auto signal = wait_for_signal(milliseconds{settled ? 60'000 : 500});
    if (signal == SIGHUP)
      load_settings_again(**running, settings, load_again);
    else if (ends(signal))
      break;
  }
  if (code) {
    if (!(*running)->stop())
      std::_Exit(*code);
    return *code;
  }
  spdlog::info("node {} drains", (*running)->id());
  auto whole = (*running)->stop();
  spdlog::info("node {} left{}", (*running)->id(),
               whole ? "" : ", with a server that did not answer");
  spdlog::shutdown();
  // Threads that wait for a hung server are left to the system.
  if (!whole)
    std::_Exit(cli::exit_done);
  return cli::exit_done;
}

}  // namespace larder
