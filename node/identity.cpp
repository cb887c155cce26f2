#include "node/identity.hpp"

#include <unistd.h>

#include <cctype>
#include <ctime>
#include <random>

namespace larder {

std::string random_token() {
  static constexpr char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device device;
  std::uniform_int_distribution<std::size_t> pick{0, sizeof alphabet - 2};
  std::string token;
  for (int i = 0; i < 8; ++i)
    token += alphabet[pick(device)];
  return token;
}

std::string new_node_id() {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  std::string id;
  for (const char* c = host; *c != '\0' && id.size() < 40; ++c)
    id += std::isalnum(static_cast<unsigned char>(*c)) || *c == '-' ? *c : '-';
  return (id.empty() ? "node" : id) + "-" + random_token();
}

std::string utc_seconds_now() {
  auto now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace larder
