#include "storage/json.hpp"

#include "storage/error.hpp"
#include "storage/utf8.hpp"

#include <vector>

namespace larder {

namespace {

// A checker of our own: RapidJSON and nlohmann::json both refuse numbers that
// no double holds (1e400), simdjson does not look at what is not asked for.
class checker {
 public:
  checker(std::string_view body, std::uint32_t max_depth)
      : body_(body), max_depth_(max_depth) {}

  caf::expected<void> run(bool object) {
    skip_space();
    if (at_ == body_.size())
      return fail(ec::invalid_request,
                  object ? "the body is empty; expected a JSON object"
                         : "the body is empty; expected JSON");
    if (object && body_[at_] != '{')
      expected("a JSON object ('{')");
    else if (value_and_all_in_it() && at_ < body_.size())
      expected("nothing more after the value");
    if (!message_.empty())
      return fail(ec::invalid_request, std::move(message_));
    return caf::unit;
  }

 private:
  bool value_and_all_in_it() {
    for (;;) {
      // Here a value begins …
      skip_space();
      bool opened = false;
      if (!begin_value(opened))
        return false;
      if (opened)
        continue;
      // … and here one has ended, perhaps with what it is in.
      for (;;) {
        skip_space();
        if (in_object_.empty())
          return true;
        bool object = in_object_.back();
        if (take(','))
          break;
        if (!take(object ? '}' : ']'))
          return expected(object ? "',' or '}'" : "',' or ']'");
        in_object_.pop_back();
      }
      if (in_object_.back() && !member_name())
        return false;
    }
  }

  /// `opened`: at the first value of a container that is not empty.
  bool begin_value(bool& opened) {
    switch (peek()) {
    case '{':
    case '[': {
      bool object = peek() == '{';
      if (in_object_.size() == max_depth_)
        return expected("at most " + std::to_string(max_depth_)
                        + " levels of nesting");
      ++at_;
      skip_space();
      if (take(object ? '}' : ']'))
        return true;
      in_object_.push_back(object);
      opened = true;
      return !object || member_name();
    }
    case '"':
      return string();
    case 't':
      return word("true");
    case 'f':
      return word("false");
    case 'n':
      return word("null");
    default:
      return number();
    }
  }

  bool member_name() {
    skip_space();
    if (peek() != '"')
      return expected("a member name in double quotes");
    if (!string())
      return false;
    skip_space();
    return take(':') || expected("':'");
  }

  bool string() {
    for (++at_; at_ < body_.size();) {
      auto c = static_cast<unsigned char>(body_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        if (!escape())
          return false;
      } else if (c < 0x20) {
        return expected("no control character within a string (write it as "
                        "an escape)");
      } else if (c < 0x80) {
        ++at_;
      } else {
        auto length = utf8_length(body_, at_);
        if (length == 0)
          return expected("valid UTF-8");
        at_ += length;
      }
    }
    return expected("'\"' to end the string");
  }

  bool escape() {
    ++at_;
    if (peek() == 'u') {
      ++at_;
      for (int i = 0; i < 4; ++i, ++at_)
        if (!is_hex(peek()))
          return expected("four hex digits after \\u");
      return true;
    }
    if (at_ == body_.size()
        || std::string_view{"\"\\/bfnrt"}.find(peek())
               == std::string_view::npos)
      return expected("one of \" \\ / b f n r t u after '\\'");
    ++at_;
    return true;
  }

  bool number() {
    auto start = at_;
    bool minus = take('-');
    if (!is_digit(peek()))
      return expected(minus ? "a digit" : "a value");
    if (!take('0'))
      digits();
    else if (is_digit(peek()))
      return expected("no digit after a leading zero");
    if (take('.') && !digits())
      return expected("a digit after '.'");
    if (take('e') || take('E')) {
      if (!take('+'))
        take('-');
      if (!digits())
        return expected("a digit in the exponent");
    }
    return at_ > start;
  }

  bool digits() {
    auto start = at_;
    while (is_digit(peek()))
      ++at_;
    return at_ > start;
  }

  bool word(std::string_view text) {
    if (body_.substr(at_, text.size()) != text)
      return expected("a value");
    at_ += text.size();
    return true;
  }

  void skip_space() {
    while (at_ < body_.size()
           && (body_[at_] == ' ' || body_[at_] == '\n' || body_[at_] == '\r'
               || body_[at_] == '\t'))
      ++at_;
  }

  /// NUL at the end, which is no part of JSON anywhere.
  char peek() const { return at_ < body_.size() ? body_[at_] : '\0'; }

  bool take(char c) {
    if (peek() != c)
      return false;
    ++at_;
    return true;
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  static bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }

  /// Always false, so that it can be returned.
  bool expected(std::string_view what) {
    message_ = "the body is not the JSON that is taken here: at byte ";
    message_ += std::to_string(at_);
    if (at_ == body_.size())
      message_ += ", where the body ends,";
    message_ += " expected ";
    message_ += what;
    return false;
  }

  std::string_view body_;
  std::size_t at_ = 0;
  std::size_t max_depth_;
  /// One bit a level: object or array.
  std::vector<bool> in_object_;
  std::string message_;
};

}  // namespace

caf::expected<void> check_json(std::string_view body, std::uint32_t max_depth) {
  return checker{body, max_depth}.run(false);
}

caf::expected<void> check_json_object(std::string_view body,
                                      std::uint32_t max_depth) {
  return checker{body, max_depth}.run(true);
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i];
    } else if (c == '\n') {
      out += "\\n";
    } else if (c < 0x20) {
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
    } else if (auto length = utf8_length(text, i); length > 0) {
      out += text.substr(i, length);
      i += length;
      continue;
    } else {
      out += "\xEF\xBF\xBD";
    }
    ++i;
  }
  out += '"';
}

}  // namespace larder
