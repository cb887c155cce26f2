#include "node/cli/json_slices.hpp"

#include "storage/whole_number.hpp"

#include <nlohmann/json.hpp>

namespace larder::cli {

namespace {

class slicer {
 public:
  explicit slicer(std::string_view text) : text_(text) { skip_space(); }

  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c)
      return false;
    ++at_;
    return true;
  }

  std::string_view value() {
    skip_space();
    auto start = at_;
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      auto c = text_[at_];
      if (c == '"') {
        skip_string();
        if (depth == 0)
          break;
        continue;
      }
      if (c == '{' || c == '[') {
        ++depth;
      } else if (c == '}' || c == ']') {
        if (depth == 0)
          break;
        --depth;
        if (depth == 0) {
          ++at_;
          break;
        }
      } else if (depth == 0 && (c == ',' || is_space(c))) {
        break;
      }
      ++at_;
    }
    return text_.substr(start, at_ - start);
  }

 private:
  static bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_]))
      ++at_;
  }

  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
      if (text_[at_] == '\\')
        ++at_;
    ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<json_member> object_members(std::string_view object) {
  std::vector<json_member> members;
  slicer in{object};
  if (!in.take('{') || in.take('}'))
    return members;
  do {
    auto name = string_value(in.value());
    if (!name || !in.take(':'))
      return members;
    members.emplace_back(std::move(*name), in.value());
  } while (in.take(','));
  return members;
}

std::vector<std::string_view> array_elements(std::string_view array) {
  std::vector<std::string_view> elements;
  slicer in{array};
  if (!in.take('[') || in.take(']'))
    return elements;
  do
    elements.push_back(in.value());
  while (in.take(','));
  return elements;
}

std::optional<std::string_view> member(const std::vector<json_member>& of,
                                       std::string_view name) {
  for (auto i = of.rbegin(); i != of.rend(); ++i)
    if (i->first == name)
      return i->second;
  return std::nullopt;
}

std::optional<std::string> string_value(std::string_view raw) {
  if (raw.size() < 2 || raw.front() != '"')
    return std::nullopt;
  auto parsed = nlohmann::json::parse(raw, nullptr, false);
  if (!parsed.is_string())
    return std::nullopt;
  return parsed.get<std::string>();
}

std::optional<long long> integer_value(std::string_view raw) {
  return whole_number<long long>(raw);
}

}  // namespace larder::cli
