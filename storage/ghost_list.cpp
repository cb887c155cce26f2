#include "storage/ghost_list.hpp"

#include <algorithm>

namespace larder {

void ghost_list::add(std::uint32_t hash) {
  if (buckets_.empty())
    return;
  if (++additions_ == 0)  // wrapped; an empty entry would look new
    additions_ = 1;
  auto& b = bucket_of(hash);
  // Age is a difference, so the count may wrap around.
  auto age = [&](const entry& e) {
    return e.added == 0 ? ~std::uint32_t{0} : additions_ - e.added;
  };
  auto oldest =
      std::max_element(b.begin(), b.end(), [&](const entry& x, const entry& y) {
        return age(x) < age(y);
      });
  *oldest = {hash, additions_};
}

bool ghost_list::take(std::uint32_t hash, std::size_t length) {
  if (buckets_.empty())
    return false;
  for (auto& e : bucket_of(hash))
    if (e.added != 0 && e.hash == hash) {
      bool young = additions_ - e.added < length;
      e = {};
      if (young)
        return true;
    }
  return false;
}

void ghost_list::reserve(std::size_t length) {
  // A quarter more than it must hold: hashes do not fill buckets evenly.
  auto needed = (length + length / 4) / std::tuple_size_v<bucket> + 1;
  if (needed <= buckets_.size())
    return;
  std::vector<entry> kept;
  for (const auto& b : buckets_)
    for (const auto& e : b)
      if (e.added != 0)
        kept.push_back(e);
  buckets_.assign(std::max(needed, buckets_.size() * 2), {});
  for (const auto& e : kept)
    for (auto& place : bucket_of(e.hash))
      if (place.added == 0) {
        place = e;
        break;
      }
}

ghost_list::bucket& ghost_list::bucket_of(std::uint32_t hash) {
  auto mixed = (hash * 0x9E3779B97F4A7C15ull) >> 32;
  return buckets_[(mixed * buckets_.size()) >> 32];
}

}  // namespace larder
