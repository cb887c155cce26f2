#include "storage/package.hpp"

#include "storage/error.hpp"
#include "storage/json.hpp"
#include "storage/utf8.hpp"

#include <nlohmann/json.hpp>

#include <limits>
#include <utility>

namespace larder {

namespace {

using nlohmann::json;

caf::error invalid(std::string message) {
  return fail(ec::invalid_request, std::move(message));
}

/// "the name is …": 'shortest' to `longest` bytes of UTF-8 without control
/// characters.
caf::expected<void> check_line(const std::string& member, std::string_view text,
                               std::size_t shortest, std::size_t longest) {
  if (text.size() < shortest)
    return invalid(member + " is missing; expected " + std::to_string(shortest)
                   + " to " + std::to_string(longest) + " bytes");
  if (text.size() > longest)
    return invalid(member + " is " + std::to_string(text.size())
                   + " bytes long; expected at most "
                   + std::to_string(longest));
  for (std::size_t i = 0; i < text.size();) {
    auto length = utf8_length(text, i);
    auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0)
      return invalid(member + " is not valid UTF-8 at offset "
                     + std::to_string(i));
    // C0, DEL, and C1, which is C2 80 to C2 9F.
    if (byte < 0x20 || byte == 0x7F
        || (length == 2 && byte == 0xC2
            && static_cast<unsigned char>(text[i + 1]) < 0xA0))
      return invalid(member + " holds a control character at offset "
                     + std::to_string(i) + "; leave it out");
    i += length;
  }
  return caf::unit;
}

/// Takes the members of one object; remembers the first that is wrong, and
/// takes no more after it.
class members {
 public:
  members(const json& object, std::string prefix)
      : object_(object), prefix_(std::move(prefix)) {}

  void take(const char* name, std::string& to) {
    if (auto* value = find(name))
      text(*value, prefix_ + name, to);
  }

  void take(const char* name, bool& to) {
    auto* value = find(name);
    if (value == nullptr)
      return;
    if (value->is_boolean())
      to = value->get<bool>();
    else
      wrong(prefix_ + name, "true or false", *value);
  }

  template <class Number>
  void take_number(const char* name, Number& to) {
    auto* value = find(name);
    if (value == nullptr)
      return;
    constexpr std::uint64_t most = std::numeric_limits<Number>::max();
    if (value->is_number_unsigned() && value->get<std::uint64_t>() <= most)
      to = static_cast<Number>(value->get<std::uint64_t>());
    else
      wrong(prefix_ + name, "a whole number from 0 to " + std::to_string(most),
            *value);
  }

  void take(const char* name, std::vector<std::string>& to, std::size_t most) {
    each(name, most, [&](const json& item, const std::string& where) {
      text(item, where, to.emplace_back());
    });
  }

  /// Calls `f` with the members of each object in the list.
  template <class F>
  void take_objects(const char* name, std::size_t most, F f) {
    each(name, most, [&](const json& item, const std::string& where) {
      object(item, where, f);
    });
  }

  template <class F>
  void take_object(const char* name, F f) {
    if (auto* value = find(name))
      object(*value, prefix_ + name, f);
  }

  /// A text, or true for "deprecated".
  void take_deprecated(const char* name, std::string& to) {
    auto* value = find(name);
    if (value == nullptr)
      return;
    if (value->is_boolean())
      to = value->get<bool>() ? "deprecated" : "";
    else
      text(*value, prefix_ + name, to);
  }

  caf::error error_;

 private:
  const json* find(const char* name) {
    if (error_)
      return nullptr;
    auto i = object_.find(name);
    return i == object_.end() || i->is_null() ? nullptr : &*i;
  }

  void wrong(const std::string& where, const std::string& expected,
             const json& found) {
    if (!error_)
      error_ =
          invalid(where + " is " + kind_of(found) + "; expected " + expected);
  }

  static std::string kind_of(const json& value) {
    if (value.is_number())
      return value.dump();
    std::string name = value.type_name();
    return (name.front() == 'a' || name.front() == 'o' ? "an " : "a ") + name;
  }

  void text(const json& value, const std::string& where, std::string& to) {
    if (value.is_string())
      to = value.get_ref<const std::string&>();
    else
      wrong(where, "a string", value);
  }

  template <class F>
  void object(const json& value, const std::string& where, F f) {
    if (!value.is_object())
      return wrong(where, "an object", value);
    members inner{value, where + "."};
    f(inner);
    if (!error_)
      error_ = std::move(inner.error_);
  }

  template <class F>
  void each(const char* name, std::size_t most, F f) {
    auto* value = find(name);
    if (value == nullptr)
      return;
    if (!value->is_array())
      return wrong(prefix_ + name, "an array", *value);
    if (value->size() > most) {
      error_ = fail(ec::too_large,
                    prefix_ + name + " has " + std::to_string(value->size())
                        + " items; expected at most " + std::to_string(most));
      return;
    }
    for (std::size_t i = 0; i < value->size() && !error_; ++i)
      f((*value)[i], prefix_ + name + "[" + std::to_string(i) + "]");
  }

  const json& object_;
  std::string prefix_;
};

caf::expected<package> read(const json& document,
                            const package_limits& limits) {
  package p;
  members m{document, ""};
  m.take("ecosystem", p.ecosystem);
  m.take("name", p.name);
  m.take("version", p.version);
  m.take("description", p.description);
  m.take("homepage", p.homepage);
  m.take("repository", p.repository);
  m.take("licenses", p.licenses, limits.list_items);
  m.take("keywords", p.keywords, limits.list_items);
  m.take("tags", p.tags, limits.list_items);
  m.take_objects("dependencies", limits.list_items, [&](members& in) {
    auto& d = p.dependencies.emplace_back();
    in.take("name", d.name);
    in.take("requirement", d.requirement);
    in.take("kind", d.kind);
  });
  m.take("versions", p.versions, limits.list_items);
  m.take_deprecated("deprecated", p.deprecated);
  m.take_number("used_by", p.used_by);
  m.take("readme", p.readme);
  m.take_objects("snippets", limits.list_items, [&](members& in) {
    auto& s = p.snippets.emplace_back();
    in.take("kind", s.kind);
    in.take("language", s.language);
    in.take("path", s.path);
    in.take_number("line", s.line);
    in.take("title", s.title);
    in.take("code", s.code);
  });
  m.take_object("archive", [&](members& in) {
    in.take("url", p.archive.url);
    in.take("algorithm", p.archive.algorithm);
    in.take("digest", p.archive.digest);
    in.take_number("bytes", p.archive.bytes);
    in.take("verified", p.archive.verified);
  });
  m.take("collected_at", p.collected_at);
  if (m.error_)
    return std::move(m.error_);
  if (auto ok = check_package(p); !ok)
    return ok.error();
  return p;
}

/// Writes members with their commas; leaves out what is empty.
class object_writer {
 public:
  explicit object_writer(std::string& out) : out_(out) { out_ += '{'; }
  void close() { out_ += '}'; }

  void name(std::string_view member) {
    if (out_.back() != '{')
      out_ += ',';
    append_json_string(out_, member);
    out_ += ':';
  }

  void text(std::string_view member, std::string_view value) {
    if (value.empty())
      return;
    name(member);
    append_json_string(out_, value);
  }

  void number(std::string_view member, std::uint64_t value) {
    name(member);
    out_ += std::to_string(value);
  }

  template <class List, class F>
  void list(std::string_view member, const List& values, F f) {
    if (values.empty())
      return;
    name(member);
    out_ += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0)
        out_ += ',';
      f(values[i]);
    }
    out_ += ']';
  }

  void texts(std::string_view member, const std::vector<std::string>& values) {
    list(member, values, [this](auto& v) { append_json_string(out_, v); });
  }

 private:
  std::string& out_;
};

void append(std::string& out, const package_snippet& s) {
  object_writer o{out};
  for (auto [member, value] :
       {std::pair<const char*, const std::string&>{"kind", s.kind},
        {"language", s.language},
        {"path", s.path},
        {"title", s.title},
        {"code", s.code}}) {
    o.name(member);
    append_json_string(out, value);
  }
  o.number("line", s.line);
  o.close();
}

void append(std::string& out, const package_dependency& d) {
  object_writer o{out};
  o.text("name", d.name);
  o.text("requirement", d.requirement);
  o.text("kind", d.kind);
  o.close();
}

void append(std::string& out, const package_archive& a) {
  object_writer o{out};
  o.text("url", a.url);
  o.text("algorithm", a.algorithm);
  o.text("digest", a.digest);
  o.number("bytes", a.bytes);
  o.name("verified");
  out += a.verified ? "true" : "false";
  o.close();
}

}  // namespace

caf::expected<package> parse_package(std::string_view document,
                                     const package_limits& limits) {
  if (document.size() > limits.bytes)
    return fail(ec::too_large,
                "the package document is " + std::to_string(document.size())
                    + " bytes long; expected at most "
                    + std::to_string(limits.bytes) + " (leave out snippets)");
  if (auto ok = check_json_object(document, limits.depth); !ok)
    return invalid("the package document is no JSON object: "
                   + message_of(ok.error()));
  try {
    return read(json::parse(document), limits);
  } catch (const json::exception& e) {
    // Half a surrogate pair, or a number that no double holds.
    return invalid(std::string{"the package document is unreadable: "}
                   + e.what());
  }
}

caf::expected<void> check_package_key(std::string_view ecosystem,
                                      std::string_view name) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'
           || c == '-';
  };
  auto good = !ecosystem.empty() && ecosystem.size() <= max_ecosystem_bytes;
  for (char c : ecosystem)
    good = good && allowed(c);
  if (!good)
    return invalid(ecosystem.empty()
                       ? "ecosystem is missing; expected for example npm"
                       : "ecosystem is no name of an ecosystem; expected 1 to "
                         "64 of the characters a-z 0-9 _ -, for example npm");
  return check_line("name", name, 1, max_package_name_bytes);
}

caf::expected<void> check_package_version(std::string_view version) {
  return check_line("version", version, 0, max_package_version_bytes);
}

caf::expected<void> check_package(const package& p) {
  if (auto ok = check_package_key(p.ecosystem, p.name); !ok)
    return ok;
  if (auto ok = check_package_version(p.version); !ok)
    return ok;
  for (std::size_t i = 0; i < p.snippets.size(); ++i)
    if (auto ok = check_line("snippets[" + std::to_string(i) + "].kind",
                             p.snippets[i].kind, 1, 64);
        !ok)
      return ok;
  for (std::size_t i = 0; i < p.dependencies.size(); ++i)
    if (auto ok = check_line("dependencies[" + std::to_string(i) + "].name",
                             p.dependencies[i].name, 1, max_package_name_bytes);
        !ok)
      return ok;
  return check_line("collected_at", p.collected_at, 0, 64);
}

std::string to_json(const package_snippet& s) {
  std::string out;
  return append(out, s), out;
}

std::string to_json(const package& p) {
  std::string out;
  object_writer o{out};
  auto item = [&](auto& value) { append(out, value); };
  o.text("ecosystem", p.ecosystem);
  o.text("name", p.name);
  o.text("version", p.version);
  o.text("description", p.description);
  o.text("homepage", p.homepage);
  o.text("repository", p.repository);
  o.texts("licenses", p.licenses);
  o.texts("keywords", p.keywords);
  o.texts("tags", p.tags);
  o.list("dependencies", p.dependencies, item);
  o.texts("versions", p.versions);
  o.text("deprecated", p.deprecated);
  if (p.used_by > 0)
    o.number("used_by", p.used_by);
  o.text("readme", p.readme);
  o.list("snippets", p.snippets, item);
  if (p.archive != package_archive{}) {
    o.name("archive");
    append(out, p.archive);
  }
  o.text("collected_at", p.collected_at);
  o.close();
  return out;
}

}  // namespace larder
