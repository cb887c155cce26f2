#include "node/control.hpp"

#include "actors/warm_up.hpp"
#include "node/json_body.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <utility>

namespace larder {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using std::chrono::milliseconds;

constexpr milliseconds patience{1'000};

template <class T>
caf::expected<std::optional<T>> field(const json& request, const char* name,
                                      bool (json::*is)() const noexcept,
                                      const char* expected) {
  auto i = request.find(name);
  if (i == request.end() || i->is_null())
    return std::optional<T>{};
  if (!((*i).*is)())
    return fail(ec::invalid_request, "\"" + std::string{name} + "\" is "
                                         + i->dump() + "; expected "
                                         + expected);
  return std::optional<T>{i->template get<T>()};
}

void answer_ok(const call_ptr& c, const std::string& node,
               const ordered_json& body, bool more) {
  ordered_json full{{"node", node}, {"ok", true}};
  full.update(body);
  c->answer(c, {.body = full.dump(), .more = more});
}

void answer_error(const call_ptr& c, const std::string& node,
                  const caf::error& why) {
  c->answer(c, {.body = with_node(node, error_body(why)), .failure = why});
}

}  // namespace

control_actor::behavior_type control(control_state::pointer self,
                                     control_context context) {
  self->state.start(std::move(context));
  return {[self](call_ptr& c) { self->state.serve(std::move(c)); }};
}

void control_state::start(control_context context) {
  context_ = std::move(context);
  view_ = std::make_unique<read_view>(context_.memory);
}

control_state::operation control_state::find(std::string_view name) {
  struct row {
    std::string_view name;
    operation run;
  };
  static constexpr std::array<row, 14> table{{
      {"ping", &control_state::ping},
      {"stats", &control_state::stats},
      {"info", &control_state::info},
      {"warm", &control_state::warm},
      {"clear", &control_state::clear},
      {"held", &control_state::held},
      {"truth", &control_state::truth},
      {"packages-check", &control_state::packages_check},
      {"packages-backup", &control_state::packages_backup},
      {"explain", &control_state::later},
      {"top", &control_state::later},
      {"drain", &control_state::later},
      {"reload", &control_state::later},
      {"log-level", &control_state::later},
  }};
  for (auto& r : table)
    if (r.name == name)
      return r.run;
  return nullptr;
}

void control_state::serve(call_ptr c) {
  if (c->control.starts_with("$SRV."))
    return service(std::move(c));
  auto run = find(c->control);
  if (run == nullptr)
    return refuse(
        c, fail(ec::invalid_request,
                "there is no operation \"" + c->control
                    + "\"; expected ping, stats, info, warm, clear, held, "
                      "truth, packages-check or packages-backup"));
  json request = json::object();
  auto body = c->message.data();
  if (body.find_first_not_of(" \t\r\n") != std::string_view::npos) {
    auto parsed = object_in(body, context_.settings.limits);
    if (!parsed)
      return refuse(c, parsed.error());
    request = std::move(*parsed);
  }
  (this->*run)(std::move(c), request);
}

// -- operations --------------------------------------------------------------

void control_state::ping(call_ptr c, const json&) {
  with_statistics(c, [this, c](const node_statistics& s) {
    answer(c, {{"applied", s.coherence.applied}, {"ready", context_.ready()}});
  });
}

void control_state::stats(call_ptr c, const json&) {
  with_statistics(c, [this, c](const node_statistics& s) {
    answer(c, ordered_json::parse(to_json(s)));
  });
}

void control_state::info(call_ptr c, const json&) {
  with_statistics(c, [this, c](const node_statistics& s) {
    auto& set = context_.settings;
    auto up = std::chrono::duration_cast<milliseconds>(self_->clock().now()
                                                       - context_.started_at);
    answer(c, {{"version", LARDER_VERSION},
               {"cluster", set.node.cluster},
               {"started", context_.started},
               {"uptime_ms", up.count()},
               {"ready", context_.ready()},
               {"entries", s.shards.entries},
               {"bytes", s.shards.bytes},
               {"max_entries", set.memory.max_entries},
               {"max_bytes", set.memory.max_bytes},
               {"fence_age_ms", s.coherence.fence_age_ms},
               {"applied", s.coherence.applied},
               {"epoch", s.coherence.epoch},
               {"bucket", set.bucket.name},
               {"stream", set.coherence.stream},
               {"source_of_truth", context_.truth},
               {"alone", context_.memory->freshness->others_until
                             < nanoseconds_of(self_->clock().now())},
               {"caching", set.caching}});
  });
}

void control_state::warm(call_ptr c, const json& request) {
  auto type = field<std::string>(request, "type", &json::is_string, "text");
  if (!type)
    return refuse(c, type.error());
  auto limit = field<std::uint64_t>(request, "limit", &json::is_number_unsigned,
                                    "a whole number");
  if (!limit)
    return refuse(c, limit.error());
  warm_up_job job;
  job.memory = context_.memory;
  job.shards = context_.shards;
  job.warm = context_.warm;
  job.shared_contents = context_.shared_contents;
  job.cold = context_.cold;
  job.type = *type;
  job.limit = limit->value_or(context_.settings.memory.max_entries);
  // Called by the warm-up actor, which may outlive this one.
  job.progress = [id = context_.node_id, c](std::uint64_t read, bool done,
                                            const caf::error& why) {
    if (why)
      return answer_error(c, id, why);
    answer_ok(c, id, {{"warmed", read}, {"done", done}}, !done);
  };
  self_->spawn(warm_up, std::move(job));
}

void control_state::clear(call_ptr c, const json& request) {
  auto type = field<std::string>(request, "type", &json::is_string, "text");
  if (!type)
    return refuse(c, type.error());
  bool memory = true;
  bool jetstream = true;
  if (auto tiers = request.find("tiers"); tiers != request.end()) {
    memory = jetstream = false;
    if (!tiers->is_array())
      return refuse(c, fail(ec::invalid_request,
                            "\"tiers\" is no list; expected [\"memory\", "
                            "\"jetstream\"]"));
    for (auto& one : *tiers) {
      if (one == "memory")
        memory = true;
      else if (one == "jetstream")
        jetstream = true;
      else
        return refuse(c, fail(ec::invalid_request,
                              "a tier is " + one.dump()
                                  + "; expected \"memory\" or \"jetstream\""));
    }
  }
  struct clearing {
    std::size_t outstanding;
    std::uint64_t dropped = 0;
    caf::error failure;
  };
  auto all = std::make_shared<clearing>(clearing{
      (memory ? context_.shards.size() : 0) + (jetstream ? 1 : 0) + 1, 0, {}});
  auto part = [this, c, all, jetstream] {
    if (--all->outstanding > 0)
      return;
    if (all->failure)
      return refuse(c, all->failure);
    answer(c, {{"memory", all->dropped}, {"jetstream", jetstream}});
  };
  auto failed = [all, part](const caf::error& why) {
    all->failure = why;
    part();
  };
  // JetStream first: a shard that was emptied before could be filled from what
  // is about to go.
  auto clear_memory = [this, type = *type, all, part, failed] {
    for (auto& shard : context_.shards)
      self_->request(shard, patience, clear_atom::value, type)
          .then(
              [all, part](std::uint64_t n) {
                all->dropped += n;
                part();
              },
              failed);
  };
  if (!jetstream) {
    if (memory)
      clear_memory();
    return part();
  }
  self_->request(context_.warm, patience, clear_atom::value, *type)
      .then(
          [memory, clear_memory, part](done_atom) {
            if (memory)
              clear_memory();
            part();
          },
          [all, part, memory, clear_memory](const caf::error& why) {
            all->failure = why;
            if (memory)
              clear_memory();
            part();
          });
  part();
}

void control_state::later(call_ptr c, const json&) {
  refuse(c, fail(ec::not_supported,
                 "\"" + c->control
                     + "\" is not built into this release of the node"));
}

// -- the service protocol (ADR-32) -------------------------------------------

void control_state::service(call_ptr c) {
  std::string_view verb{c->control};
  verb.remove_prefix(5);
  verb = verb.substr(0, verb.find('.'));
  ordered_json body{
      {"type", ""},
      {"name", "larder"},
      {"id", context_.node_id},
      {"version", LARDER_VERSION},
      {"metadata", {{"cluster", context_.settings.node.cluster}}}};
  auto send = [c](const ordered_json& b) { c->answer(c, {.body = b.dump()}); };
  ordered_json endpoint{{"name", "template"},
                        {"subject", "template.>"},
                        {"queue_group", "larder"}};
  if (verb == "PING") {
    body["type"] = "io.nats.micro.v1.ping_response";
    return send(body);
  }
  if (verb == "INFO") {
    body["type"] = "io.nats.micro.v1.info_response";
    body["description"] =
        std::string{"Larder: templates through memory, JetStream and "}
        + (context_.settings.postgres.url.empty() ? "an embedded store"
                                                  : "PostgreSQL");
    body["endpoints"] = ordered_json::array({endpoint});
    return send(body);
  }
  if (verb != "STATS")
    return refuse(c, fail(ec::invalid_request,
                          "expected $SRV.PING, $SRV.INFO or $SRV.STATS"));
  with_statistics(
      c, [this, body, endpoint, send](const node_statistics& s) mutable {
        std::uint64_t errors = 0;
        for (auto n : s.errors)
          errors += n;
        body["type"] = "io.nats.micro.v1.stats_response";
        body["started"] = context_.started;
        endpoint["num_requests"] = s.requests;
        endpoint["num_errors"] = errors;
        endpoint["last_error"] = "";
        auto ns = s.slow_us * 1'000;
        endpoint["processing_time"] = ns;
        endpoint["average_processing_time"] = s.requests ? ns / s.requests : 0;
        endpoint["data"] = ordered_json::parse(to_json(s));
        body["endpoints"] = ordered_json::array({endpoint});
        send(body);
      });
}

// -- answers -----------------------------------------------------------------

void control_state::with_statistics(
    call_ptr c, std::function<void(const node_statistics&)> then) {
  self_->request(context_.statistics, patience, stats_atom::value)
      .then([then](const node_statistics& s) { then(s); },
            [this, c](const caf::error& why) { refuse(c, why); });
}

void control_state::answer(const call_ptr& c, const ordered_json& body) {
  answer_ok(c, context_.node_id, body, false);
}

void control_state::refuse(const call_ptr& c, const caf::error& why) {
  answer_error(c, context_.node_id, why);
}

}  // namespace larder
