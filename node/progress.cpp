#include "node/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace larder {

namespace {

constexpr std::chrono::milliseconds redraw_interval{100};
constexpr std::chrono::milliseconds line_interval{5'000};

bool is_terminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1
         && (term == nullptr || std::string_view{term} != "dumb");
}

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
    return size.ws_col;
  return 80;
}

}  // namespace

progress::progress(std::string label, std::uint64_t total)
    : label_(std::move(label)), total_(total), started_(clock::now()),
      terminal_(is_terminal()) {
  next_ = started_ + (terminal_ ? redraw_interval : line_interval);
}

progress::~progress() {
  clear();
}

void progress::update(std::uint64_t done) {
  auto now = clock::now();
  if (now < next_)
    return;
  next_ = now + (terminal_ ? redraw_interval : line_interval);
  auto width = terminal_ ? terminal_width() - 1 : 0;
  auto line = progress_line(label_, done, total_, now - started_, width);
  if (terminal_)
    std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
  else
    std::fprintf(stderr, "%s\n", line.c_str());
  std::fflush(stderr);
  drawn_ = true;
}

void progress::clear() {
  if (!drawn_ || !terminal_)
    return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

std::string progress_line(std::string_view label, std::uint64_t done,
                          std::uint64_t total, std::chrono::nanoseconds elapsed,
                          std::size_t width) {
  auto seconds = std::chrono::duration<double>(elapsed).count();
  auto rate = seconds > 0 ? static_cast<double>(done) / seconds : 0.0;
  auto tail = std::to_string(done);
  if (total > 0)
    tail += "/" + std::to_string(total);
  tail += " " + std::to_string(static_cast<std::uint64_t>(rate)) + "/s";
  if (total > done && rate > 0) {
    auto left = static_cast<double>(total - done) / rate;
    tail += " "
            + duration_text(
                std::chrono::nanoseconds{static_cast<std::int64_t>(left * 1e9)})
            + " left";
  }
  std::string line{label};
  auto taken = label.size() + tail.size() + 4;
  if (total > 0 && width > taken + 5) {
    auto room = std::min<std::size_t>(40, width - taken);
    auto share =
        std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    auto filled = static_cast<std::size_t>(share * static_cast<double>(room));
    std::string bar(room, ' ');
    std::fill_n(bar.begin(), filled, '=');
    if (filled < room)
      bar[filled] = '>';
    line += " [" + bar + "]";
  }
  line += " " + tail;
  if (width > 0 && line.size() > width)
    line.resize(width);
  return line;
}

std::string duration_text(std::chrono::nanoseconds duration) {
  auto seconds = std::chrono::duration<double>(duration).count();
  char text[48];
  if (seconds < 60) {
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  } else {
    auto whole = static_cast<long long>(seconds);
    std::snprintf(text, sizeof text, "%lld min %lld s", whole / 60, whole % 60);
  }
  return text;
}

}  // namespace larder
