// What a change of documents does to the index: the postings that differ, block
// by block, each touched block read and written once for the whole batch.
#include "storage/error.hpp"
#include "storage/ordered_key.hpp"
#include "storage/search_index.hpp"
#include "storage/search_layout.hpp"
#include "storage/search_names.hpp"
#include "storage/search_postings.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace larder {

namespace {

using search_layout::analysed;
using search_layout::key;
using search_layout::meta;

/// One posting to be set, or with no weight taken out.
struct edit {
  std::string_view term;
  std::uint32_t document;
  std::uint8_t weight;
};

/// The postings of one term that change, written into a batch.
class term_edit {
 public:
  /// Documents from `first_new` on are in no block yet.
  term_edit(const search_index& index, rocks_cursor& cursor, rocks_batch& batch,
            std::uint32_t first_new)
      : index_{index}, cursor_{cursor}, batch_{batch}, first_new_{first_new} {}

  /// `from` to `to`: edits of one term by document. False: a block is damaged,
  /// or the cursor failed.
  bool apply(const edit* from, const edit* to) {
    prefix_ = search_layout::postings_prefix(index_.prefix(), from->term);
    // The last documents first: then a block's edits are all that are not
    // before its first document.
    while (from != to) {
      auto found = find_block(to[-1].document);
      if (!found)
        return false;
      auto begin =
          std::find_if(from, to, [&](auto& e) { return e.document >= *found; });
      merge(begin, to);
      write();
      to = begin;
    }
    return true;
  }

 private:
  /// Reads the block where `document` belongs, and answers from which document
  /// on it takes them. No block at all: an empty one that takes everything.
  std::optional<std::uint32_t> find_block(std::uint32_t document) {
    old_.clear();
    postings_.clear();
    auto at = prefix_;
    search_layout::append_first(at, document);
    auto there = cursor_.seek(at) && is_block();
    // Before all others: with the first of them.
    auto is_first = !there;
    if (!there && document < first_new_)
      there = cursor_.seek_last(at) && is_block();
    if (there) {
      old_ = cursor_.key();
      if (!decode_block(first_of(old_), cursor_.value(), postings_))
        return std::nullopt;
      is_first = is_first || !cursor_.next() || !is_block();
    }
    if (cursor_.failed())
      return std::nullopt;
    return is_first ? 0 : first_of(old_);
  }

  bool is_block() const {
    return cursor_.key().size() == prefix_.size() + sizeof(std::uint32_t)
           && cursor_.key().starts_with(prefix_);
  }

  std::uint32_t first_of(std::string_view block_key) const {
    std::uint32_t first = 0;
    search_layout::take_first(block_key.substr(prefix_.size()), first);
    return first;
  }

  void merge(const edit* from, const edit* to) {
    std::vector<search_posting> merged;
    merged.reserve(postings_.size() + static_cast<std::size_t>(to - from));
    appended_ = postings_.empty() || from->document > postings_.back().document;
    auto old = postings_.begin();
    for (; from != to; ++from) {
      while (old != postings_.end() && old->document < from->document)
        merged.push_back(*old++);
      if (old != postings_.end() && old->document == from->document)
        ++old;
      if (from->weight != 0)
        merged.push_back({from->document, from->weight});
    }
    merged.insert(merged.end(), old, postings_.end());
    postings_ = std::move(merged);
  }

  /// Full blocks where documents are added at the end, equal ones where they
  /// come in between.
  void write() {
    auto blocks =
        (postings_.size() + most_block_postings - 1) / most_block_postings;
    auto each = blocks == 0 || appended_
                    ? most_block_postings
                    : (postings_.size() + blocks - 1) / blocks;
    auto keeps_key = false;
    for (std::size_t i = 0; i < postings_.size(); i += each) {
      auto block = prefix_;
      search_layout::append_first(block, postings_[i].document);
      keeps_key = keeps_key || block == old_;
      batch_.put(
          index_.family(), block,
          encode_block(&postings_[i], std::min(each, postings_.size() - i)));
    }
    if (!old_.empty() && !keeps_key)
      batch_.erase(index_.family(), old_);
  }

  const search_index& index_;
  rocks_cursor& cursor_;
  rocks_batch& batch_;
  std::uint32_t first_new_;
  std::string prefix_;
  std::string old_;
  std::vector<search_posting> postings_;
  bool appended_ = false;
};

}  // namespace

struct search_update::pending {
  struct changed {
    std::optional<analysed> before;
    std::optional<analysed> after;
    std::uint32_t document = 0;
  };

  const search_index& index;
  search_splitter splitter;
  std::map<std::string, changed> documents;

  caf::expected<void> number(rocks_batch& batch, meta& m);
  caf::expected<void> write_names(rocks_batch& batch);
  std::vector<edit> edits() const;
};

search_update::search_update(const search_index& index)
    : pending_{new pending{index, {}, {}}} {}
search_update::~search_update() = default;

void search_update::change(const search_document* before,
                           const search_document* after) {
  if (before == nullptr && after == nullptr)
    return;
  auto analyse = [&](const search_document* d) {
    return d == nullptr ? std::optional<analysed>{}
                        : search_layout::analyse(*d, pending_->splitter);
  };
  auto& id = (before == nullptr ? after : before)->id;
  auto [at, is_new] = pending_->documents.try_emplace(id);
  if (is_new)
    at->second.before = analyse(before);
  at->second.after = analyse(after);
}

/// Gives each document its number.
caf::expected<void> search_update::pending::number(rocks_batch& batch,
                                                   meta& m) {
  auto& db = index.database();
  std::string value;
  for (auto& [id, d] : documents) {
    auto id_key = key(index.prefix(), search_layout::id_key, id);
    auto there = db.get(index.family(), id_key, value);
    if (!there)
      return std::move(there.error());
    if (*there != d.before.has_value())
      return fail(ec::internal,
                  "the search index in " + db.directory() + " "
                      + (*there ? "has already" : "does not have") + " \"" + id
                      + "\", unlike its record; make the index anew");
    if (*there) {
      std::string_view rest{value};
      ordered_key::take(rest, d.document);
      if (d.after)
        continue;
      batch.erase(index.family(), id_key);
      batch.erase(index.family(),
                  key(index.prefix(), search_layout::document_key, d.document));
      --m.documents;
    } else if (d.after) {
      d.document = m.next_document++;
      ++m.documents;
      std::string number;
      ordered_key::append_u32(number, d.document);
      batch.put(index.family(), id_key, number);
      batch.put(index.family(),
                key(index.prefix(), search_layout::document_key, d.document),
                id);
    }
  }
  return {};
}

caf::expected<void> search_update::pending::write_names(rocks_batch& batch) {
  std::map<std::string, std::string> names;
  auto value_of = [&](const std::string& name) -> caf::expected<std::string*> {
    auto [at, is_new] = names.try_emplace(name);
    if (is_new)
      if (auto read = index.database().get(
              index.family(),
              key(index.prefix(), search_layout::name_key, name), at->second);
          !read)
        return std::move(read.error());
    return &at->second;
  };
  for (auto& [id, d] : documents) {
    if (d.before && d.after && d.before->name == d.after->name
        && d.before->name_hash == d.after->name_hash)
      continue;
    if (d.before && !d.before->name.empty()) {
      auto value = value_of(d.before->name);
      if (!value)
        return std::move(value.error());
      take_from_name(**value, d.document);
    }
    if (d.after && !d.after->name.empty()) {
      auto value = value_of(d.after->name);
      if (!value)
        return std::move(value.error());
      add_to_name(**value, d.document, d.after->name_hash);
    }
  }
  for (auto& [name, value] : names) {
    auto name_key = key(index.prefix(), search_layout::name_key, name);
    if (value.empty())
      batch.erase(index.family(), name_key);
    else
      batch.put(index.family(), name_key, value);
  }
  return {};
}

/// What differs, by term and document.
std::vector<edit> search_update::pending::edits() const {
  static const analysed nothing;
  std::vector<edit> all;
  for (auto& [id, d] : documents) {
    auto& before = (d.before ? *d.before : nothing).terms;
    auto& after = (d.after ? *d.after : nothing).terms;
    auto old = before.begin();
    for (auto& term : after) {
      for (; old != before.end() && old->text < term.text; ++old)
        all.push_back({old->text, d.document, 0});
      auto is_there = old != before.end() && old->text == term.text;
      if (!is_there || old->weight != term.weight)
        all.push_back({term.text, d.document, term.weight});
      if (is_there)
        ++old;
    }
    for (; old != before.end(); ++old)
      all.push_back({old->text, d.document, 0});
  }
  std::sort(all.begin(), all.end(), [](auto& a, auto& b) {
    return std::tie(a.term, a.document) < std::tie(b.term, b.document);
  });
  return all;
}

caf::expected<void> search_update::finish(rocks_batch& batch) {
  auto& index = pending_->index;
  rocks_batch own;
  auto m = search_layout::read_meta(index, nullptr);
  if (!m)
    return std::move(m.error());
  auto first_new = m->next_document;
  if (auto ok = pending_->number(own, *m); !ok)
    return ok;
  if (auto ok = pending_->write_names(own); !ok)
    return ok;
  auto edits = pending_->edits();
  auto cursor = index.database().cursor(index.family());
  term_edit each{index, cursor, own, first_new};
  for (auto* from = edits.data(); from != edits.data() + edits.size();) {
    auto* to = std::find_if(from, edits.data() + edits.size(),
                            [&](auto& e) { return e.term != from->term; });
    if (!each.apply(from, to))
      return cursor.failed()
                 ? cursor.failed()
                 : fail(ec::internal,
                        "the search index in " + index.database().directory()
                            + " is damaged at \"" + std::string{from->term}
                            + "\"; make it anew");
    from = to;
  }
  own.put(index.family(), key(index.prefix(), search_layout::meta_key),
          search_layout::to_bytes(*m));
  batch.append(own);
  pending_->documents.clear();
  return {};
}

}  // namespace larder
