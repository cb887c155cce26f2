#include "node/cli/output.hpp"

#include "node/cli/exit_code.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace larder::cli {

namespace {

// Columns on the screen: every byte but the continuation bytes of UTF-8.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
      }));
}

bool is_number(std::string_view text) {
  return !text.empty()
         && text.find_first_not_of("0123456789.,-%") == std::string_view::npos;
}

}  // namespace

int print(std::string_view text) {
  errno = 0;
  auto all = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (all && std::fflush(stdout) == 0)
    return exit_done;
  // A reader that has seen enough (`| head`) is no news to anybody.
  if (errno != EPIPE)
    std::fprintf(stderr, "larder: cannot write the output: %s\n",
                 std::strerror(errno));
  return exit_unavailable;
}

int print_line(std::string text) {
  text += '\n';
  return print(text);
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths.resize(std::max(widths.size(), i + 1));
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  std::vector<bool> numeric(widths.size(), rows.size() > 1);
  for (std::size_t r = 1; r < rows.size(); ++r)
    for (std::size_t i = 0; i < rows[r].size(); ++i)
      if (rows[r][i] != "-" && !is_number(rows[r][i]))
        numeric[i] = false;
  std::string out;
  for (auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::string space(widths[i] - width_of(row[i]), ' ');
      line += i == 0 ? "" : "  ";
      line += numeric[i] ? space + row[i] : row[i] + space;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace larder::cli
