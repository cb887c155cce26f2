// Changes of the package store that become visible and durable together: who
// wins, and what follows from it for words, tags, snippets and counters.
//
// Used by the package store alone. A batch that is not committed leaves no
// trace. It reads what is on disk, so a package changes at most once in it:
// has() tells.
//
// Thread rule: one thread; no other batch until it is committed or gone.
#pragma once

#include "storage/package_store_parts.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

class package_batch {
 public:
  explicit package_batch(const package_store::parts& store);

  /// Whose write it is, and what it must not overwrite.
  struct origin {
    /// Given by another node; absent: this node gives one.
    std::optional<std::int64_t> revision;
    /// Not applied if the package was removed after that revision.
    std::optional<std::int64_t> seen;
  };

  caf::expected<package_written> put(std::string_view json, const package& p,
                                     const origin& from);
  caf::expected<package_written> remove(const package_key& key,
                                        std::optional<std::int64_t> revision);
  void set_position(const package_log_position& position);

  bool has(const package_key& key) const;
  std::size_t bytes() const { return batch_.bytes(); }
  /// After that the batch is empty, and can be used again.
  caf::expected<void> commit();
  /// Forgets what is in it.
  void reset();

  // -- for reindex() ----------------------------------------------------------

  /// Adds what follows from a head that is there already.
  void add_details(const std::string& head, const package& p,
                   const package_records::summary_record& summary);
  void count(const std::string& ecosystem,
             const package_records::ecosystem_counters& by);
  rocks_batch& raw() { return batch_; }

 private:
  struct other_version;
  /// The package that is answered, and its line in lists.
  struct answered {
    package_records::summary_record summary;
    package p;
  };
  /// The version that is answered once the newer ones are gone.
  struct heir {
    kept_document kept;
    package p;
  };
  struct indexed {
    const package& p;
    const package_records::summary_record& summary;
  };

  /// Turns words, tags, snippets and summary of a package from one into the
  /// other; either may be nothing.
  void replace_details(const std::string& head,
                       const std::optional<indexed>& before,
                       const std::optional<indexed>& after);
  caf::expected<answered> answered_by(const std::string& head,
                                      const kept_document& top) const;
  caf::expected<heir> heir_in(const std::string& key) const;
  /// Keys of the notes on puts that nobody has been told of.
  caf::expected<std::vector<std::string>>
  untold_puts(const std::string& head) const;
  caf::expected<std::vector<other_version>>
  other_versions(const std::string& head) const;
  void put_document(std::string_view key, std::string_view json,
                    const package_records::document_meta& meta);

  const package_store::parts& store_;
  rocks_batch batch_;
  std::unique_ptr<search_update> words_;
  std::map<std::string, package_records::ecosystem_counters> counts_;
  std::set<std::string, std::less<>> changed_;
};

}  // namespace larder
