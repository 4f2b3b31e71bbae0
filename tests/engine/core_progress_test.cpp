#include <sstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include <saltus/progress.h>

namespace saltus {
namespace {

// A clock that stands still until it is told.
class Progressing : public ::testing::Test {
 protected:
  ProgressBarOptions options(ProgressUnit unit = ProgressUnit::steps) {
    return {
        .unit = unit, .label = "", .bar_width = 10, .columns = 70, .now = [this] { return now_; }};
  }

  void pass(std::chrono::milliseconds time) { now_ += time; }

  std::string taken() {
    std::string text = out_.str();
    out_.str("");
    return text;
  }

  std::ostringstream out_;

 private:
  std::chrono::steady_clock::time_point now_{};
};

using std::chrono::milliseconds;

TEST_F(Progressing, DrawsInPlace) {
  ProgressBar bar(out_, true, options());
  pass(milliseconds(2000));
  bar.update(100, 400, "loss: 0.25");
  EXPECT_EQ(taken(), "\r100/400 ━━──────── eta 6s 20ms/step  loss: 0.25\x1b[K");
  pass(milliseconds(6000));
  bar.update(400, 400, "loss: 0.125");
  EXPECT_EQ(taken(), "\r400/400 ━━━━━━━━━━ 20ms/step  loss: 0.125\x1b[K");
  bar.finish("loss: 0.125");
  EXPECT_EQ(taken(), "\r400/400 ━━━━━━━━━━ 8s 20ms/step  loss: 0.125\x1b[K\n");
}

TEST_F(Progressing, DrawsTenTimesASecond) {
  ProgressBar bar(out_, true, options());
  bar.update(1, 10);
  EXPECT_NE(taken(), "");
  pass(milliseconds(99));
  bar.update(2, 10);
  EXPECT_EQ(taken(), "");
  pass(milliseconds(1));
  bar.update(3, 10);
  EXPECT_NE(taken(), "");
}

TEST_F(Progressing, WritesOneLineWhereItIsNoTerminal) {
  ProgressBar bar(out_, false, options());
  for (int i = 1; i <= 400; ++i) {
    pass(milliseconds(10));
    bar.update(i, 400, "loss: 1");
  }
  EXPECT_EQ(taken(), "");
  bar.finish("loss: 0.5");
  EXPECT_EQ(taken(), "400/400 ━━━━━━━━━━ 4s 10ms/step  loss: 0.5\n");
}

TEST_F(Progressing, CutsALineThatWouldWrap) {
  ProgressBar bar(out_, true, options());
  pass(milliseconds(1000));
  bar.update(1, 2, std::string(100, 'x'));
  // 69 columns, 34 of them before the text; columns are characters, not bytes.
  EXPECT_EQ(taken(), "\r1/2 ━━━━━───── eta 1s 1.00s/step  " + std::string(69 - 34, 'x') + "\x1b[K");
  bar.finish(std::string(100, 'x'));  // what stays on the screen is whole
  EXPECT_NE(taken().find(std::string(100, 'x')), std::string::npos);
}

TEST_F(Progressing, CountsBytes) {
  ProgressBarOptions bytes = options(ProgressUnit::bytes);
  bytes.label = "train-images";
  ProgressBar bar(out_, true, bytes);
  pass(milliseconds(500));
  bar.update(2'500'000, 10'000'000);
  EXPECT_EQ(taken(), "\rtrain-images 2.5/10.0 MB ━━──────── eta 2s 5.0 MB/s\x1b[K");
  pass(milliseconds(500));
  bar.update(5'000'000, 0);
  EXPECT_EQ(taken(), "\rtrain-images 5.0 MB 5.0 MB/s\x1b[K");
}

TEST_F(Progressing, WritesLongTimes) {
  ProgressBar bar(out_, false, options());
  pass(std::chrono::minutes(62) + milliseconds(7000));
  bar.update(1, 1);
  bar.finish();
  EXPECT_EQ(taken(), "1/1 ━━━━━━━━━━ 1:02:07 3727.00s/step\n");
}

TEST_F(Progressing, EndsALineThatWasLeft) {
  try {
    ProgressBar bar(out_, true, options());
    bar.update(1, 10);
    throw std::runtime_error("interrupted");
  } catch (const std::runtime_error&) {
  }
  EXPECT_TRUE(taken().ends_with("\x1b[K\n"));
  { ProgressBar unused(out_, true, options()); }
  EXPECT_EQ(taken(), "");
}

}  // namespace
}  // namespace saltus
