#include "tests/support/wire.hpp"

#include <algorithm>

namespace larder::test {

wire::wire(world& w, process where, std::string name)
    : state_(std::make_shared<state>()) {
  state_->w = &w;
  state_->where = where;
  state_->name = std::move(name) + " " + std::to_string(where.node);
  on_end([weak = std::weak_ptr{state_}] {
    if (auto s = weak.lock()) {
      s->open_calls.clear();
      s->on_disconnect.clear();
    }
  });
}

void wire::note(const state_ptr& s, std::string_view what) {
  s->w->note(s->name + ": " + std::string{what});
}

void wire::disconnect() {
  auto s = state_;
  if (!s->connected)
    return;
  s->connected = false;
  s->silent = false;
  s->held.clear();
  ++s->connection;
  note(s, "disconnected");
  while (!s->open_calls.empty()) {
    auto failed = std::move(s->open_calls.begin()->second);
    s->open_calls.erase(s->open_calls.begin());
    s->w->after_in(s->where, 0ns, [failed = std::move(failed)] {
      failed(fail(ec::unavailable, "connection lost; the outcome is unknown"));
    });
  }
  for (auto& f : s->on_disconnect)
    s->w->after_in(s->where, 0ns, f);
}

void wire::reconnect() {
  if (state_->connected)
    return;
  state_->connected = true;
  note(state_, "connected");
}

void wire::silence(bool on) {
  auto s = state_;
  if (!s->connected || s->silent == on)
    return;
  s->silent = on;
  note(s, on ? "silent" : "heard again");
  if (on)
    return;
  // Here and now: what arrives later must not overtake it.
  for (auto& f : std::exchange(s->held, {}))
    f();
}

void wire::on_disconnect(std::function<void()> f) {
  state_->on_disconnect.push_back(std::move(f));
}

void wire::on_end(std::function<void()> f) {
  state_->w->on_end(state_->where, std::move(f));
}

std::uint64_t wire::begin(const std::string& what, world::duration timeout,
                          std::function<void(caf::error)> failed) {
  auto s = state_;
  if (!s->w->alive(s->where))
    return 0;
  if (!s->connected) {
    note(s, what + ": not connected");
    s->w->after_in(s->where, 0ns, [failed = std::move(failed)] {
      failed(fail(ec::unavailable, "not connected"));
    });
    return 0;
  }
  auto id = ++s->last_call;
  s->open_calls.emplace(id, std::move(failed));
  s->w->after_in(s->where, timeout, [s, id, what] {
    auto i = s->open_calls.find(id);
    if (i == s->open_calls.end())
      return;
    auto f = std::move(i->second);
    s->open_calls.erase(i);
    note(s, what + ": no answer in time");
    f(fail(ec::deadline_exceeded, "no answer in time; the outcome is unknown"));
  });
  return id;
}

bool wire::end(const state_ptr& s, std::uint64_t id) {
  return s->open_calls.erase(id) > 0;
}

wire::fate wire::draw() {
  auto& r = state_->w->random();
  auto& c = state_->conditions;
  // One statement each: the order of draws is part of the history.
  fate result;
  result.lose_request = r.chance(c.lose_request);
  result.lose_reply = r.chance(c.lose_reply);
  result.refuse = r.chance(c.refuse);
  return result;
}

world::duration wire::delay(const state_ptr& s) {
  auto& r = s->w->random();
  auto& c = s->conditions;
  auto slow = r.chance(c.slow);
  return r.between(c.fastest, slow ? c.slowest_of_all : c.slowest);
}

void wire::arrive(const state_ptr& s, std::uint64_t connection,
                  std::function<void()> f) {
  if (s->connection != connection)
    return;
  if (s->silent)
    s->held.push_back([s, connection, f] { arrive(s, connection, f); });
  else
    f();
}

void wire::to_server(const state_ptr& s, std::function<void()> f) {
  // A request that has left arrives although its sender has died since, or has
  // lost the connection: the bytes are in the network.
  s->w->after(delay(s), [s, f = std::move(f)] {
    if (s->silent)
      s->held.push_back(f);
    else
      f();
  });
}

void wire::to_process(const state_ptr& s, bool in_order,
                      std::function<void()> f) {
  if (!s->connected)
    return;
  auto due = s->w->now() + delay(s);
  if (in_order)
    due = s->last_streamed = std::max(due, s->last_streamed);
  // The silence is on the way, so it is judged outside the process: what
  // reached a frozen process before the silence began has reached it.
  s->w->after(due - s->w->now(), [s, c = s->connection, f = std::move(f)] {
    arrive(s, c, [s, c, f] {
      s->w->after_in(s->where, 0ns, [s, c, f] {
        if (s->connection == c)
          f();
      });
    });
  });
}

void wire::tell(std::function<void()> at_server) {
  auto s = state_;
  if (!s->connected || !s->w->alive(s->where))
    return;
  if (draw().lose_request)
    return;
  to_server(s, std::move(at_server));
}

void wire::stream(std::function<void()> in_process) {
  to_process(state_, true, std::move(in_process));
}

}  // namespace larder::test
