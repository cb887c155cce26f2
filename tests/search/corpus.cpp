#include "tests/search/corpus.hpp"

#include "storage/debian_packages.hpp"
#include "storage/package_store_parts.hpp"

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>

namespace larder::test {

namespace {

std::string output_of(const char* command) {
  std::string text;
  std::unique_ptr<FILE, int (*)(FILE*)> out{::popen(command, "r"), ::pclose};
  std::array<char, 1 << 16> bytes;
  if (out)
    while (auto n = std::fread(bytes.data(), 1, bytes.size(), out.get()))
      text.append(bytes.data(), n);
  return text;
}

}  // namespace

std::vector<search_document> debian_corpus(const std::string& file) {
  std::stringstream in;
  if (file.empty())
    in << output_of("apt-cache dumpavail 2>/dev/null");
  else
    in << std::ifstream{file}.rdbuf();
  std::vector<search_document> corpus;
  std::set<std::string> ids;
  auto users = count_debian_users(in);
  in.clear();
  in.seekg(0);
  debian_packages packages{in, std::move(users)};
  while (auto p = packages.next())
    // The same package for another architecture is the same package.
    if (ids.insert(p->name).second)
      corpus.push_back(package_records::searchable("debian/" + p->name, *p));
  return corpus;
}

std::vector<search_question> debian_questions(const std::string& file) {
  std::ifstream in{file};
  std::vector<search_question> questions;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#')
      continue;
    auto colon = line.find(':');
    if (colon == std::string::npos)
      throw std::runtime_error{file + ": no colon in \"" + line + "\""};
    search_question q{line.substr(0, colon), {}};
    std::istringstream answers{line.substr(colon + 1)};
    for (std::string answer; answers >> answer;)
      q.answers.push_back(answer);
    questions.push_back(std::move(q));
  }
  return questions;
}

}  // namespace larder::test
