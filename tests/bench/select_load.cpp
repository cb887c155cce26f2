// PostgreSQL as a program that reads one row at a time meets it: a prepared
// select by primary key on one connection.
//
//   larder_bench_select --url postgresql://… --type TYPE --keys N --count N
#include "storage/error.hpp"
#include "storage/postgres_session.hpp"
#include "tests/bench/wire.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace {

using namespace larder;

constexpr postgres_statement by_key{
    "bench_by_key", "SELECT content_raw FROM knowledge_artifacts "
                    "WHERE artifact_type = $1 AND artifact_id = $2"};

void select_one(postgres_session& on, const std::string& type,
                std::uint64_t number) {
  auto found = on.run(by_key, {type, "key-" + std::to_string(number)});
  if (found && found->size() == 1 && !found->text(0, 0).empty())
    return;
  std::fprintf(stderr, "larder_bench_select: %s\n",
               found ? "there is no such key"
                     : message_of(found.error()).c_str());
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Prepared selects, one at a time"};
  config::postgres_settings settings;
  std::string type;
  std::uint64_t keys = 1;
  std::uint64_t count = 1'000;
  app.add_option("--url", settings.url)->required();
  app.add_option("--type", type)->required();
  app.add_option("--keys", keys)->required();
  app.add_option("--count", count);
  CLI11_PARSE(app, argc, argv);
  postgres_session session{settings, postgres_session::schema::any};
  std::mt19937_64 random{1};
  for (int i = 0; i < 20; ++i)
    select_one(session, type, random() % keys);
  bench::latencies times;
  auto begin = bench::now();
  for (std::uint64_t i = 0; i < count; ++i) {
    auto at = bench::now();
    select_one(session, type, random() % keys);
    times.add(bench::now() - at);
  }
  std::puts(
      times.report(static_cast<double>(bench::now() - begin) / 1e9).c_str());
}
