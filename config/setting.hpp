// What there is to know about one setting: its name, where its value lives in
// `settings`, how it is written, what it may be, and a sentence for operators.
// The entries are in setting_table.cpp; everything else (YAML keys, environment
// names, validation, `dump`, larder.yaml) is derived from them.
//
// Thread rule: immutable data and pure functions.
#pragma once

#include "config/settings.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace larder::config {

/// The member of `settings` that holds the value. Its type decides how the
/// value is written: text, flag, whole number or duration.
using accessor =
    std::variant<std::string& (*)(settings&), bool& (*)(settings&),
                 std::uint16_t& (*)(settings&), std::uint32_t& (*)(settings&),
                 std::uint64_t& (*)(settings&), milliseconds& (*)(settings&),
                 seconds& (*)(settings&)>;

struct setting {
  /// "section.key", or the key alone at the top level.
  std::string_view name;
  accessor value;
  /// One sentence for the operator.
  std::string_view sentence;
  /// Bounds of a number, both inclusive; durations in milliseconds.
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  /// A number of bytes, written `64MiB`.
  bool in_bytes = false;
  /// The words that a text may be: "memory|file". Empty: any text.
  std::string_view choices = {};
  /// Whether a text is good, and the words for what is.
  bool (*check)(std::string_view) = nullptr;
  std::string_view wanted = {};
  /// Never shown.
  bool secret = false;
  /// An address with a secret inside, shown without it.
  bool holds_secret = false;
  /// A reload applies it; otherwise a restart does.
  bool reload = false;
  /// The environment variable that other programs use for the same thing.
  /// Empty there means not set; a plain number is in seconds there.
  std::string_view usual = {};
};

/// "memory" of "memory.ttl"; empty at the top level.
std::string_view section_of(const setting& s);

/// "ttl" of "memory.ttl".
std::string_view key_of(const setting& s);

/// "LARDER_MEMORY__TTL".
std::string environment_name(const setting& s);

/// What the value may be, in short: "1 to 64", "memory or file"; empty for
/// any text.
std::string bounds(const setting& s);

/// What the value may be, to follow "expected": "a whole number from 1 to 64".
std::string expected(const setting& s);

/// Reads `text` into `into`. Tells nothing when done; else what was expected,
/// and `into` is as it was.
std::optional<std::string> assign(const setting& s, settings& into,
                                  std::string_view text);

/// The value as an operator would write it, secrets included.
std::string print(const setting& s, const settings& from);

/// The value as it may be shown: a secret is `***` when set.
std::string print_shown(const setting& s, const settings& from);

/// `text` as an error sentence may quote it: nothing of a secret.
std::string quote_shown(const setting& s, std::string_view text);

/// Whether values of this setting are text, which YAML needs quoted.
bool is_text(const setting& s);

/// Whether a plain number is seconds in its usual environment variable.
bool is_in_seconds(const setting& s);

}  // namespace larder::config
