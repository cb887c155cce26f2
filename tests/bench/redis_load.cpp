// Redis as a client that asks one key at a time meets it, and the bytes it
// needs to keep them.
//
//   larder_bench_redis --socket PATH | --port P  fill N BYTES
//   larder_bench_redis --socket PATH | --port P  get N SECONDS
//
// Keys are named as Larder's: framework.phoenix-0 …
#include "tests/bench/wire.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdio>
#include <random>
#include <string>

namespace {

using namespace larder::bench;

/// A command in Redis' own framing.
std::string command(std::initializer_list<std::string_view> words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (auto word : words)
    text +=
        "$" + std::to_string(word.size()) + "\r\n" + std::string{word} + "\r\n";
  return text;
}

std::string key(std::uint64_t number) {
  return "framework.phoenix-" + std::to_string(number);
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "larder_bench_redis: %s\n", why.c_str());
  std::exit(1);
}

/// Takes one simple or bulk reply; its size.
std::size_t take(wire& from) {
  for (;;) {
    auto in = from.unread();
    auto eol = in.find("\r\n");
    if (eol != std::string_view::npos) {
      long bytes = 0;
      std::from_chars(in.data() + 1, in.data() + eol, bytes);
      if (in[0] == '-' || (in[0] == '$' && bytes < 0))
        give_up("Redis answered " + std::string{in.substr(0, eol)});
      if (in[0] != '$') {
        from.use(eol + 2);
        return 0;
      }
      auto whole = eol + 2 + static_cast<std::size_t>(bytes) + 2;
      if (in.size() >= whole) {
        from.use(whole);
        return static_cast<std::size_t>(bytes);
      }
    }
    if (!from.receive())
      give_up("Redis closed the connection");
  }
}

void fill(wire& to, std::uint64_t keys, std::size_t bytes) {
  std::string value(bytes, 'x');
  constexpr std::uint64_t batch = 500;
  for (std::uint64_t i = 0; i < keys; i += batch) {
    std::string text;
    auto end = std::min(keys, i + batch);
    for (auto k = i; k < end; ++k)
      text += command({"SET", key(k), value});
    to.send(text);
    for (auto k = i; k < end; ++k)
      take(to);
  }
}

void get(wire& to, std::uint64_t keys, double seconds) {
  std::mt19937_64 random{1};
  latencies times;
  auto begin = now();
  auto end = begin + static_cast<std::uint64_t>(seconds * 1e9);
  for (auto at = begin; at < end;) {
    to.send(command({"GET", key(random() % keys)}));
    take(to);
    auto done = now();
    times.add(done - at);
    at = done;
  }
  std::puts(times.report(static_cast<double>(now() - begin) / 1e9).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Redis, one request at a time"};
  app.require_subcommand(1);
  std::string socket;
  int port = 0;
  std::uint64_t keys = 1;
  std::size_t bytes = 1;
  double seconds = 1;
  app.add_option("--socket", socket, "Path of its Unix socket");
  app.add_option("--port", port, "Or its port on loopback");
  auto* to_fill = app.add_subcommand("fill", "SET every key");
  to_fill->add_option("keys", keys)->required();
  to_fill->add_option("bytes", bytes)->required();
  auto* to_get = app.add_subcommand("get", "GET keys at random");
  to_get->add_option("keys", keys)->required();
  to_get->add_option("seconds", seconds)->required();
  CLI11_PARSE(app, argc, argv);
  auto to = socket.empty() ? wire::to_port(port) : wire::to_path(socket);
  if (to_fill->parsed())
    fill(to, keys, bytes);
  else
    get(to, keys, seconds);
}
