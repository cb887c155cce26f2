#include "storage/search_postings.hpp"

#include "storage/error.hpp"
#include "storage/search_layout.hpp"

#include <algorithm>
#include <cmath>

namespace larder {

namespace {

struct head {
  std::uint16_t count = 0;
  std::uint8_t heaviest = 0;
  std::uint8_t lightest = 0;
  std::uint32_t span = 0;
};

bool take_head(std::string_view& block, head& h) {
  if (block.size() < 4)
    return false;
  h.count = static_cast<std::uint16_t>(static_cast<std::uint8_t>(block[0]) + 1);
  h.heaviest = static_cast<std::uint8_t>(block[1]);
  h.lightest = static_cast<std::uint8_t>(block[2]);
  block.remove_prefix(3);
  return take_varint(block, h.span);
}

/// Documents and weights of a block behind its head; false: they are not there.
bool decode(std::uint32_t first, const head& h, std::string_view block,
            std::uint32_t* documents, std::uint8_t* weights) {
  documents[0] = first;
  for (std::size_t i = 1; i < h.count; ++i) {
    std::uint32_t delta = 0;
    if (!take_varint(block, delta))
      return false;
    documents[i] = documents[i - 1] + delta + 1;
  }
  if (h.heaviest == h.lightest) {
    std::fill_n(weights, h.count, h.heaviest);
    return block.empty();
  }
  if (block.size() != h.count)
    return false;
  std::transform(block.begin(), block.end(), weights,
                 [](char c) { return static_cast<std::uint8_t>(c); });
  return true;
}

}  // namespace

void append_varint(std::string& bytes, std::uint32_t number) {
  for (; number >= 0x80; number >>= 7)
    bytes.push_back(static_cast<char>(number | 0x80));
  bytes.push_back(static_cast<char>(number));
}

bool take_varint(std::string_view& bytes, std::uint32_t& number) {
  number = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 5; ++i) {
    auto byte = static_cast<unsigned char>(bytes[i]);
    number |= static_cast<std::uint32_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

std::string encode_block(const search_posting* postings, std::size_t count) {
  auto [lightest, heaviest] =
      std::minmax_element(postings, postings + count,
                          [](auto& a, auto& b) { return a.weight < b.weight; });
  std::string block;
  block.push_back(static_cast<char>(count - 1));
  block.push_back(static_cast<char>(heaviest->weight));
  block.push_back(static_cast<char>(lightest->weight));
  append_varint(block, postings[count - 1].document - postings[0].document);
  for (std::size_t i = 1; i < count; ++i)
    append_varint(block, postings[i].document - postings[i - 1].document - 1);
  if (heaviest->weight != lightest->weight)
    for (std::size_t i = 0; i < count; ++i)
      block.push_back(static_cast<char>(postings[i].weight));
  return block;
}

bool decode_block(std::uint32_t first, std::string_view block,
                  std::vector<search_posting>& postings) {
  head h;
  std::array<std::uint32_t, most_block_postings> documents;
  std::array<std::uint8_t, most_block_postings> weights;
  if (!take_head(block, h)
      || !decode(first, h, block, documents.data(), weights.data()))
    return false;
  postings.resize(h.count);
  for (std::size_t i = 0; i < h.count; ++i)
    postings[i] = {documents[i], weights[i]};
  return true;
}

caf::expected<search_postings> search_postings::load(const search_index& index,
                                                     std::string_view term,
                                                     rocks_cursor& cursor) {
  search_postings postings;
  auto prefix = search_layout::postings_prefix(index.prefix(), term);
  auto there = cursor.seek(prefix);
  for (; there && cursor.key().starts_with(prefix); there = cursor.next()) {
    std::uint32_t first = 0;
    if (!search_layout::take_first(cursor.key().substr(prefix.size()), first)
        || !postings.add(first, cursor.value()))
      return fail(ec::internal, "the search index in "
                                    + index.database().directory()
                                    + " is damaged at \"" + std::string{term}
                                    + "\"; make it anew");
  }
  if (!there && cursor.failed())
    return cursor.failed();
  // They came in the order of their keys.
  std::reverse(postings.blocks_.begin(), postings.blocks_.end());
  postings.rewind();
  return postings;
}

search_postings search_postings::united(search_postings one,
                                        search_postings other, double share) {
  std::vector<search_posting> all;
  all.reserve(one.count_ + other.count_);
  auto lighter = [&] {
    return static_cast<std::uint8_t>(
        std::max(1.0, std::floor(share * other.weight())));
  };
  while (one.document_ != end || other.document_ != end) {
    if (one.document_ < other.document_) {
      all.push_back({one.document_, one.weight()});
      one.next();
    } else if (other.document_ < one.document_) {
      all.push_back({other.document_, lighter()});
      other.next();
    } else {
      all.push_back({one.document_, std::max(one.weight(), lighter())});
      one.next();
      other.next();
    }
  }
  search_postings united;
  for (std::size_t i = 0; i < all.size(); i += most_block_postings)
    united.add(
        all[i].document,
        encode_block(&all[i], std::min(most_block_postings, all.size() - i)));
  united.rewind();
  return united;
}

bool search_postings::add(std::uint32_t first, std::string_view value) {
  auto rest = value;
  head h;
  if (!take_head(rest, h))
    return false;
  blocks_.push_back({first, first + h.span,
                     static_cast<std::uint32_t>(bytes_.size()),
                     static_cast<std::uint32_t>(rest.size()), h.count,
                     h.heaviest, h.lightest});
  bytes_.append(rest);
  count_ += h.count;
  heaviest_ = std::max(heaviest_, h.heaviest);
  return true;
}

void search_postings::enter(std::size_t number) {
  block_ = number;
  at_ = 0;
  if (block_ >= blocks_.size()) {
    document_ = end;
    in_block_ = 0;
    return;
  }
  auto& b = blocks_[block_];
  head h{b.count, b.heaviest, b.lightest, 0};
  in_block_ = b.count;
  // A block that is damaged in its middle has no more documents.
  if (!decode(b.first, h, std::string_view{bytes_}.substr(b.begin, b.bytes),
              documents_.data(), weights_.data()))
    in_block_ = 1;
  document_ = documents_[0];
}

void search_postings::advance(std::uint32_t document) {
  if (document_ >= document)
    return;
  if (blocks_[block_].last < document) {
    auto next = std::partition_point(
        blocks_.begin() + static_cast<std::ptrdiff_t>(block_) + 1,
        blocks_.end(), [&](auto& b) { return b.last < document; });
    enter(static_cast<std::size_t>(next - blocks_.begin()));
    if (document_ >= document)
      return;
  }
  auto* found = std::lower_bound(documents_.data() + at_,
                                 documents_.data() + in_block_, document);
  at_ = static_cast<std::size_t>(found - documents_.data());
  if (at_ < in_block_)
    document_ = documents_[at_];
  else
    enter(block_ + 1);
}

}  // namespace larder
