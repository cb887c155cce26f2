// How far a long step has come: a bar that is redrawn in place on a terminal,
// a line every few seconds elsewhere (a log, a pipe). Always on stderr.
//
// Used by the command line. Thread rule: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

class progress {
 public:
  using clock = std::chrono::steady_clock;

  /// `total` 0: not known beforehand.
  progress(std::string label, std::uint64_t total);
  /// Leaves the cursor on a fresh line.
  ~progress();
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// Draws, if it is time to; cheap otherwise.
  void update(std::uint64_t done);
  void set_total(std::uint64_t total) { total_ = total; }
  /// Makes way for other output on stderr.
  void clear();

  std::chrono::nanoseconds elapsed() const { return clock::now() - started_; }

 private:
  std::string label_;
  std::uint64_t total_;
  clock::time_point started_;
  clock::time_point next_;
  bool terminal_;
  bool drawn_ = false;
};

/// One line without its end: "load [=====>    ] 5000/10000 3225/s 2 s left",
/// at most `width` columns; without the bar if `width` is 0.
std::string progress_line(std::string_view label, std::uint64_t done,
                          std::uint64_t total, std::chrono::nanoseconds elapsed,
                          std::size_t width);

/// "0.3 s", "3.1 s", "2 min 5 s".
std::string duration_text(std::chrono::nanoseconds duration);

}  // namespace larder
