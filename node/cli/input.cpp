#include "node/cli/input.hpp"

#include "storage/error.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace larder::cli {

caf::expected<std::string> read_input(const std::string& path,
                                      std::size_t most) {
  auto from_file = path != "-";
  std::error_code ignored;
  if (from_file && std::filesystem::is_directory(path, ignored))
    return fail(ec::invalid_request,
                path + " is a directory; expected a file, or - for the input");
  std::ifstream file;
  if (from_file)
    file.open(path, std::ios::binary);
  auto& in = from_file ? file : std::cin;
  std::string text;
  char block[1 << 16];
  while (text.size() < most) {
    in.read(block, static_cast<std::streamsize>(
                       std::min(sizeof block, most - text.size())));
    if (in.gcount() == 0)
      break;
    text.append(block, static_cast<std::size_t>(in.gcount()));
  }
  if (from_file && (!file.is_open() || file.bad()))
    return fail(ec::invalid_request, path + " cannot be read");
  return text;
}

}  // namespace larder::cli
