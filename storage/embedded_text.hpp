// The text of an artifact: what its words are indexed by, and what highlights
// are cut from.
//
// Used by the embedded store. Thread rule: functions of their arguments.
#pragma once

#include "storage/embedded_records.hpp"
#include "storage/search_index.hpp"

#include <string>

namespace larder::embedded {

/// Of every JSON value: the strings in it are its text. Of anything else: all
/// of it.
search_document document_of(const key& k, const value_row& value);

/// The document's text for people, the description first.
std::string readable(const search_document& document);

/// What restricts a query to a type.
std::string type_filter(std::string_view type);

}  // namespace larder::embedded
