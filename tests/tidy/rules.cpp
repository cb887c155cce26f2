#include "tests/tidy/rules.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <sstream>

namespace larder::tidy {

namespace {

namespace fs = std::filesystem;

// The order in which includes may point: each folder at itself and at those
// before it.
constexpr std::array<std::string_view, 5> folders{"config", "storage",
                                                  "cluster", "actors", "node"};

bool starts(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

bool ends(std::string_view text, std::string_view with) {
  return text.size() >= with.size()
         && text.substr(text.size() - with.size()) == with;
}

bool is_source(std::string_view path) {
  return ends(path, ".cpp") || ends(path, ".hpp");
}

std::string_view folder_of(std::string_view path) {
  return path.substr(0, path.find('/'));
}

void each_line(
    const std::string& text,
    const std::function<void(std::size_t, const std::string&)>& visit) {
  std::istringstream in{text};
  std::string line;
  for (std::size_t n = 1; std::getline(in, line); ++n)
    visit(n, line);
}

std::string at(const std::string& path, std::size_t line,
               const std::string& what) {
  return path + ":" + std::to_string(line) + ": " + what;
}

/// `visit(path, line, what is included)` for every include of C++ sources.
void each_include(const tree& t,
                  const std::function<void(const std::string&, std::size_t,
                                           const std::string&)>& visit) {
  for (auto& [path, text] : t)
    if (is_source(path))
      each_line(text, [&, &path = path](auto n, const std::string& line) {
        if (!starts(line, "#include"))
          return;
        auto first = line.find_first_of("\"<");
        auto last = line.find_first_of("\">", first + 1);
        if (first != std::string::npos && last != std::string::npos)
          visit(path, n, line.substr(first + 1, last - first - 1));
      });
}

/// Whether a CMakeLists.txt names the file, as a whole word.
bool lists(const std::string& cmake, const std::string& file) {
  auto is_part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '/'
           || c == '-' || c == '.';
  };
  for (auto i = cmake.find(file); i != std::string::npos;
       i = cmake.find(file, i + 1)) {
    auto end = i + file.size();
    if ((i == 0 || !is_part(cmake[i - 1]))
        && (end == cmake.size() || !is_part(cmake[end])))
      return true;
  }
  return false;
}

}  // namespace

tree read_tree(const std::string& directory) {
  tree found;
  const fs::path root{directory};
  const std::set<std::string> skipped{"build", "node_modules", "results"};
  const std::set<std::string> read{".cpp", ".hpp", ".txt", ".sql", ".cmake",
                                   ".mjs", ".sh",  ".md",  ".yaml"};
  for (fs::recursive_directory_iterator i{root}, end; i != end; ++i) {
    auto name = i->path().filename().string();
    if (i->is_directory()) {
      if (name.front() == '.' || skipped.count(name) > 0)
        i.disable_recursion_pending();
      continue;
    }
    auto path = i->path().lexically_relative(root).generic_string();
    // Programs without an extension are scripts, next to their parts.
    if (read.count(i->path().extension().string()) == 0
        && (i->path().has_extension() || !starts(path, "cluster/")))
      continue;
    std::ifstream in{i->path(), std::ios::binary};
    found[path] = {std::istreambuf_iterator<char>{in}, {}};
  }
  return found;
}

findings includes_that_point_the_wrong_way(const tree& t) {
  findings found;
  auto rank = [](std::string_view folder) {
    return std::find(folders.begin(), folders.end(), folder) - folders.begin();
  };
  constexpr std::ptrdiff_t none = folders.size();
  each_include(t, [&](auto& path, auto n, auto& what) {
    auto from = rank(folder_of(path));
    auto to =
        what.find('/') == std::string::npos ? none : rank(folder_of(what));
    if (from != none && (starts(what, "tests/") || (to != none && to > from)))
      found.push_back(at(path, n,
                         "includes " + what
                             + "; includes point node -> actors -> "
                               "cluster -> storage -> config"));
  });
  return found;
}

findings libraries_out_of_place(const tree& t) {
  struct library {
    std::string_view include;
    std::string_view place;
    std::string_view says;
  };
  static const std::vector<library> libraries{
      {"pqxx", "storage/postgres_session.", "storage/postgres_session"},
      {"libpq-fe.h", "storage/postgres_session.", "storage/postgres_session"},
      {"nats/", "storage/nats_", "storage/nats_*"},
      {"nats.h", "storage/nats_", "storage/nats_*"},
      {"yaml-cpp/", "config/", "config/"},
      {"archive.h", "storage/archive_unpack.cpp", "storage/archive_unpack.cpp"},
      {"archive_entry.h", "storage/archive_unpack.cpp",
       "storage/archive_unpack.cpp"},
      {"md4c.h", "storage/markdown_snippets.cpp",
       "storage/markdown_snippets.cpp"},
      {"toml++/", "storage/toml.cpp", "storage/toml.cpp"},
      {"rocksdb/", "storage/rocks_", "storage/rocks_*"},
      {"caf/all.hpp", "nowhere", "no file: it takes seconds to compile"},
  };
  findings found;
  std::map<std::string, std::set<std::string>> one_file;
  each_include(t, [&](auto& path, auto n, auto& what) {
    // There a library is what ours is measured beside.
    if (starts(path, "tests/bench/"))
      return;
    for (auto& l : libraries)
      if (starts(what, l.include) && !starts(path, l.place))
        found.push_back(at(path, n,
                           "includes " + what + ", which belongs in "
                               + std::string{l.says}));
    for (std::string one : {"curl/"}) {
      if (!starts(what, one))
        continue;
      auto& users = one_file[one];
      users.insert(path);
      if (users.size() > 1 || !starts(path, "storage/"))
        found.push_back(at(path, n,
                           "includes " + what
                               + ", which belongs in one file of "
                                 "storage/"));
    }
  });
  return found;
}

findings sources_without_a_list(const tree& t) {
  findings found;
  for (auto& [path, text] : t) {
    if (!ends(path, ".cpp"))
      continue;
    auto listed = false;
    for (auto slash = path.rfind('/'); slash != std::string::npos && !listed;
         slash = slash == 0 ? std::string::npos : path.rfind('/', slash - 1)) {
      auto list = t.find(path.substr(0, slash) + "/CMakeLists.txt");
      listed = list != t.end() && lists(list->second, path.substr(slash + 1));
    }
    if (!listed)
      found.push_back(at(path, 1, "is in no CMakeLists.txt of its folder"));
  }
  return found;
}

findings tests_without_a_source(const tree& t) {
  static const std::set<std::string, std::less<>> free{
      "support", "support_test", "simulation", "e2e", "chaos", "bench"};
  findings found;
  for (auto& [path, text] : t) {
    if (!starts(path, "tests/") || !ends(path, "_test.cpp"))
      continue;
    auto inner = path.substr(6, path.size() - 6 - 9);
    // Tests of the whole tree, like this one.
    if (inner.find('/') == std::string::npos
        || free.count(folder_of(inner)) > 0)
      continue;
    auto exists = [&](const std::string& stem) {
      auto name = stem.substr(stem.rfind('/') + 1);
      return t.count(stem + ".cpp") > 0
             || t.count(stem + ".hpp") > 0
             // Fakes of an interface are judged beside the real ones.
             || t.count("tests/support/" + name + ".hpp") > 0;
    };
    auto mirrored = false;
    auto name_begins = inner.rfind('/') + 1;
    for (auto stem = inner; !mirrored;) {
      mirrored = exists(stem);
      auto cut = stem.rfind('_');
      if (cut == std::string::npos || cut <= name_begins)
        break;
      stem.resize(cut);
    }
    if (!mirrored)
      found.push_back(at(path, 1,
                         "mirrors no source: neither " + inner + ".cpp nor "
                             + inner + ".hpp exists"));
  }
  return found;
}

findings files_too_long(const tree& t) {
  constexpr std::size_t most = 400;
  findings found;
  for (auto& [path, text] : t) {
    std::size_t lines = std::count(text.begin(), text.end(), '\n');
    if (lines > most
        && (is_source(path) || ends(path, ".mjs") || ends(path, ".sql")
            || ends(path, ".sh")))
      found.push_back(at(path, most + 1,
                         "has " + std::to_string(lines)
                             + " lines; a file is about one "
                               "thing, in at most 400"));
  }
  return found;
}

findings sleeps_in_tests(const tree& t) {
  static const std::vector<std::string> free{
      "tests/chaos/", "tests/bench/", "tests/e2e/", "tests/support/",
      // Paces a sender; nothing is waited for.
      "tests/storage/nats_client_faults_test.cpp"};
  static const std::vector<std::string> words{std::string{"sleep"} + "_for",
                                              std::string{"sleep"} + "_until",
                                              std::string{"u"} + "sleep("};
  findings found;
  for (auto& [path, text] : t) {
    if (!starts(path, "tests/") || !is_source(path)
        || std::any_of(free.begin(), free.end(),
                       [&, &path = path](auto& f) { return starts(path, f); }))
      continue;
    each_line(text, [&, &path = path](auto n, const std::string& line) {
      for (auto& word : words)
        if (line.find(word) != std::string::npos)
          found.push_back(at(path, n, "sleeps; wait for the event"));
    });
  }
  return found;
}

findings folders_without_a_name(const tree& t) {
  static const std::set<std::string> banned{"util",   "utils",  "common",
                                            "helper", "base",   "helpers",
                                            "misc",   "shared", "manager"};
  std::set<std::string> found;
  for (auto& [path, text] : t) {
    auto begin = std::size_t{0};
    for (auto slash = path.find('/'); slash != std::string::npos;
         begin = slash + 1, slash = path.find('/', begin))
      if (banned.count(path.substr(begin, slash - begin)) > 0)
        found.insert(at(path.substr(0, slash), 1,
                        "a thing without a name has no place"));
  }
  return {found.begin(), found.end()};
}

findings unfinished_marks(const tree& t) {
  static const std::vector<std::string> marks{
      std::string{"TO"} + "DO", std::string{"FIX"} + "ME",
      std::string{"XX"} + "X", std::string{"HA"} + "CK"};
  auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  findings found;
  for (auto& [path, text] : t)
    each_line(text, [&, &path = path](auto n, const std::string& line) {
      for (auto& mark : marks)
        for (auto i = line.find(mark); i != std::string::npos;
             i = line.find(mark, i + 1)) {
          auto end = i + mark.size();
          if ((i == 0 || !is_word(line[i - 1]))
              && (end == line.size() || !is_word(line[end])))
            found.push_back(at(path, n, mark + ": finish it"));
        }
    });
  return found;
}

findings headers_that_do_not_introduce_themselves(const tree& t) {
  findings found;
  for (auto& [path, text] : t)
    if (ends(path, ".hpp")
        && (!starts(text, "// ")
            || text.find("\n#pragma once\n") == std::string::npos))
      found.push_back(at(path, 1,
                         "a header opens with what it is and who uses "
                         "it, then #pragma once"));
  return found;
}

}  // namespace larder::tidy
