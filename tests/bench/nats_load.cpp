// The one client that all responders are measured with: keeps a number of
// requests in flight on one NATS connection and reports rate and latencies as
// a line of JSON.
//
//   larder_bench_load --port P --subject template.get.bench.# [--keys N]
//                     [--payload BYTES | --payload-file FILE] [--in-flight N]
//                     [--seconds S | --count N] [--expect TEXT] [--least BYTES]
//
// A # in the subject is the number of the request, modulo --keys. A reply that
// has not got --expect in its headers or fewer than --least bytes of payload
// ends the run with an error: what is measured is what was meant.
#include "tests/bench/wire.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

using namespace larder::bench;

struct options {
  int port = 4222;
  std::string subject;
  std::uint64_t keys = 1;
  std::uint64_t first = 0;
  std::size_t payload_bytes = 0;
  std::string payload_file;
  std::size_t in_flight = 1;
  double seconds = 1;
  std::uint64_t count = 0;
  std::string expect;
  std::size_t least = 0;
};

struct reply {
  std::size_t slot = 0;
  std::string_view header;
  std::string_view payload;
};

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "larder_bench_load: %s\n", why.c_str());
  std::exit(1);
}

class load {
 public:
  explicit load(const options& o)
      : options_(o), wire_(wire::to_port(o.port)), begun_(o.in_flight) {
    if (!o.payload_file.empty()) {
      std::ifstream in{o.payload_file, std::ios::binary};
      payload_.assign(std::istreambuf_iterator<char>{in}, {});
    } else {
      payload_.assign(o.payload_bytes, 'x');
    }
    auto hash = o.subject.find('#');
    before_ = "PUB " + o.subject.substr(0, hash);
    numbered_ = hash != std::string::npos;
    if (numbered_)
      after_ = o.subject.substr(hash + 1);
    after_ += " " + inbox_;
    tail_ = " " + std::to_string(payload_.size()) + "\r\n" + payload_ + "\r\n";
    wire_.send("CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,"
               "\"no_responders\":true,\"name\":\"bench\"}\r\nSUB "
               + inbox_ + "* 1\r\nPING\r\n");
    while (wire_.unread().find("PONG\r\n") == std::string_view::npos)
      if (!wire_.receive())
        give_up("no PONG from the server");
    wire_.use(wire_.unread().size());
  }

  std::string run() {
    auto begin = now();
    auto end = begin + static_cast<std::uint64_t>(options_.seconds * 1e9);
    begin_time_ = begin;
    for (std::size_t slot = 0; slot < options_.in_flight; ++slot)
      if (more(begin, end))
        ask(slot, begin);
    flush();
    auto last = begin;
    while (asked_ > times_.count()) {
      if (!wire_.receive())
        give_up("no reply for 5 s");
      last = now();
      reply r;
      while (next(r)) {
        check(r);
        times_.add(last - begun_[r.slot]);
        if (more(last, end))
          ask(r.slot, last);
      }
      flush();
    }
    return times_.report(static_cast<double>(last - begin) / 1e9);
  }

 private:
  bool more(std::uint64_t at, std::uint64_t end) const {
    return options_.count > 0 ? asked_ < options_.count : at < end;
  }

  void ask(std::size_t slot, std::uint64_t at) {
    char digits[24];
    out_ += before_;
    if (numbered_) {
      auto key = options_.first + asked_ % options_.keys;
      out_.append(digits, std::to_chars(digits, digits + 24, key).ptr);
    }
    out_ += after_;
    out_.append(digits, std::to_chars(digits, digits + 24, slot).ptr);
    out_ += tail_;
    begun_[slot] = at;
    ++asked_;
  }

  void flush() {
    if (out_.empty())
      return;
    wire_.send(out_);
    out_.clear();
  }

  /// Takes the next whole reply; false if there is none yet.
  bool next(reply& r) {
    for (;;) {
      auto in = wire_.unread();
      auto eol = in.find("\r\n");
      if (eol == std::string_view::npos)
        return false;
      auto line = in.substr(0, eol);
      if (line.starts_with("PING")) {
        out_ += "PONG\r\n";
        wire_.use(eol + 2);
        continue;
      }
      if (line.starts_with("-ERR"))
        give_up(std::string{line});
      auto with_header = line.starts_with("HMSG ");
      if (!with_header && !line.starts_with("MSG ")) {
        wire_.use(eol + 2);
        continue;
      }
      auto total = number(line.substr(line.rfind(' ') + 1));
      if (in.size() < eol + 2 + total + 2)
        return false;
      std::size_t header_bytes = 0;
      if (with_header) {
        auto rest = line.substr(0, line.rfind(' '));
        header_bytes = number(rest.substr(rest.rfind(' ') + 1));
      }
      auto subject = line.substr(with_header ? 5 : 4);
      r.slot = number(subject.substr(inbox_.size()));
      r.header = in.substr(eol + 2, header_bytes);
      r.payload = in.substr(eol + 2 + header_bytes, total - header_bytes);
      wire_.use(eol + 2 + total + 2);
      return true;
    }
  }

  void check(const reply& r) const {
    if (r.payload.size() < options_.least
        || r.header.find(options_.expect) == std::string_view::npos)
      give_up("a reply is not what was expected (" + options_.expect + ", "
              + std::to_string(options_.least) + " bytes):\n"
              + std::string{r.header} + std::string{r.payload.substr(0, 200)});
  }

  const options& options_;
  wire wire_;
  const std::string inbox_ = "_INBOX.bench" + std::to_string(now()) + ".";
  std::string payload_;
  std::string before_, after_, tail_;
  bool numbered_ = false;
  std::string out_;
  std::vector<std::uint64_t> begun_;
  std::uint64_t begin_time_ = 0;
  std::uint64_t asked_ = 0;
  latencies times_;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Requests over one NATS connection, measured"};
  options o;
  app.add_option("--port", o.port, "The server's port on loopback");
  app.add_option("--subject", o.subject, "# is the number of the key")
      ->required();
  app.add_option("--keys", o.keys, "Keys to go round")
      ->check(CLI::Range(1, 1 << 30));
  app.add_option("--first", o.first, "Number of the first key");
  app.add_option("--payload", o.payload_bytes, "Bytes of each request");
  app.add_option("--payload-file", o.payload_file,
                 "Or the file that holds them");
  app.add_option("--in-flight", o.in_flight, "Requests at once")
      ->check(CLI::Range(1, 65'536));
  app.add_option("--seconds", o.seconds, "How long");
  app.add_option("--count", o.count, "Or how many");
  app.add_option("--expect", o.expect, "What every reply's headers hold");
  app.add_option("--least", o.least, "Bytes of payload that every reply has");
  CLI11_PARSE(app, argc, argv);
  std::puts(load{o}.run().c_str());
}
