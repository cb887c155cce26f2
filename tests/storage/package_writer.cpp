// Writes a history of packages into a store, and says the number of each write
// on its standard output once the store has acknowledged it. For the tests
// that end it in the middle: package_store_durability_test.cpp.
//
// larder_package_writer DIRECTORY SEED FIRST durable|fast
#include "tests/storage/package_history.hpp"

#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

using namespace larder;

int main(int argc, char** argv) {
  if (argc != 5)
    return 2;
  package_store_options options;
  options.directory = argv[1];
  options.least_free_bytes = options.reserve_bytes = 0;
  options.sync = std::string{argv[4]} == "durable";
  auto opened = package_store::open(options);
  if (!opened) {
    std::fprintf(stderr, "%s\n", message_of(opened.error()).c_str());
    return 1;
  }
  auto store = std::move(*opened);
  auto seed = std::stoull(argv[2]);
  for (auto number = std::stoull(argv[3]);; ++number) {
    auto o = operation_of(seed, number);
    auto written = o.remove ? store->remove(o.key.ecosystem, o.key.name)
                            : store->store(o.document);
    if (!written) {
      std::fprintf(stderr, "%s\n", message_of(written.error()).c_str());
      return 1;
    }
    auto line = std::to_string(number) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size())
        != static_cast<ssize_t>(line.size()))
      return 0;
  }
}
