// What a sweep shows while it runs: on terminals wide and narrow, on a dumb one, in a file.
#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

using test::Ended;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

/// A terminal of so many columns, and what is written to it.
class Terminal {
 public:
  explicit Terminal(int columns) : master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    grantpt(master_);
    unlockpt(master_);
    winsize size{};
    size.ws_row = 24;
    size.ws_col = static_cast<unsigned short>(columns);
    ioctl(master_, TIOCSWINSZ, &size);
    name_ = ptsname(master_);
    slave_ = open(name_.c_str(), O_RDWR | O_NOCTTY);  // lest the first to close it ends reading
    reader_ = std::thread([this] {
      char block[1024];
      for (ssize_t got = 0; (got = read(master_, block, sizeof block)) > 0;) {
        text_.append(block, static_cast<std::size_t>(got));
      }
    });
  }
  const std::string& name() const { return name_; }
  /// All that was written. To be called once.
  std::string text() {
    close(slave_);
    reader_.join();
    close(master_);
    return text_;
  }

 private:
  int master_;
  int slave_;
  std::string name_;
  std::string text_;
  std::thread reader_;
};

/// What was drawn, line by line and one over the other.
std::vector<std::string> drawings(const std::string& text) {
  std::vector<std::string> all(1);
  for (const char c : text) {
    if (c == '\r' || c == '\n') {
      if (!all.back().empty()) all.emplace_back();
    } else {
      all.back() += c;
    }
  }
  return all;
}

long width_of(const std::string& text) {
  return std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

class SweepTerminal : public test::ProgramTest {
 protected:
  /// A sweep of two activations and three epochs on such a terminal.
  std::string sweep_on(int columns, const std::map<std::string, std::string>& more) {
    Terminal terminal(columns);
    std::map<std::string, std::string> environment = {
        {"LC_ALL", "C.UTF-8"}, {"TERM", "xterm"}, {"COLUMNS", ""}};
    for (const auto& [name, value] : more) environment[name] = value;
    const Ended ended = run(kSweep, environment, "exec > " + terminal.name());
    EXPECT_EQ(ended.code, 0) << ended.err;
    return terminal.text();
  }

  const std::vector<std::string> kSweep = {"sweep",
                                           "--data",
                                           "data",
                                           "--activations",
                                           "relu,leaky_relu:alpha=0.1",
                                           "--epochs",
                                           "3",
                                           "--batch-size",
                                           "16",
                                           "--threads",
                                           "1",
                                           "--out",
                                           "out",
                                           "--overwrite"};
};

TEST_F(SweepTerminal, ShowsTheFiguresAtEveryWidth) {
  for (const int columns : {100, 80, 40}) {
    const std::string text = sweep_on(columns, {});
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    int drawn = 0;
    for (const std::string& line : drawings(text)) {
      if (!line.starts_with("1/2  relu") || line.find("3 epochs") != std::string::npos) continue;
      EXPECT_LT(width_of(line), columns) << line;
      EXPECT_THAT(line, ContainsRegex("  loss [0-9]\\.[0-9]{4}")) << columns;
      if (columns >= 80) {
        EXPECT_THAT(line, ContainsRegex("  epoch [123]/3  eta [0-9]+s"));
      }
      ++drawn;
    }
    EXPECT_GE(drawn, 1) << text;
    EXPECT_THAT(text,
                ContainsRegex("\r1/2  relu +loss [0-9.]+  test [0-9.]+ %  3 epochs  [0-9]+s"));
    EXPECT_EQ(text.find("━") != std::string::npos || text.find("─") != std::string::npos,
              columns >= 80);
  }
}

TEST_F(SweepTerminal, IsPlainWhereTheCharacterSetIs) {
  for (const char* locale : {"C", "POSIX", "nowhere"}) {
    const std::string text = sweep_on(100, {{"LC_ALL", locale}});
    EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c > 0 && c != '\x1b'; })) << text;
    EXPECT_THAT(text, ContainsRegex("  [#-]{20}")) << locale;
  }
}

TEST_F(SweepTerminal, WritesALineAnEpochWhereNothingCanBeRedrawn) {
  const std::string dumb = sweep_on(100, {{"TERM", "dumb"}});
  std::string file = run(kSweep, {{"LC_ALL", "C.UTF-8"}}).out;
  for (std::size_t at = 0; (at = file.find('\n', at)) != std::string::npos; at += 2) {
    file.insert(at, 1, '\r');  // as a terminal gets it
  }
  for (const std::string& text : {dumb, file}) {
    EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c > 0 && c != '\x1b'; })) << text;
    for (const char* line :
         {"\n1/2  relu                  loss [0-9.]+  test [0-9.]+ %  epoch 1/3  eta [0-9]+s\r\n",
          "\n1/2  relu                  loss [0-9.]+  test [0-9.]+ %  3 epochs  [0-9]+s\r\n",
          "\n2/2  leaky_relu:alpha=0.1  loss [0-9.]+  test [0-9.]+ %  epoch 2/3  eta [0-9]+s\r\n",
          "\n2/2  leaky_relu:alpha=0.1  loss [0-9.]+  test [0-9.]+ %  3 epochs  [0-9]+s\r\n"}) {
      EXPECT_THAT(text, ContainsRegex(line));
    }
  }
}

TEST_F(SweepTerminal, ModelsShowHowFarTheyAre) {
  write_model("m.safetensors");
  for (const char* command : {"predict", "evaluate"}) {
    Terminal terminal(80);
    const Ended ended = run({command, "m.safetensors", "--data", "data", "--device", "cpu"},
                            {{"LC_ALL", "C.UTF-8"}, {"TERM", "xterm"}, {"COLUMNS", ""}},
                            "exec 2> " + terminal.name());
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(terminal.text(), ContainsRegex("(predict|evaluat)ing  images  32/32"));
  }
}

TEST_F(SweepTerminal, TheSignOfIntervalsFollowsTheCharacterSet) {
  const Ended plain = run(small_sweep({}, 3), {{"LC_ALL", "C"}});
  EXPECT_THAT(plain.out, ContainsRegex("[0-9]+\\.[0-9]{2} \\+- [0-9]"));
  EXPECT_THAT(plain.out, ContainsRegex("\\+-:[ \n]half"));
  EXPECT_TRUE(std::ranges::all_of(plain.out, [](char c) { return c > 0; }));
}

}  // namespace
}  // namespace saltus
