#include "config/dump.hpp"

#include "config/setting_table.hpp"

#include <cstdio>
#include <string_view>

namespace larder::config {

namespace {

constexpr std::size_t columns = 80;

constexpr std::string_view preamble =
    "# The settings of a Larder node, each with its default. All are optional. "
    "The flag, the environment, this file and the default say what a setting "
    "is, the first of them that says anything. In the environment, memory.ttl "
    "is LARDER_MEMORY__TTL, and so on; the usual name of another program's "
    "variable is given where there is one. Durations are 500ms, 2s, 30m, 1h, "
    "7d or plain milliseconds; sizes are 512KiB, 64MiB, 1GiB or plain bytes. "
    "Paths are relative to the directory that larder is started in. \"reload\" "
    "marks what SIGHUP applies; all else needs a restart.";

// Quoted, so that no text can be taken for a number, a comment or a map.
std::string yaml_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02X", byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string yaml_line(const setting& s, const settings& from) {
  const auto shown = print_shown(s, from);
  return (section_of(s).empty() ? "" : "  ") + std::string(key_of(s)) + ": "
         + (is_text(s) ? yaml_text(shown) : shown) + "\n";
}

// Appends `text` as comment lines of at most 80 columns.
void add_comment(std::string& out, std::string_view indent,
                 std::string_view text) {
  const auto start = std::string(indent) + "#";
  std::string line = start;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (line != start && line.size() + 1 + end > columns) {
      out += line + "\n";
      line = start;
    }
    line += " " + std::string(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out += line + "\n";
}

std::string comment_of(const setting& s) {
  std::string notes;
  const auto add = [&](std::string_view note) {
    notes += (notes.empty() ? "" : "; ") + std::string(note);
  };
  if (const auto range = bounds(s); !range.empty() && range != "true or false")
    add(range);
  if (!s.usual.empty())
    add(std::string(s.usual) + (is_in_seconds(s) ? " (seconds)" : ""));
  if (s.reload)
    add("reload");
  return std::string(s.sentence) + (notes.empty() ? "" : " [" + notes + "]");
}

}  // namespace

std::string dump(const settings& s) {
  std::string out;
  std::string_view section;
  for (const auto& entry : all_settings()) {
    if (section_of(entry) != section) {
      section = section_of(entry);
      out += std::string(section) + ":\n";
    }
    out += yaml_line(entry, s);
  }
  return out;
}

std::string document() {
  const settings defaults;
  std::string out;
  add_comment(out, "", preamble.substr(2));
  out += "\n";
  for (const auto& entry : all_settings())
    if (section_of(entry).empty()) {
      add_comment(out, "", comment_of(entry));
      out += yaml_line(entry, defaults);
    }
  for (const auto& section : sections()) {
    out += "\n";
    add_comment(out, "", section.sentence);
    out += std::string(section.name) + ":\n";
    for (const auto& entry : all_settings())
      if (section_of(entry) == section.name) {
        add_comment(out, "  ", comment_of(entry));
        out += yaml_line(entry, defaults);
      }
  }
  return out;
}

}  // namespace larder::config
