#include "storage/read_domain.hpp"

#include <limits>

namespace larder {

read_domain::~read_domain() {
  for (auto* s = slots_.load(); s != nullptr;) {
    auto* next = s->next;
    delete s;
    s = next;
  }
}

read_domain::slot& read_domain::enter() {
  std::lock_guard guard{mutex_};
  for (auto* s = slots_.load(); s != nullptr; s = s->next)
    if (!s->taken) {
      s->taken = true;
      return *s;
    }
  auto* s = new slot;
  s->next = slots_.load();
  slots_.store(s);  // writers walk the list without the mutex
  return *s;
}

void read_domain::leave(slot& s) {
  offline(s);
  std::lock_guard guard{mutex_};
  s.taken = false;
}

// A writer removes, stamps, then looks at our slot. If it still finds us
// offline, its stamp comes before our store in the one order of all
// sequentially consistent operations, so the second load here reads that stamp
// and we see the removal. Without that load we could find, through a pointer
// read early, an entry whose writer has just been told that nobody is online.
void read_domain::online(slot& s) {
  s.seen.store(epoch_.load(), std::memory_order_seq_cst);
  (void)epoch_.load(std::memory_order_seq_cst);
}

std::uint64_t read_domain::stamp() {
  return epoch_.fetch_add(1, std::memory_order_seq_cst) + 1;
}

std::uint64_t read_domain::safe() const {
  auto oldest = std::numeric_limits<std::uint64_t>::max();
#ifndef LARDER_MUTANT_NO_GRACE_PERIOD
  for (auto* s = slots_.load(); s != nullptr; s = s->next)
    if (auto seen = s->seen.load(std::memory_order_seq_cst);
        seen != 0 && seen < oldest)
      oldest = seen;
#endif
  return oldest;
}

}  // namespace larder
