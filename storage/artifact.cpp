#include "storage/artifact.hpp"

#include "storage/whole_number.hpp"

#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <utility>

namespace larder {

epoch::epoch(std::string_view text) {
  if (text.empty())
    return;
  // Epochs are few (one a restore or TRUNCATE) and live as long as the
  // process.
  static std::mutex mutex;
  static std::set<std::string, std::less<>> interned;
  std::lock_guard guard{mutex};
  auto i = interned.find(text);
  if (i == interned.end())
    i = interned.emplace(text).first;
  text_ = &*i;
}

namespace {

/// The last number of "…-number", taken off; nothing if there is none.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  auto dash = text.rfind('-');
  if (dash == std::string_view::npos)
    return {};
  auto number = whole_number<std::uint64_t>(text.substr(dash + 1));
  if (number)
    text = text.substr(0, dash);
  return number;
}

}  // namespace

bool epoch::precedes(const epoch& other) const {
  auto mine = text(), theirs = other.text();
  auto my_counter = take_number(mine), their_counter = take_number(theirs);
  auto my_timeline = take_number(mine), their_timeline = take_number(theirs);
  return mine == theirs && my_timeline && their_timeline
         && std::pair{my_timeline, my_counter}
                < std::pair{their_timeline, their_counter};
}

artifact_ptr artifact::make(key_view key, std::string_view content,
                            version_info info) {
  auto size =
      sizeof(artifact) + key.type.size() + key.id.size() + content.size();
  auto* block = ::operator new(size);
  return artifact_ptr{new (block) artifact(key, content, info)};
}

artifact::artifact(key_view key, std::string_view content, version_info info)
    : info_(info), content_size_(static_cast<std::uint32_t>(content.size())),
      id_size_(static_cast<std::uint16_t>(key.id.size())),
      type_size_(static_cast<std::uint8_t>(key.type.size())) {
  auto* to = reinterpret_cast<char*>(this + 1);
  auto append = [&to](std::string_view part) {
    if (!part.empty())
      std::memcpy(to, part.data(), part.size());
    to += part.size();
  };
  append(key.type);
  append(key.id);
  append(content);
}

void artifact::destroy(const artifact* a) {
  a->~artifact();
  ::operator delete(const_cast<artifact*>(a));
}

std::size_t artifact::footprint() const {
  // 16: what the allocator keeps beside a block, and its rounding.
  return sizeof(artifact) + type_size_ + id_size_ + content_size_ + 16;
}

}  // namespace larder
