// The least that a NATS responder can do: one blocking socket, every request
// answered with its own payload. What a memory hit is measured against.
//
//   larder_echo_responder PORT SUBJECT

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

int connect_to(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0
      || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address)) {
    std::perror("connect");
    std::exit(1);
  }
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_all(int fd, std::string_view data) {
  while (!data.empty()) {
    auto sent = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent <= 0)
      std::exit(0);
    data.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    auto end = line.find(' ');
    words.push_back(line.substr(0, end));
    line = end == line.npos ? std::string_view{} : line.substr(end + 1);
  }
  return words;
}

/// Answers the whole messages at the start of `in`; returns the bytes used.
std::size_t answer(std::string_view in, std::string& out) {
  std::size_t used = 0;
  for (;;) {
    auto rest = in.substr(used);
    auto end = rest.find("\r\n");
    if (end == rest.npos)
      return used;
    auto line = rest.substr(0, end);
    std::size_t size = end + 2;
    if (line.starts_with("MSG ")) {
      // MSG subject sid [reply] bytes
      auto words = words_of(line);
      std::size_t bytes = 0;
      auto last = words.back();
      std::from_chars(last.data(), last.data() + last.size(), bytes);
      if (rest.size() < size + bytes + 2)
        return used;
      if (words.size() == 5) {
        out.append("PUB ").append(words[3]).append(" ").append(last);
        out.append("\r\n").append(rest.substr(size, bytes + 2));
      }
      size += bytes + 2;
    } else if (line == "PING") {
      out.append("PONG\r\n");
    }
    used += size;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: larder_echo_responder PORT SUBJECT\n", stderr);
    return 2;
  }
  int fd = connect_to(std::atoi(argv[1]));
  send_all(fd, "CONNECT {\"verbose\":false,\"headers\":false}\r\nSUB "
                   + std::string{argv[2]} + " 1\r\n");
  std::string in;
  std::string out;
  std::vector<char> chunk(1 << 16);
  for (;;) {
    auto got = recv(fd, chunk.data(), chunk.size(), 0);
    if (got <= 0)
      return 0;
    in.append(chunk.data(), static_cast<std::size_t>(got));
    out.clear();
    in.erase(0, answer(in, out));
    send_all(fd, out);
  }
}
