#include "storage/jetstream_api.hpp"

#include "storage/error.hpp"
#include "storage/whole_number.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <ctime>

namespace larder::nats {

namespace {

using nlohmann::json;

constexpr int message_too_large = 10'054;

caf::expected<js_reply> read_reply(const std::string& subject,
                                   const message& m) {
  if (m.is_no_responders())
    return fail(ec::unavailable,
                "JetStream is not enabled on the NATS server (nobody answers "
                "$JS.API."
                    + subject + "); start it with -js");
  js_reply out;
  out.body = m.data();
  auto body = json::parse(out.body, nullptr, false);
  if (!body.is_object())
    return fail(ec::unavailable, "$JS.API." + subject
                                     + " was answered with something that is "
                                       "not JetStream's");
  if (auto e = body.find("error"); e != body.end() && e->is_object()) {
    auto number = [&](const char* name) {
      auto i = e->find(name);
      return i != e->end() && i->is_number_integer() ? i->get<int>() : 0;
    };
    out.err_code = number("err_code");
    if (out.err_code == 0)
      out.err_code = number("code");
    if (out.err_code == 0)
      out.err_code = 500;
    if (auto d = e->find("description"); d != e->end() && d->is_string())
      out.description = d->get<std::string>();
  }
  return out;
}

caf::expected<std::uint64_t> read_ack(const std::string& subject,
                                      const message& m) {
  if (m.is_no_responders())
    return fail(ec::not_found, "no JetStream stream captures " + subject);
  auto ack = json::parse(m.data(), nullptr, false);
  if (!ack.is_object())
    return fail(ec::unavailable, "a publish to " + subject
                                     + " was answered by something that is "
                                       "not JetStream");
  if (auto e = ack.find("error"); e != ack.end() && e->is_object()) {
    auto code = e->value("err_code", 0);
    auto text = e->value("description", std::string{"no reason given"});
    if (code == js::wrong_last_sequence
        || code == js::wrong_last_sequence_constant)
      return fail(ec::revision_conflict, text);
    if (code == message_too_large)
      return fail(ec::too_large, "JetStream: " + text);
    return fail(ec::unavailable,
                "JetStream refused a publish to " + subject + ": " + text);
  }
  auto seq = ack.find("seq");
  if (seq == ack.end() || !seq->is_number_unsigned())
    return fail(ec::unavailable,
                "a publish to " + subject + " was answered without a sequence");
  return seq->get<std::uint64_t>();
}

bool decode_base64(std::string_view text, std::string& out) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::int8_t, 256> value;
  value.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    value[static_cast<unsigned char>(alphabet[i])] =
        static_cast<std::int8_t>(i);
  while (text.ends_with('='))
    text.remove_suffix(1);
  out.clear();
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t buffer = 0;
  int bits = 0;
  for (unsigned char c : text) {
    if (value[c] < 0)
      return false;
    buffer = (buffer << 6) | static_cast<std::uint32_t>(value[c]);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>((buffer >> bits) & 0xff);
    }
  }
  return true;
}

// Two digits or more at `at`, as a number; -1 if they are none.
int number_at(std::string_view text, std::size_t at, std::size_t size) {
  if (text.size() < at + size)
    return -1;
  return whole_number<int>(text.substr(at, size)).value_or(-1);
}

}  // namespace

void js_request(client& on, const std::string& subject, std::string_view body,
                milliseconds timeout, on_js done) {
  on.request(
      "$JS.API." + subject, {}, body, timeout,
      [subject, done = std::move(done)](caf::expected<message> m) {
        if (!m)
          return done(m.error());
        try {
          done(read_reply(subject, *m));
        } catch (const json::exception& e) {
          done(fail(ec::unavailable,
                    "$JS.API." + subject + " was answered with " + e.what()));
        }
      });
}

void js_publish(client& on, const std::string& subject, const headers& lines,
                std::string_view data, milliseconds timeout,
                std::function<void(caf::expected<std::uint64_t>)> done) {
  on.request(subject, lines, data, timeout,
             [subject, done = std::move(done)](caf::expected<message> m) {
               if (!m)
                 return done(m.error());
               try {
                 done(read_ack(subject, *m));
               } catch (const json::exception& e) {
                 done(fail(ec::unavailable, "a publish to " + subject
                                                + " was answered with "
                                                + e.what()));
               }
             });
}

caf::expected<stored_message> parse_stored(const std::string& body) {
  auto all = json::parse(body, nullptr, false);
  try {
    const auto& m = all.at("message");
    stored_message out;
    out.subject = m.value("subject", std::string{});
    out.sequence = m.value("seq", std::uint64_t{0});
    out.time = parse_time(m.value("time", std::string{}));
    if (decode_base64(m.value("hdrs", std::string{}), out.header_block)
        && decode_base64(m.value("data", std::string{}), out.data))
      return out;
  } catch (const json::exception&) {
    // falls through: the same answer
  }
  return fail(ec::unavailable, "JetStream described a message in an unknown "
                               "way");
}

std::optional<std::string_view> header_in(std::string_view block,
                                          std::string_view name) {
  while (!block.empty()) {
    auto end = std::min(block.find("\r\n"), block.size());
    auto line = block.substr(0, end);
    block.remove_prefix(std::min(end + 2, block.size()));
    if (line.size() <= name.size() || !line.starts_with(name)
        || line[name.size()] != ':')
      continue;
    line.remove_prefix(name.size() + 1);
    while (line.starts_with(' '))
      line.remove_prefix(1);
    return line;
  }
  return std::nullopt;
}

std::int64_t parse_time(std::string_view text) {
  // 2026-01-31T12:00:00[.fraction](Z|+hh:mm|-hh:mm)
  std::tm tm{};
  auto year = number_at(text, 0, 4);
  auto month = number_at(text, 5, 2);
  tm.tm_mday = number_at(text, 8, 2);
  tm.tm_hour = number_at(text, 11, 2);
  tm.tm_min = number_at(text, 14, 2);
  tm.tm_sec = number_at(text, 17, 2);
  if (year < 0 || month < 1 || month > 12 || tm.tm_mday < 1 || tm.tm_hour < 0
      || tm.tm_min < 0 || tm.tm_sec < 0 || text[4] != '-' || text[10] != 'T')
    return 0;
  tm.tm_year = year - 1900;
  tm.tm_mon = month - 1;
  auto at = std::size_t{19};
  std::int64_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    std::int64_t unit = 100'000'000;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      fraction += (text[at] - '0') * unit;
      unit /= 10;
    }
  }
  std::int64_t offset = 0;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    auto hours = number_at(text, at + 1, 2);
    auto minutes = number_at(text, at + 4, 2);
    if (hours < 0 || minutes < 0)
      return 0;
    offset = (hours * 60 + minutes) * 60 * (text[at] == '-' ? -1 : 1);
  } else if (at >= text.size() || text[at] != 'Z') {
    return 0;
  }
  return (static_cast<std::int64_t>(timegm(&tm)) - offset) * 1'000'000'000
         + fraction;
}

std::string format_time(std::int64_t nanoseconds) {
  auto seconds = static_cast<std::time_t>(nanoseconds / 1'000'000'000);
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  char text[64];
  auto n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
  auto digits = std::to_string(1'000'000'000 + nanoseconds % 1'000'000'000);
  return std::string{text, n} + '.' + digits.substr(1) + 'Z';
}

}  // namespace larder::nats
