// Registry documents in JSON: parsed within bounds of depth and number, and
// read without trust in the kind of any member.
//
// Used by the .cpp files of the registries, and of commands that read what a
// node answers: it names the JSON library.
// Thread rule: no state. No call throws.
#pragma once

#include <caf/expected.hpp>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

/// The object in `body`. `kept(depth, name)`: whether to keep the member of
/// that name of an object so deep (1: the outermost); what is not kept takes no
/// memory. Takes time in proportion to the body, and memory to what is kept,
/// whatever is in it. Fails with `unavailable`: `where` did not serve what was
/// expected; more than 64 levels or 200,000 values are not.
caf::expected<nlohmann::json> parse_document(
    std::string_view body, const std::string& where,
    const std::function<bool(std::size_t, const std::string&)>& kept = {});

/// A member that is a text; empty if there is none.
std::string text_of(const nlohmann::json& object, const char* member);

/// A member that is a whole number; 0 if there is none.
std::uint64_t number_of(const nlohmann::json& object, const char* member);

/// A member that is an object; a null that never dangles if there is none.
const nlohmann::json& object_of(const nlohmann::json& object,
                                std::string_view member);

/// A member that is a list; the same.
const nlohmann::json& list_of(const nlohmann::json& object,
                              std::string_view member);

/// The texts in a list.
std::vector<std::string> texts_of(const nlohmann::json& list);

}  // namespace larder
