// What a writer has taken from its readers and cannot release yet, in batches:
// one stamp and one look at all readers for many removals.
//
// Thread rule: one writer.
#pragma once

#include "storage/artifact.hpp"
#include "storage/entry_table.hpp"
#include "storage/read_domain.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace larder {

class retired_list {
 public:
  explicit retired_list(read_domain& domain) : domain_(domain) {}

  /// Takes what no new reader can find any more.
  void add(artifact_ptr value) {
    open_.bytes += value->footprint();
    open_.values.push_back(std::move(value));
  }
  void add(std::unique_ptr<entry_table> table) {
    open_.bytes += table->footprint();
    open_.tables.push_back(std::move(table));
  }

  /// True when the open batch is worth a look at the readers.
  bool due(std::size_t max_bytes) const {
    return open_.values.size() >= 64 || open_.bytes >= max_bytes;
  }

  /// Closes the open batch, and releases those that every reader is past.
  void reclaim();

  std::size_t bytes() const { return open_.bytes + waiting_bytes_; }

 private:
  struct batch {
    std::uint64_t stamp = 0;
    std::size_t bytes = 0;
    std::vector<artifact_ptr> values;
    std::vector<std::unique_ptr<entry_table>> tables;
  };

  read_domain& domain_;
  batch open_;
  std::deque<batch> waiting_;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace larder
