#include <algorithm>
#include <cmath>
#include <ostream>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <saltus/progress.h>

namespace saltus {
namespace {

constexpr auto kRedrawEvery = std::chrono::milliseconds(100);
constexpr double kMegabyte = 1e6;
constexpr const char* kGap = "  ";  // between what stands in a line

int terminal_columns() {
  for (const int fd : {STDERR_FILENO, STDOUT_FILENO}) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  }
  return 80;
}

std::string step_time(double seconds) {
  if (seconds >= 1) return fmt::format("{:.2f}s", seconds);
  if (seconds >= 1e-3) return fmt::format("{:.0f}ms", seconds * 1e3);
  return fmt::format("{:.0f}us", seconds * 1e6);
}

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

int width_of(std::string_view text) {
  return static_cast<int>(std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
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
  if (!begun_) return;
  try {
    stream_ << std::endl;
  } catch (...) {  // NOLINT(bugprone-empty-catch): a stream that throws loses only a line's end
  }
}

void ProgressBar::update(std::int64_t done, std::int64_t total,
                         const std::vector<std::string>& fields) {
  done_ = done;
  total_ = total;
  if (!in_place_) return;
  const TimePoint now = options_.now();
  if (begun_ && now - last_draw_ < kRedrawEvery) return;
  last_draw_ = now;
  begun_ = true;
  const int columns = options_.columns > 0 ? options_.columns : terminal_columns();
  const double seconds = std::chrono::duration<double>(now - start_).count();
  // One column stays free: some terminals wrap a full line.
  draw(fitted(pieces(fields, seconds, false), columns - 1));
  stream_ << std::flush;
}

void ProgressBar::finish(const std::vector<std::string>& fields) {
  const double seconds = std::chrono::duration<double>(options_.now() - start_).count();
  std::string line = options_.label;
  for (const std::string& piece : pieces(fields, seconds, true)) {
    line.append(line.empty() ? "" : kGap).append(piece);
  }
  draw(line);
  stream_ << std::endl;
  begun_ = false;
  drawn_ = 0;
}

// Over the line before, whose end is blanked: not every terminal knows how to erase.
void ProgressBar::draw(const std::string& line) {
  const int columns = width_of(line);
  if (in_place_) stream_ << '\r';
  stream_ << line << std::string(static_cast<std::size_t>(std::max(drawn_ - columns, 0)), ' ');
  drawn_ = columns;
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

std::string ProgressBar::bar(int width) const {
  const std::int64_t done = std::clamp<std::int64_t>(done_, 0, total_);
  const auto full = static_cast<std::int64_t>(
      static_cast<double>(width) * static_cast<double>(done) / static_cast<double>(total_));
  return repeat(options_.ascii ? "#" : "━", full) +
         repeat(options_.ascii ? "-" : "─", width - full);
}

std::string ProgressBar::pace(double seconds) const {
  const auto done = static_cast<double>(done_);
  if (options_.unit == ProgressUnit::bytes) {
    return fmt::format("{:.1f} MB/s", done / kMegabyte / seconds);
  }
  return fmt::format("{}/step", step_time(seconds / done));
}

// What stands behind the label, the most important first.
std::vector<std::string> ProgressBar::pieces(const std::vector<std::string>& fields, double seconds,
                                             bool finished) const {
  std::vector<std::string> all = fields;
  const bool counts = options_.unit != ProgressUnit::none;
  if (counts) all.push_back(numbers());
  if (finished) {
    all.push_back(short_duration(seconds));
  } else if (counts && done_ > 0 && done_ < total_) {
    const auto left = static_cast<double>(total_ - done_);
    all.push_back("eta " + short_duration(seconds / static_cast<double>(done_) * left));
  }
  if (counts && done_ > 0 && seconds > 0) all.push_back(pace(seconds));
  return all;
}

// A line of at most so many columns.
std::string ProgressBar::fitted(const std::vector<std::string>& pieces, int columns) const {
  constexpr int kLeastLabel = 12;
  constexpr int kLeastBar = 5;
  const int gap = width_of(kGap);
  const int label = width_of(options_.label);
  int used = std::min(label, kLeastLabel);
  std::string rest;
  for (const std::string& piece : pieces) {
    const int more = (used == 0 ? 0 : gap) + width_of(piece);
    if (used + more > columns) break;
    rest.append(used == 0 ? "" : kGap).append(piece);
    used += more;
  }
  const int room = std::min(label, kLeastLabel) + columns - used;
  std::string line(cut(options_.label, room));
  if (options_.label.find_first_not_of(' ', line.size()) != std::string::npos) {
    line = cut(line, room - 1);
    line += options_.ascii ? "~" : "…";
  }
  line += rest;
  const int width = std::min(options_.bar_width, columns - gap - width_of(line));
  if (total_ > 0 && width >= std::min(kLeastBar, options_.bar_width)) {
    line.append(line.empty() ? "" : kGap).append(bar(width));
  }
  return std::string(cut(line, columns));
}

std::string short_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string grouped(std::int64_t count) {
  std::string text = fmt::to_string(count);
  for (std::size_t place = text.size(); place > 3;) text.insert(place -= 3, 1, ',');
  return text;
}

}  // namespace saltus
