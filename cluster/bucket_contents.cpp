#include "cluster/bucket_contents.hpp"

#include "cluster/jetstream_reader.hpp"

#include <chrono>
#include <functional>
#include <utility>

namespace larder {

namespace {

constexpr std::chrono::milliseconds pause{500};

std::size_t number_of(std::string_view tokens) {
  return std::hash<std::string_view>{}(tokens);
}

}  // namespace

bucket_contents::bucket_contents(std::shared_ptr<nats::client> client,
                                 std::string bucket)
    : client_(std::move(client)), bucket_(std::move(bucket)),
      prefix_("$KV." + bucket_ + '.') {}

bucket_contents::~bucket_contents() {
  if (reader_)
    reader_->end();
}

void bucket_contents::read() {
  nats::stream_wish stream;
  stream.name = "KV_" + bucket_;
  std::shared_ptr<jetstream_reader> next, old;
  {
    std::lock_guard lock{mutex_};
    if (stopped_)
      return;
    forget();
    auto weak = weak_from_this();
    auto n = ++number_;
    change_log::reader to;
    to.on_record = [weak, n](const log_record& r) {
      if (auto self = weak.lock())
        self->heard(n, r.subject);
    };
    to.on_lost = [weak, n](const caf::error&) {
      if (auto self = weak.lock())
        self->lost(n);
    };
    next = std::make_shared<jetstream_reader>(client_, stream, prefix_ + '>',
                                              std::move(to));
    old = std::exchange(reader_, next);
  }
  if (old)
    old->end();
  auto n = number_;
  next->begin_subjects([weak = weak_from_this(), n](std::uint64_t pending) {
    if (auto self = weak.lock())
      self->opened(n, pending);
  });
}

void bucket_contents::stop() {
  std::shared_ptr<jetstream_reader> old;
  {
    std::lock_guard lock{mutex_};
    stopped_ = true;
    forget();
    old = std::exchange(reader_, nullptr);
  }
  if (old)
    old->end();
}

bool bucket_contents::lacks(const key& k) const {
  std::lock_guard lock{mutex_};
  return opened_ && received_ >= pending_ && keys_.size() < most_keys
         && !keys_.contains(number_of(to_tokens(k)));
}

void bucket_contents::expect(const key& k) {
  std::lock_guard lock{mutex_};
  if (opened_ && keys_.size() < most_keys)
    keys_.insert(number_of(to_tokens(k)));
}

void bucket_contents::heard(std::uint64_t number, std::string_view subject) {
  std::lock_guard lock{mutex_};
  if (number != number_)
    return;
  ++received_;
  if (subject.starts_with(prefix_) && keys_.size() < most_keys)
    keys_.insert(number_of(subject.substr(prefix_.size())));
}

void bucket_contents::opened(std::uint64_t number, std::uint64_t pending) {
  std::lock_guard lock{mutex_};
  if (number != number_)
    return;
  opened_ = true;
  pending_ = pending;
}

// The bucket may be made a moment later, by whoever puts first.
void bucket_contents::lost(std::uint64_t number) {
  {
    std::lock_guard lock{mutex_};
    if (number != number_ || stopped_)
      return;
    forget();
  }
  client_->run_after(pause, [weak = weak_from_this()] {
    if (auto self = weak.lock())
      self->read();
  });
}

void bucket_contents::forget() {
  opened_ = false;
  pending_ = 0;
  received_ = 0;
  keys_.clear();
}

}  // namespace larder
