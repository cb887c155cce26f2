#include "config/file_text.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace larder::config {

result<std::string> file_text(const std::string& path) {
  constexpr std::size_t limit = 1u << 20;
  const auto cannot = [&](const char* why) {
    return config_error{"cannot read " + path + ": " + why};
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!file)
    return cannot(std::strerror(errno));
  std::string text(limit + 1, '\0');
  errno = 0;
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  // A directory opens; only reading it fails.
  if (std::ferror(file.get()))
    return cannot(std::strerror(errno));
  if (text.size() > limit)
    return cannot("larger than 1 MiB");
  return text;
}

}  // namespace larder::config
