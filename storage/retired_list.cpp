#include "storage/retired_list.hpp"

#include <utility>

namespace larder {

void retired_list::reclaim() {
  if (open_.bytes > 0) {
    open_.stamp = domain_.stamp();
    waiting_bytes_ += open_.bytes;
    waiting_.push_back(std::exchange(open_, {}));
  }
  if (waiting_.empty())
    return;
  auto safe = domain_.safe();
  while (!waiting_.empty() && waiting_.front().stamp <= safe) {
    waiting_bytes_ -= waiting_.front().bytes;
    waiting_.pop_front();
  }
}

}  // namespace larder
