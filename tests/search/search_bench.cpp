// Searches the Debian packages with Larder's index and with SQLite's FTS5 side
// by side, and prints how well and how fast each does. Ends with 1 if a bar is
// missed, with 77 if there is no corpus.
//
//   larder_search_bench                    all of it
//   larder_search_bench --quality          the forty queries alone
//   larder_search_bench --show             and what each engine answers to them
//   larder_search_bench --text-only        Larder without package_weight.hpp
#include "tests/search/corpus.hpp"
#include "tests/search/engines.hpp"
#include "tests/support/random.hpp"
#include "tests/support/scratch_directory.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <sstream>

namespace larder::test {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

double milliseconds_since(clock::time_point start) {
  return std::chrono::duration<double, std::milli>(clock::now() - start)
      .count();
}

/// What one engine does in the measurement.
struct measured {
  std::unique_ptr<search_engine> engine;
  double build_ms = 0;
  std::size_t answered = 0;
  std::size_t judged = 0;
  std::vector<double> latencies;

  double share() const {
    return judged == 0
               ? 0
               : static_cast<double>(answered) / static_cast<double>(judged);
  }
  double latency(double quantile) const {
    if (latencies.empty())
      return 0;
    auto at = static_cast<std::size_t>(
        quantile * static_cast<double>(latencies.size() - 1));
    return latencies[at];
  }
};

bool is_answer(const search_question& q, const std::string& name) {
  return std::find(q.answers.begin(), q.answers.end(), name) != q.answers.end();
}

void judge(measured& m, const std::vector<search_question>& questions,
           bool show) {
  for (auto& q : questions) {
    auto names = m.engine->search(q.text, {});
    names.resize(std::min<std::size_t>(names.size(), 3));
    auto good = std::any_of(names.begin(), names.end(),
                            [&](auto& n) { return is_answer(q, n); });
    m.answered += good;
    ++m.judged;
    if (!show)
      continue;
    std::printf("  %-8s %c %-34s", m.engine->name().c_str(), good ? '+' : '-',
                q.text.c_str());
    for (auto& n : names)
      std::printf(" %s", n.c_str());
    std::printf("\n");
  }
}

/// What people type: the forty, names, names with a letter less, beginnings of
/// names, and two to four words of descriptions.
std::vector<std::string>
queries_for_speed(const std::vector<search_document>& corpus,
                  const std::vector<search_question>& questions) {
  std::vector<std::string> queries;
  for (auto& q : questions)
    queries.push_back(q.text);
  prng random{11};
  auto any = [&]() -> const search_document& {
    return corpus[random.below(corpus.size())];
  };
  for (int i = 0; i < 60; ++i) {
    queries.push_back(any().name);
    auto typo = any().name;
    typo.erase(random.below(typo.size()), 1);
    queries.push_back(typo);
    auto& name = any().name;
    queries.push_back(name.substr(0, 3 + random.below(3)));
  }
  for (int i = 0; i < 180; ++i) {
    std::istringstream in{any().description};
    std::vector<std::string> words;
    for (std::string word; in >> word;)
      words.push_back(word);
    auto most = std::min<std::size_t>(words.size(), 2 + random.below(3));
    std::string query;
    for (std::size_t w = 0; w < most; ++w)
      query += (w == 0 ? "" : " ") + words[w];
    queries.push_back(query);
  }
  return queries;
}

/// Rounds of all queries, each engine's turn after the other's.
void time_all(std::vector<measured>& all,
              const std::vector<std::string>& queries, int rounds) {
  for (int round = -1; round < rounds; ++round)
    for (auto& m : all)
      for (auto& query : queries) {
        auto start = clock::now();
        m.engine->search(query, {});
        if (round >= 0)
          m.latencies.push_back(milliseconds_since(start));
      }
  for (auto& m : all)
    std::sort(m.latencies.begin(), m.latencies.end());
}

bool bar(const char* what, bool met) {
  std::printf("%-7s %s\n", met ? "met" : "MISSED", what);
  return met;
}

struct options {
  std::string packages;
  std::string queries = LARDER_SOURCE_DIR "/tests/search/debian_queries.txt";
  bool quality = false;
  bool show = false;
  bool text_only = false;
  int rounds = 5;
};

int run(const options& given) {
  auto corpus = debian_corpus(given.packages);
  if (corpus.size() < 20'000) {
    std::printf("skipped: apt-cache dumpavail knows of %zu packages here, and "
                "the queries are for Debian's whole archive; run apt-get "
                "update as root\n",
                corpus.size());
    return 77;
  }
  auto questions = debian_questions(given.queries);
  if (given.text_only)
    for (auto& document : corpus)
      document.weight = 1;

  scratch_directory directory;
  std::vector<measured> all(3);
  all[0].engine = make_ours(directory.path());
  all[1].engine = make_fts5(directory.path(), "OR");
  all[2].engine = make_fts5(directory.path(), "AND");
  auto together = std::size_t{2000};
  for (auto& m : all) {
    auto start = clock::now();
    m.engine->build(corpus, together);
    m.build_ms = milliseconds_since(start);
  }
  // One database.
  all[2].build_ms = all[1].build_ms;
  auto wrong = all[0].engine->verify(corpus);
  for (auto& m : all)
    judge(m, questions, given.show);
  if (!given.quality)
    time_all(all, queries_for_speed(corpus, questions), given.rounds);

  std::printf("%zu packages, %zu queries\n", corpus.size(), questions.size());
  std::printf("%-9s %12s %10s %10s %12s %14s\n", "", "in first 3", "p50 ms",
              "p95 ms", "index MiB", "build docs/s");
  for (auto& m : all)
    std::printf("%-9s %4zu of %4zu %10.3f %10.3f %12.1f %14.0f\n",
                m.engine->name().c_str(), m.answered, m.judged, m.latency(0.5),
                m.latency(0.95),
                static_cast<double>(m.engine->bytes()) / (1 << 20),
                1000.0 * static_cast<double>(corpus.size()) / m.build_ms);

  auto good = bar("an expected package in the first three for 85 %",
                  all[0].share() >= 0.85);
  good &= bar("not behind FTS5 there", all[0].share() >= all[1].share()
                                           && all[0].share() >= all[2].share());
  good &=
      bar(("index and documents agree" + (wrong.empty() ? "" : ": " + wrong))
              .c_str(),
          wrong.empty());
  if (!given.quality) {
    good &= bar("p95 at most 10 ms", all[0].latency(0.95) <= 10);
    good &= bar("p95 at most FTS5's, whichever way",
                all[0].latency(0.95)
                    <= std::min(all[1].latency(0.95), all[2].latency(0.95)));
  }
  return good ? 0 : 1;
}

}  // namespace

}  // namespace larder::test

int main(int argc, char** argv) {
  larder::test::options given;
  CLI::App app{"Searches Debian's packages with Larder and with SQLite's FTS5"};
  app.add_option("--packages", given.packages,
                 "what apt-cache dumpavail printed; absent: run it");
  app.add_option("--queries", given.queries);
  app.add_option("--rounds", given.rounds, "of all timed queries");
  app.add_flag("--quality", given.quality, "no latencies");
  app.add_flag("--text-only", given.text_only,
               "rank by words alone, without how many packages use one");
  app.add_flag("--show", given.show, "the first three of each query");
  CLI11_PARSE(app, argc, argv);
  try {
    return larder::test::run(given);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "larder_search_bench: %s\n", e.what());
    return 1;
  }
}
