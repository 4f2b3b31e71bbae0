#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>
#include <utility>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <saltus/progress.h>

namespace saltus {
namespace {

constexpr auto kRedrawEvery = std::chrono::milliseconds(100);
constexpr double kMegabyte = 1e6;

int terminal_columns() {
  for (const int fd : {STDERR_FILENO, STDOUT_FILENO}) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  }
  return 80;
}

// 7s, 1:07, 1:02:07
std::string duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string step_time(double seconds) {
  if (seconds >= 1) return fmt::format("{:.2f}s", seconds);
  if (seconds >= 1e-3) return fmt::format("{:.0f}ms", seconds * 1e3);
  return fmt::format("{:.0f}us", seconds * 1e6);
}

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

// The first `columns` characters of UTF-8 text.
std::string_view cut(std::string_view text, int columns) {
  int used = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_continuation(text[i]) && used++ == columns) return text.substr(0, i);
  }
  return text;
}

std::string repeat(std::string_view piece, std::int64_t times) {
  std::string text;
  for (std::int64_t i = 0; i < times; ++i) text += piece;
  return text;
}

}  // namespace

ProgressBar::ProgressBar(std::ostream& stream, bool in_place, ProgressBarOptions options)
    : stream_(stream),
      in_place_(in_place),
      options_(std::move(options)),
      start_(options_.now()),
      last_draw_(start_) {}

ProgressBar::~ProgressBar() {
  if (!drawn_) return;
  try {
    stream_ << std::endl;
  } catch (...) {  // NOLINT(bugprone-empty-catch): a stream that throws loses only a line's end
  }
}

void ProgressBar::update(std::int64_t done, std::int64_t total, std::string_view text) {
  done_ = done;
  total_ = total;
  if (!in_place_) return;
  const TimePoint now = options_.now();
  if (drawn_ && now - last_draw_ < kRedrawEvery) return;
  last_draw_ = now;
  drawn_ = true;
  const int columns = options_.columns > 0 ? options_.columns : terminal_columns();
  const double seconds = std::chrono::duration<double>(now - start_).count();
  // One column stays free: a full line would wrap.
  stream_ << '\r' << cut(line(seconds, false, text), columns - 1) << "\x1b[K" << std::flush;
}

void ProgressBar::finish(std::string_view text) {
  const double seconds = std::chrono::duration<double>(options_.now() - start_).count();
  if (in_place_) stream_ << '\r';
  stream_ << line(seconds, true, text);
  if (in_place_) stream_ << "\x1b[K";
  stream_ << std::endl;
  drawn_ = false;
}

std::string ProgressBar::numbers() const {
  if (options_.unit == ProgressUnit::bytes) {
    const double done = static_cast<double>(done_) / kMegabyte;
    if (total_ == 0) return fmt::format("{:.1f} MB", done);
    return fmt::format("{:.1f}/{:.1f} MB", done, static_cast<double>(total_) / kMegabyte);
  }
  if (total_ == 0) return fmt::format("{}", done_);
  return fmt::format("{}/{}", done_, total_);
}

std::string ProgressBar::bar() const {
  if (total_ == 0) return "";
  const std::int64_t done = std::clamp<std::int64_t>(done_, 0, total_);
  const auto full =
      static_cast<std::int64_t>(static_cast<double>(options_.bar_width) *
                                static_cast<double>(done) / static_cast<double>(total_));
  return ' ' + repeat("━", full) + repeat("─", options_.bar_width - full);
}

std::string ProgressBar::pace(double seconds) const {
  if (done_ <= 0 || seconds <= 0) return "";
  const auto done = static_cast<double>(done_);
  if (options_.unit == ProgressUnit::bytes) {
    return fmt::format(" {:.1f} MB/s", done / kMegabyte / seconds);
  }
  return fmt::format(" {}/step", step_time(seconds / done));
}

std::string ProgressBar::line(double seconds, bool finished, std::string_view text) const {
  std::string out = options_.label.empty() ? "" : options_.label + ' ';
  out += numbers() + bar();
  if (finished) {
    out += ' ' + duration(seconds);
  } else if (done_ > 0 && done_ < total_) {
    const auto left = static_cast<double>(total_ - done_);
    out += " eta " + duration(seconds / static_cast<double>(done_) * left);
  }
  out += pace(seconds);
  if (!text.empty()) out.append("  ").append(text);
  return out;
}

}  // namespace saltus
