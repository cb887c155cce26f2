#include "storage/package_version.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace larder {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Takes the digits at the front.
std::string_view take_digits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n]))
    ++n;
  auto digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c)
    return false;
  text.remove_prefix(1);
  return true;
}

/// Numbers of any length: dates and hashes stand in versions too.
std::weak_ordering compare_numbers(std::string_view a, std::string_view b) {
  auto trim = [](std::string_view& n) {
    n.remove_prefix(std::min(n.find_first_not_of('0'), n.size()));
  };
  trim(a);
  trim(b);
  if (a.size() != b.size())
    return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

using numbers = std::vector<std::string_view>;

/// "1.2.3" at the front; a dot without a number after it stays.
numbers take_numbers(std::string_view& text) {
  numbers found;
  while (!text.empty() && is_digit(text.front())) {
    found.push_back(take_digits(text));
    if (text.size() < 2 || text[0] != '.' || !is_digit(text[1]))
      break;
    text.remove_prefix(1);
  }
  return found;
}

std::weak_ordering compare_releases(const numbers& a, const numbers& b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i)
    if (auto order =
            compare_numbers(i < a.size() ? a[i] : "", i < b.size() ? b[i] : "");
        order != 0)
      return order;
  return std::weak_ordering::equivalent;
}

// -- Semantic Versioning 2.0.0, section 11
// --------------------------------------

struct semantic {
  numbers release;
  std::string_view pre;
};

std::optional<semantic> parse_semantic(std::string_view text) {
  text = text.substr(0, text.find('+'));
  if (!take(text, 'v'))
    take(text, 'V');
  semantic v;
  v.release = take_numbers(text);
  if (v.release.empty())
    return {};
  if (!take(text, '-'))
    take(text, '.');
  v.pre = text;
  return v;
}

std::string_view take_identifier(std::string_view& text) {
  auto dot = text.find('.');
  auto identifier = text.substr(0, dot);
  text.remove_prefix(dot == text.npos ? text.size() : dot + 1);
  return identifier;
}

std::weak_ordering compare_pre(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty())
    return a.empty() <=> b.empty();
  while (!a.empty() && !b.empty()) {
    auto x = take_identifier(a), y = take_identifier(b);
    auto number = [](std::string_view t) {
      return !t.empty() && std::all_of(t.begin(), t.end(), is_digit);
    };
    std::weak_ordering order = std::weak_ordering::equivalent;
    if (number(x) && number(y))
      order = compare_numbers(x, y);
    else if (number(x) != number(y))
      order = number(y) <=> number(x);
    else
      order = x.compare(y) <=> 0;
    if (order != 0)
      return order;
  }
  return b.empty() <=> a.empty();
}

std::weak_ordering compare(const semantic& a, const semantic& b) {
  auto order = compare_releases(a.release, b.release);
  return order != 0 ? order : compare_pre(a.pre, b.pre);
}

bool is_pre(const semantic& v) {
  return !v.pre.empty();
}

// -- PEP 440
// --------------------------------------------------------------------

struct pep440 {
  std::string_view epoch;
  numbers release;
  /// a, b or c (rc); 0: none.
  char phase = 0;
  std::string_view pre;
  std::optional<std::string_view> post, dev;
  std::string_view local;
};

/// One of `words` after a separator that may be left out, and its number.
template <std::size_t N>
std::optional<std::pair<std::string_view, std::string_view>>
take_phase(std::string_view& text,
           const std::array<std::string_view, N>& words) {
  auto separator = [](char c) { return c == '.' || c == '-' || c == '_'; };
  auto rest = text;
  if (!rest.empty() && separator(rest.front()))
    rest.remove_prefix(1);
  for (auto word : words) {
    if (!rest.starts_with(word)
        || (rest.size() > word.size() && is_letter(rest[word.size()])))
      continue;
    rest.remove_prefix(word.size());
    if (rest.size() > 1 && separator(rest[0]) && is_digit(rest[1]))
      rest.remove_prefix(1);
    auto number = take_digits(rest);
    text = rest;
    return std::pair{word, number};
  }
  return {};
}

/// `text` is lower case and outlives the result.
std::optional<pep440> parse_pep440(std::string_view text) {
  pep440 v;
  take(text, 'v');
  if (auto mark = text.find('!'); mark != text.npos) {
    v.epoch = take_digits(text);
    if (v.epoch.empty() || !take(text, '!'))
      return {};
  }
  v.release = take_numbers(text);
  if (v.release.empty())
    return {};
  // The longer words first: "a" begins "alpha".
  static constexpr std::array<std::string_view, 8> phases{
      "alpha", "beta", "preview", "pre", "rc", "a", "b", "c"};
  if (auto pre = take_phase(text, phases)) {
    auto word = pre->first;
    v.phase = word[0] == 'a' || word[0] == 'b' ? word[0] : 'c';
    v.pre = pre->second;
  }
  static constexpr std::array<std::string_view, 3> posts{"post", "rev", "r"};
  if (auto post = take_phase(text, posts))
    v.post = post->second;
  else if (text.size() > 1 && text[0] == '-' && is_digit(text[1])) {
    text.remove_prefix(1);
    v.post = take_digits(text);
  }
  static constexpr std::array<std::string_view, 1> devs{"dev"};
  if (auto dev = take_phase(text, devs))
    v.dev = dev->second;
  if (take(text, '+'))
    v.local = std::exchange(text, {});
  return text.empty() ? std::optional{v} : std::nullopt;
}

/// 1.0.dev1 < 1.0a1 < 1.0b1 < 1.0rc1 < 1.0 and 1.0.post1.
int phase_rank(const pep440& v) {
  if (v.phase != 0)
    return v.phase - 'a' + 1;
  return !v.post && v.dev ? 0 : 4;
}

/// Text before numbers, and a longer one after its beginning.
std::weak_ordering compare_local(std::string_view a, std::string_view b) {
  auto next = [](std::string_view& t) {
    auto end = t.find_first_of(".-_");
    auto part = t.substr(0, end);
    t.remove_prefix(end == t.npos ? t.size() : end + 1);
    return part;
  };
  while (!a.empty() && !b.empty()) {
    auto x = next(a), y = next(b);
    auto number = [](std::string_view t) {
      return !t.empty() && std::all_of(t.begin(), t.end(), is_digit);
    };
    std::weak_ordering order = std::weak_ordering::equivalent;
    if (number(x) && number(y))
      order = compare_numbers(x, y);
    else if (number(x) != number(y))
      order = number(x) <=> number(y);
    else
      order = x.compare(y) <=> 0;
    if (order != 0)
      return order;
  }
  return b.empty() <=> a.empty();
}

std::weak_ordering compare(const pep440& a, const pep440& b) {
  if (auto order = compare_numbers(a.epoch, b.epoch); order != 0)
    return order;
  if (auto order = compare_releases(a.release, b.release); order != 0)
    return order;
  if (auto order = phase_rank(a) <=> phase_rank(b); order != 0)
    return order;
  if (auto order = compare_numbers(a.pre, b.pre); order != 0)
    return order;
  if (a.post.has_value() != b.post.has_value())
    return a.post.has_value() <=> b.post.has_value();
  if (auto order = compare_numbers(a.post.value_or(""), b.post.value_or(""));
      order != 0)
    return order;
  // A development version is before what it leads to.
  if (a.dev.has_value() != b.dev.has_value())
    return b.dev.has_value() <=> a.dev.has_value();
  if (auto order = compare_numbers(a.dev.value_or(""), b.dev.value_or(""));
      order != 0)
    return order;
  return compare_local(a.local, b.local);
}

bool is_pre(const pep440& v) {
  return v.phase != 0 || v.dev.has_value();
}

// -- deb-version(7)
// -------------------------------------------------------------

/// dpkg's order of characters: "~" before the end, letters before all others.
int deb_rank(std::string_view text, std::size_t at) {
  if (at >= text.size() || is_digit(text[at]))
    return 0;
  if (text[at] == '~')
    return -1;
  auto byte = static_cast<unsigned char>(text[at]);
  return is_letter(text[at]) ? byte : byte + 256;
}

std::weak_ordering compare_deb_part(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    std::size_t i = 0;
    for (;; ++i) {
      auto more = [i](std::string_view t) {
        return i < t.size() && !is_digit(t[i]);
      };
      if (!more(a) && !more(b))
        break;
      if (auto order = deb_rank(a, i) <=> deb_rank(b, i); order != 0)
        return order;
    }
    a.remove_prefix(i);
    b.remove_prefix(i);
    auto x = take_digits(a), y = take_digits(b);
    if (auto order = compare_numbers(x, y); order != 0)
      return order;
  }
  return std::weak_ordering::equivalent;
}

struct deb {
  std::string_view epoch, upstream, revision;
};

std::optional<deb> parse_deb(std::string_view text) {
  deb v;
  if (auto colon = text.find(':'); colon != text.npos) {
    auto digits = text;
    v.epoch = take_digits(digits);
    if (v.epoch.size() != colon)
      return {};
    text.remove_prefix(colon + 1);
  }
  auto dash = text.rfind('-');
  v.upstream = text.substr(0, dash);
  if (dash != text.npos)
    v.revision = text.substr(dash + 1);
  if (v.upstream.empty())
    return {};
  return v;
}

std::weak_ordering compare(const deb& a, const deb& b) {
  if (auto order = compare_numbers(a.epoch, b.epoch); order != 0)
    return order;
  if (auto order = compare_deb_part(a.upstream, b.upstream); order != 0)
    return order;
  return compare_deb_part(a.revision, b.revision);
}

bool is_pre(const deb& v) {
  // "~" also marks repacked sources and backports, which are no less final.
  for (auto at = v.upstream.find('~'); at != std::string_view::npos;
       at = v.upstream.find('~', at + 1))
    for (std::string_view word : {"alpha", "beta", "rc", "pre", "dev"})
      if (v.upstream.substr(at + 1).starts_with(word))
        return true;
  return false;
}

// -------------------------------------------------------------------------------

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return result;
}

template <class Version>
std::weak_ordering
compare_parsed(const std::optional<Version>& a, const std::optional<Version>& b,
               std::string_view a_text, std::string_view b_text) {
  if (a && b)
    return compare(*a, *b);
  if (a.has_value() != b.has_value())
    return a.has_value() <=> b.has_value();
  return a_text.compare(b_text) <=> 0;
}

}  // namespace

std::weak_ordering compare_versions(std::string_view ecosystem,
                                    std::string_view a, std::string_view b) {
  if (ecosystem == "pypi") {
    auto x = lower(a), y = lower(b);
    return compare_parsed(parse_pep440(x), parse_pep440(y), a, b);
  }
  if (ecosystem == "debian")
    return compare_parsed(parse_deb(a), parse_deb(b), a, b);
  return compare_parsed(parse_semantic(a), parse_semantic(b), a, b);
}

bool is_prerelease(std::string_view ecosystem, std::string_view version) {
  auto judge = [](const auto& parsed) { return !parsed || is_pre(*parsed); };
  if (ecosystem == "pypi") {
    auto text = lower(version);
    return judge(parse_pep440(text));
  }
  if (ecosystem == "debian")
    return judge(parse_deb(version));
  return judge(parse_semantic(version));
}

bool is_preferred(std::string_view ecosystem, std::string_view a,
                  std::string_view b) {
  if (auto x = is_prerelease(ecosystem, a), y = is_prerelease(ecosystem, b);
      x != y)
    return y;
  auto order = compare_versions(ecosystem, a, b);
  return order != 0 ? order > 0 : a > b;
}

}  // namespace larder
