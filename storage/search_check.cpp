// Whether the index says of every document what the document says itself: for
// each, a sum over hashes of its terms and weights, once as the records have it
// and once as the postings do.
#include "storage/error.hpp"
#include "storage/ordered_key.hpp"
#include "storage/search_index.hpp"
#include "storage/search_layout.hpp"
#include "storage/search_names.hpp"
#include "storage/search_postings.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace larder {

namespace {

using search_layout::key;

/// FNV-1a with a last mix (MurmurHash3's), so that sums of it tell sets apart.
std::uint64_t hash_of(std::string_view text, std::uint64_t salt) {
  std::uint64_t hash = 14695981039346656037u ^ salt;
  for (unsigned char c : text)
    hash = (hash ^ c) * 1099511628211u;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
  return hash ^ (hash >> 33);
}

std::uint64_t hash_of_name(std::string_view name, std::uint16_t hash) {
  return hash_of(name, (std::uint64_t{1} << 32) | hash);
}

}  // namespace

struct search_check::seen {
  const search_index& index;
  const rocks_snapshot& at;
  search_splitter splitter;
  /// By document: what its record says less what the index says.
  std::unordered_map<std::uint32_t, std::uint64_t> differences;
  std::uint64_t expected = 0;
  std::vector<std::string> wrong;
  std::uint64_t not_listed = 0;

  void report(std::string sentence, std::size_t most = 1000) {
    if (wrong.size() < most)
      wrong.push_back(std::move(sentence));
    else
      ++not_listed;
  }

  /// The keys of one kind, without prefix and kind.
  caf::expected<void> each(char kind, const rocks_database::visitor& visit) {
    auto prefix = key(index.prefix(), kind);
    return index.database().each_prefix(
        index.family(), prefix,
        [&](std::string_view k, std::string_view value) {
          k.remove_prefix(prefix.size());
          return visit(k, value);
        },
        &at);
  }

  caf::expected<void> take_postings(char kind) {
    std::vector<search_posting> postings;
    std::string last_term;
    std::uint32_t last_first = 0;
    return each(kind, [&](std::string_view k, std::string_view value) {
      auto term = k.substr(0, k.find('\0'));
      auto rest = k.substr(std::min(k.size(), term.size() + 1));
      std::uint32_t first = 0;
      if (!search_layout::take_first(rest, first)
          || !decode_block(first, value, postings)) {
        report("the postings of \"" + std::string{term} + "\" are damaged");
        return true;
      }
      if (term == last_term && postings.back().document >= last_first)
        report("the postings of \"" + std::string{term} + "\" overlap");
      last_term = term;
      last_first = first;
      auto named = std::string(1, kind).append(term);
      for (auto& p : postings)
        differences[p.document] -= hash_of(named, p.weight);
      return true;
    });
  }
};

search_check::search_check(const search_index& index, const rocks_snapshot& at)
    : seen_{new seen{index, at, {}, {}, 0, {}, 0}} {}
search_check::~search_check() = default;

caf::expected<void> search_check::expect(const search_document& document) {
  auto& s = *seen_;
  ++s.expected;
  std::string value;
  auto found = s.index.database().get(
      s.index.family(),
      key(s.index.prefix(), search_layout::id_key, document.id), value, &s.at);
  if (!found)
    return std::move(found.error());
  std::uint32_t number = 0;
  std::string_view rest{value};
  if (!*found || !ordered_key::take(rest, number)) {
    s.report("\"" + document.id + "\" is not in the search index");
    return {};
  }
  auto& difference = s.differences[number];
  auto a = search_layout::analyse(document, s.splitter);
  for (auto& term : a.terms)
    difference += hash_of(term.text, term.weight);
  if (!a.name.empty())
    difference += hash_of_name(a.name, a.name_hash);
  return {};
}

caf::expected<std::vector<std::string>> search_check::finish(std::size_t most) {
  auto& s = *seen_;
  for (auto kind : {search_layout::term_key, search_layout::filter_key})
    if (auto ok = s.take_postings(kind); !ok)
      return std::move(ok.error());
  auto names = s.each(
      search_layout::name_key, [&](std::string_view name, auto documents) {
        each_named(documents, [&](std::uint32_t document, std::uint16_t hash) {
          s.differences[document] -= hash_of_name(name, hash);
        });
        return true;
      });
  if (!names)
    return std::move(names.error());

  std::uint64_t documents = 0;
  auto numbers = s.each(search_layout::document_key, [&](std::string_view k,
                                                         std::string_view id) {
    ++documents;
    std::uint32_t number = 0;
    ordered_key::take(k, number);
    auto at = s.differences.find(number);
    if (at == s.differences.end() || at->second != 0)
      s.report("\"" + std::string{id}
               + "\" is not in the search index as its record has it");
    if (at != s.differences.end())
      s.differences.erase(at);
    return true;
  });
  if (!numbers)
    return std::move(numbers.error());
  std::uint64_t ids = 0;
  if (auto ok = s.each(search_layout::id_key,
                       [&](auto, auto) {
                         ++ids;
                         return true;
                       });
      !ok)
    return std::move(ok.error());
  for (auto& [number, difference] : s.differences)
    s.report("the search index has postings of document "
             + std::to_string(number) + ", which does not exist");
  auto meta = search_layout::read_meta(s.index, &s.at);
  if (!meta)
    return std::move(meta.error());
  if (meta->documents != s.expected || documents != s.expected
      || ids != s.expected)
    s.report("the search index counts " + std::to_string(meta->documents)
             + " documents, and has " + std::to_string(documents)
             + "; there are " + std::to_string(s.expected) + " records");
  auto wrong = std::move(s.wrong);
  if (wrong.size() > most) {
    s.not_listed += wrong.size() - most;
    wrong.resize(most);
  }
  if (s.not_listed > 0)
    wrong.push_back("… and " + std::to_string(s.not_listed) + " more");
  return wrong;
}

}  // namespace larder
