#include "cluster/consistency.hpp"

#include <utility>

namespace larder {

namespace {

bool same_bytes(const answer_mark& a, const fingerprint& f) {
  if (a.present != f.present)
    return false;
  return a.digest.empty() || f.digest.empty() || a.digest == f.digest;
}

bool same(const fingerprint& a, const fingerprint& b) {
  return a.info == b.info
         && a.present == b.present
         // A value that had no room in one answer is the same value.
         && (a.digest == b.digest || a.digest.empty() || b.digest.empty());
}

// An absence without a revision: there is only the source of truth to go by.
verdict judge_absence(const fingerprint& before, const fingerprint& after) {
  return before.present && after.info == before.info ? verdict::older
                                                     : verdict::fresh;
}

// The epoch has changed since `before`, or the answer is of neither: only
// the bytes can tell.
verdict judge_across_epochs(const answer_mark& answer,
                            const fingerprint& after) {
  if (answer.info.epoch != after.info.epoch)
    return !answer.digest.empty() && same_bytes(answer, after) ? verdict::fresh
                                                               : verdict::older;
  return answer.info.revision > after.info.revision ? verdict::from_nowhere
                                                    : verdict::fresh;
}

}  // namespace

std::string_view name_of(verdict v) {
  switch (v) {
  case verdict::fresh:
    return "is fresh";
  case verdict::marked:
    return "is marked stale";
  case verdict::older:
    return "is older";
  case verdict::other_bytes:
    return "has other bytes";
  case verdict::from_nowhere:
    return "has a revision that does not exist";
  }
  return "unknown";
}

verdict judge(const answer_mark& answer, const fingerprint& before,
              const fingerprint& after) {
  if (answer.stale)
    return verdict::marked;
  if (!answer.present && answer.info.revision == 0)
    return judge_absence(before, after);
  if (answer.info.epoch != before.info.epoch)
    return judge_across_epochs(answer, after);
  if (answer.info.revision < before.info.revision)
    return verdict::older;
  if (answer.info.revision > before.info.revision)
    return after.info.epoch == answer.info.epoch
                   && answer.info.revision > after.info.revision
               ? verdict::from_nowhere
               : verdict::fresh;
  // The bytes of a revision change only where somebody goes past the
  // triggers; whoever has the new ones already is not to blame.
  return same_bytes(answer, before) || same_bytes(answer, after)
             ? verdict::fresh
             : verdict::other_bytes;
}

void truth_history::learn(fingerprint f, time_point at) {
  if (!known_.empty() && same(known_.back().what, f)) {
    if (known_.back().what.digest.empty())
      known_.back().what.digest = f.digest;
    known_.back().what.age = f.age;
    return;
  }
  known_.push_back({at, std::move(f)});
}

const fingerprint* truth_history::known_at(time_point t) const {
  for (auto i = known_.rbegin(); i != known_.rend(); ++i)
    if (i->since <= t)
      return &i->what;
  return nullptr;
}

void truth_history::forget_before(time_point t) {
  while (known_.size() > 1 && known_[1].since <= t)
    known_.pop_front();
}

}  // namespace larder
