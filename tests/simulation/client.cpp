#include "tests/simulation/client.hpp"

namespace larder::simulation {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 3s;
constexpr auto fastest = 50us;
constexpr auto slowest = 2ms;
constexpr std::size_t none = static_cast<std::size_t>(-1);

}  // namespace

void client::start() {
  current_ = none;
  auto& w = cluster_.world;
  w.after(w.random().between(habits_.shortest_pause, habits_.longest_pause),
          [this] { next(); });
}

void client::next() {
  if (stopped_)
    return;
  auto& w = cluster_.world;
  auto& r = w.random();
  auto op = history_.size();
  auto& o = history_.emplace_back();
  o.client = habits_.number;
  o.node = static_cast<std::uint32_t>(r.below(nodes_.size()));
  // Some keys are dearer than others.
  o.key = cluster_.keys[r.below(1 + r.below(cluster_.keys.size()))];
  o.began = w.now();
  auto writes = r.chance(habits_.writes);
  auto removes = r.chance(habits_.removals);
  auto conditional = r.chance(habits_.conditional);
  o.allow_stale = !r.chance(habits_.refuses_stale);
  o.action = writes ? action::write : removes ? action::remove : action::read;
  auto seen = seen_.find(o.key);
  if (o.action == action::write)
    o.content =
        std::to_string(habits_.number) + "." + std::to_string(++written_);
  if (o.action != action::read && conditional && seen != seen_.end())
    o.expected_revision = seen->second;
  if (habits_.session && seen != seen_.end())
    o.min_revision = seen->second;
  current_ = op;
  send(op, [this, op](simulated_node& node) {
    if (history_[op].action == action::read)
      read(op, node);
    else
      write(op, node);
  });
  w.after(patience, [this, op] {
    if (current_ == op)
      end(op, ec::deadline_exceeded);
  });
}

void client::send(std::size_t op, std::function<void(simulated_node&)> what) {
  auto& w = cluster_.world;
  auto there = w.random().between(fastest, slowest);
  w.after(there, [this, op, what = std::move(what)] {
    auto node = nodes_[history_[op].node];
    if (!node)
      return;
    cluster_.world.after_in(node->process(), 0ns,
                            [node, what] { what(*node); });
  });
}

void client::read(std::size_t op, simulated_node& node) {
  auto& o = history_[op];
  read_options options;
  options.min_revision = o.min_revision;
  options.allow_stale = o.allow_stale;
  node.get(o.key, options, [this, op](caf::expected<answer> got) {
    auto& w = cluster_.world;
    auto back = w.random().between(fastest, slowest);
    w.after(back, [this, op, got = std::move(got)] { answered(op, got); });
  });
}

void client::write(std::size_t op, simulated_node& node) {
  auto& o = history_[op];
  write_request request;
  request.key = o.key;
  if (o.action == action::write)
    request.content = o.content;
  request.expected_revision = o.expected_revision;
  node.write(std::move(request), [this, op](caf::expected<version_info> got) {
    auto& w = cluster_.world;
    auto back = w.random().between(fastest, slowest);
    w.after(back, [this, op, got] { acknowledged(op, got); });
  });
}

void client::answered(std::size_t op, caf::expected<answer> got) {
  if (current_ != op)
    return;
  auto& o = history_[op];
  o.answered = true;
  if (!got)
    return end(op, code_of(got.error()));
  o.revision = got->value->revision();
  o.value.emplace(got->value->content());
  o.stale = got->stale;
  o.tier = name_of(got->tier);
  auto& seen = seen_[o.key];
  seen = std::max(seen, o.revision);
  end(op, ec::none);
}

void client::acknowledged(std::size_t op, caf::expected<version_info> got) {
  if (current_ != op)
    return;
  auto& o = history_[op];
  o.answered = true;
  if (!got)
    return end(op, code_of(got.error()));
  o.revision = got->revision;
  auto& seen = seen_[o.key];
  seen = std::max(seen, o.revision);
  end(op, ec::none);
}

void client::end(std::size_t op, ec failure) {
  auto& w = cluster_.world;
  auto& o = history_[op];
  current_ = none;
  o.ended = w.now();
  o.failure = failure;
  // What was seen is not the current revision, or of a history that a restore
  // has ended: begin again.
  if (failure == ec::revision_conflict)
    seen_.erase(o.key);
  const char* verb = o.action == action::read    ? "read "
                     : o.action == action::write ? "write "
                                                 : "remove ";
  auto line = "client " + std::to_string(o.client) + " node "
              + std::to_string(o.node) + ": " + verb + o.key.id;
  if (o.min_revision)
    line += " min " + std::to_string(o.min_revision);
  line += failure == ec::none
              ? " = revision " + std::to_string(o.revision)
                    + (o.action == action::read ? " " + *o.value + " " + o.tier
                                                : " " + o.content)
                    + (o.stale ? " stale" : "")
              : ": " + std::string{name_of(failure)};
  w.note(line);
  if (!stopped_)
    w.after(w.random().between(habits_.shortest_pause, habits_.longest_pause),
            [this] { next(); });
}

}  // namespace larder::simulation
