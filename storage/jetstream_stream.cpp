// ensure_stream of jetstream_api.hpp: find a stream, make it, or adopt it as it
// is and say how it differs.
#include "storage/error.hpp"
#include "storage/jetstream_api.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace larder::nats {

namespace {

using nlohmann::json;
using on_facts = std::function<void(caf::expected<stream_facts>)>;

// A bucket smaller than this is not worth having.
constexpr std::uint64_t least_bytes = 1 << 20;

std::int64_t nanoseconds_of(milliseconds d) {
  return std::chrono::nanoseconds{d}.count();
}

// What `nats kv add` and nats.js write for a bucket, and a plain stream else.
json config_of(const stream_wish& w, std::uint32_t replicas) {
  auto window = w.duplicate_window;
  if (w.max_age.count() > 0)
    window = std::min(window, w.max_age);  // the server refuses a longer one
  json out{
      {"name", w.name},
      {"subjects", w.subjects},
      {"retention", "limits"},
      {"max_consumers", -1},
      {"max_msgs", -1},
      {"max_msgs_per_subject",
       w.max_per_subject > 0 ? static_cast<std::int64_t>(w.max_per_subject)
                             : -1},
      {"max_bytes",
       w.max_bytes > 0 ? static_cast<std::int64_t>(w.max_bytes) : -1},
      {"max_age", nanoseconds_of(w.max_age)},
      {"max_msg_size", -1},
      {"storage", w.storage},
      {"discard", w.discard_new ? "new" : "old"},
      {"num_replicas", replicas},
      {"duplicate_window", nanoseconds_of(window)},
      {"allow_direct", true},
  };
  if (w.key_value) {
    out["allow_rollup_hdrs"] = true;
    out["deny_delete"] = true;
  }
  return out;
}

// One ensure_stream in progress; keeps itself alive through its completions.
class ensuring : public std::enable_shared_from_this<ensuring> {
 public:
  ensuring(std::shared_ptr<client> on, stream_wish wish, milliseconds timeout,
           on_facts done)
      : on_(std::move(on)), wish_(std::move(wish)), timeout_(timeout),
        done_(std::move(done)), replicas_(std::max(1u, wish_.replicas)) {}

  void find() {
    ask("STREAM.INFO." + wish_.name, "", [](ensuring& self, js_reply r) {
      if (r.err_code == 0)
        return self.adopt(r.body, false);
      if (r.err_code == js::stream_not_found)
        return self.make();
      self.give_up("cannot look at", r);
    });
  }

 private:
  void ask(const std::string& subject, const std::string& body,
           std::function<void(ensuring&, js_reply)> then) {
    js_request(*on_, subject, body, timeout_,
               [self = shared_from_this(),
                then = std::move(then)](caf::expected<js_reply> r) {
                 if (!r)
                   return self->done_(r.error());
                 try {
                   then(*self, std::move(*r));
                 } catch (const json::exception& e) {
                   self->done_(fail(ec::unavailable,
                                    "JetStream described stream "
                                        + self->wish_.name
                                        + " in an unknown way: " + e.what()));
                 }
               });
  }

  void give_up(const char* what, const js_reply& r) {
    done_(fail(ec::unavailable, std::string{what} + " JetStream stream "
                                    + wish_.name + ": " + r.description + " ("
                                    + std::to_string(r.err_code) + ")"));
  }

  void make() {
    ask("STREAM.CREATE." + wish_.name, config_of(wish_, replicas_).dump(),
        [](ensuring& self, js_reply r) {
          switch (r.err_code) {
          case 0:
            return self.adopt(r.body, true);
          case js::stream_name_in_use:
            // Another node was faster.
            if (self.tries_++ < 3)
              return self.find();
            return self.give_up("cannot make", r);
          case js::replicas_not_supported:
          case js::no_suitable_peers:
            if (self.replicas_ > 1) {
              --self.replicas_;
              return self.make();
            }
            return self.give_up("cannot make", r);
          case js::account_resources_exceeded:
          case js::insufficient_resources:
          case js::memory_exceeded:
          case js::storage_exceeded:
            // The server reserves max_bytes; take what it has.
            if (self.wish_.max_bytes / 2 >= least_bytes) {
              self.wish_.max_bytes /= 2;
              self.smaller_ = true;
              return self.make();
            }
            return self.give_up("cannot make", r);
          case js::subjects_overlap:
            return self.name_the_other(0);
          default:
            return self.give_up("cannot make", r);
          }
        });
  }

  // Which stream has one of our subjects already?
  void name_the_other(std::size_t i) {
    if (i == wish_.subjects.size())
      return done_(fail(ec::unavailable,
                        "another JetStream stream has one of the subjects of "
                            + wish_.name + "; remove it or its subjects"));
    ask("STREAM.NAMES", json{{"subject", wish_.subjects[i]}}.dump(),
        [i](ensuring& self, js_reply r) {
          auto body = json::parse(r.body, nullptr, false);
          auto names =
              body.is_object() ? body.value("streams", json{}) : json{};
          if (!names.is_array() || names.empty())
            return self.name_the_other(i + 1);
          self.done_(fail(ec::unavailable,
                          "JetStream stream " + names[0].get<std::string>()
                              + " already has the subject "
                              + self.wish_.subjects[i] + ", which stream "
                              + self.wish_.name
                              + " needs; remove it there or rename ours"));
        });
  }

  void adopt(const std::string& body, bool made) {
    auto info = json::parse(body);
    const auto& config = info.at("config");
    const auto& state = info.at("state");
    stream_facts out;
    out.made = made;
    out.allow_direct = config.value("allow_direct", false);
    out.created = parse_time(info.value("created", std::string{}));
    out.first_sequence = state.value("first_seq", std::uint64_t{0});
    out.last_sequence = state.value("last_seq", std::uint64_t{0});
    auto subjects = config.value("subjects", std::vector<std::string>{});
    auto lacks = [&](const std::string& s) {
      return std::find(subjects.begin(), subjects.end(), s) == subjects.end();
    };
    if (!made && std::any_of(wish_.added.begin(), wish_.added.end(), lacks)
        && !std::exchange(extended_, true))
      return extend(config, std::move(subjects));
    for (const auto& s : wish_.subjects)
      if (lacks(s))
        return done_(fail(ec::unavailable,
                          "JetStream stream " + wish_.name
                              + " exists without the subject " + s
                              + "; add it there, or configure another name"));
    if (made && replicas_ < wish_.replicas)
      spdlog::warn("jetstream: stream {} has {} of {} replicas, the servers "
                   "hold no more",
                   wish_.name, replicas_, wish_.replicas);
    if (made && smaller_)
      spdlog::warn("jetstream: stream {} is limited to {} bytes, the server "
                   "has room for no more",
                   wish_.name, wish_.max_bytes);
    if (made)
      spdlog::info("jetstream: made stream {}", wish_.name);
    else
      say_differences(config);
    done_(out);
  }

  // An update takes the whole configuration: what it is, and the subjects.
  void extend(json config, std::vector<std::string> subjects) {
    for (const auto& s : wish_.added)
      if (std::find(subjects.begin(), subjects.end(), s) == subjects.end())
        subjects.push_back(s);
    config["subjects"] = std::move(subjects);
    ask("STREAM.UPDATE." + wish_.name, config.dump(),
        [](ensuring& self, js_reply r) {
          if (r.err_code == js::subjects_overlap)
            return self.name_the_other(0);
          // Another node may have been faster, or may not be allowed to.
          if (r.err_code == 0)
            spdlog::info("jetstream: stream {} captures more subjects now",
                         self.wish_.name);
          self.find();
        });
  }

  void say_differences(const json& config) {
    auto wanted = config_of(wish_, replicas_);
    std::string differences;
    for (const auto& [name, want] : wanted.items()) {
      if (name == "subjects" || name == "name")
        continue;
      auto i = config.find(name);
      auto is = i == config.end() ? json(false) : *i;
      if (is == want)
        continue;
      differences += differences.empty() ? "" : ", ";
      differences +=
          name + " is " + is.dump() + " (configured " + want.dump() + ")";
    }
    if (!differences.empty())
      spdlog::warn("jetstream: stream {} is used as it is: {}", wish_.name,
                   differences);
  }

  std::shared_ptr<client> on_;
  stream_wish wish_;
  milliseconds timeout_;
  on_facts done_;
  std::uint32_t replicas_;
  bool smaller_ = false;
  bool extended_ = false;
  int tries_ = 0;
};

}  // namespace

void ensure_stream(std::shared_ptr<client> on, stream_wish wish,
                   milliseconds timeout, on_facts done) {
  std::make_shared<ensuring>(std::move(on), std::move(wish), timeout,
                             std::move(done))
      ->find();
}

}  // namespace larder::nats
