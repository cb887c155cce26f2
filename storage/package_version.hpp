// The order of versions, as the registry that they come from has it.
//
// Used by the package store, which answers the highest release when nobody
// asked for a version. The order is total and never fails: what is no version
// at all is older than everything that is one, and ordered by its bytes.
//
//   npm, cargo, hex   Semantic Versioning 2.0.0, section 11, with any number
//                     of numeric parts and a leading "v"
//   pypi              PEP 440: epoch, release, pre, post, dev, local
//   debian            deb-version(7): epoch, upstream, revision; "~" first
//   any other         the first rule
//
// Thread rule: no state.
#pragma once

#include <compare>
#include <string_view>

namespace larder {

/// By the ecosystem's order; equal only for what that order holds to be equal
/// ("1.0" and "1.0.0" of pypi).
std::weak_ordering compare_versions(std::string_view ecosystem,
                                    std::string_view a, std::string_view b);

/// Whether the version is before a release: 1.0.0-rc.1, 2.0b1, 3.0.dev2,
/// 1.0~rc1. What is no version at all is one too.
bool is_prerelease(std::string_view ecosystem, std::string_view version);

/// Whether `a` is to be answered rather than `b` when no version is asked for:
/// releases before prereleases, then the higher, then the greater bytes.
bool is_preferred(std::string_view ecosystem, std::string_view a,
                  std::string_view b);

}  // namespace larder
