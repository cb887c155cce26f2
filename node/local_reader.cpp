#include "node/local_reader.hpp"

#include "node/local_source.hpp"
#include "storage/error.hpp"

#include <time.h>

#include <utility>
#include <vector>

namespace larder {

namespace {

std::int64_t nanoseconds_of(const timespec& t) {
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

local_value::local_value(std::unique_ptr<local_answer> other)
    : value_(other->value.get()), other_(other.release()) {}

void local_value::forget_other() {
  delete other_;
}

const caf::error& local_value::error() const {
  static const caf::error none;
  return other_ ? other_->failure : none;
}

std::string_view local_value::tier() const {
  return name_of(other_ ? other_->tier : larder::tier::memory);
}

bool local_value::stale() const {
  return other_ && other_->stale;
}

local_reader::local_reader(std::shared_ptr<local_source> from)
    : source_(std::move(from)), view_(source_->memory(), counting::sampled) {
  timespec resolution{};
  clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
  // Twice: the tick that moves the clock may itself come late.
  clock_lag_ = 2 * nanoseconds_of(resolution);
}

local_reader::~local_reader() = default;

const artifact* local_reader::look(std::string_view type, std::string_view id) {
  // The clock of steady_clock as of the last tick, at a fifth of the price of
  // reading it. Added to what it may lag, it is never early, so nothing is
  // taken for fresh that is not.
  timespec coarse{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &coarse);
  const auto* found =
      view_.find({type, id}, nanoseconds_of(coarse) + clock_lag_);
  if (found != nullptr)
    ++pins_;
  else if (pins_ == 0)
    view_.offline();
  return found;
}

local_value local_reader::ask(std::string_view type, std::string_view id) {
  return local_value{source_->ask(type, id)};
}

local_value local_reader::nothing() {
  auto answer = std::make_unique<local_answer>();
  answer->failure = fail(ec::not_found, "memory does not hold the key, or "
                                        "cannot prove it fresh");
  return local_value{std::move(answer)};
}

// One for each node that the thread has asked. A reader of a node that has
// stopped goes when the thread first asks another one, unless values of it are
// still looked at.
local_reader&
local_reader::of_this_thread(const std::shared_ptr<local_source>& source) {
  thread_local std::vector<std::unique_ptr<local_reader>> readers;
  for (auto& r : readers)
    if (r->source_ == source)
      return *r;
  std::erase_if(readers, [](const auto& r) {
    return r->pins_ == 0 && r->source_->closed();
  });
  readers.push_back(std::make_unique<local_reader>(source));
  return *readers.back();
}

}  // namespace larder
