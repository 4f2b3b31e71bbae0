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
  bar.update(100, 400, {"loss: 0.25"});
  EXPECT_EQ(taken(), "\rloss: 0.25  100/400  eta 6s  20ms/step  ━━────────");
  pass(milliseconds(6000));
  bar.update(400, 400, {"loss: 0.125"});
  EXPECT_EQ(taken(),
            "\rloss: 0.125  400/400  20ms/step  ━━━━━━━━━━       ");  // blanks what was there
  bar.finish({"loss: 0.125"});
  EXPECT_EQ(taken(), "\rloss: 0.125  400/400  8s  20ms/step        \n");
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
    bar.update(i, 400, {"loss: 1"});
  }
  EXPECT_EQ(taken(), "");
  bar.finish({"loss: 0.5"});
  EXPECT_EQ(taken(), "loss: 0.5  400/400  4s  10ms/step\n");
}

TEST_F(Progressing, LeavesOutWhatDoesNotFitAndGivesTheRestToTheBar) {
  const std::vector<std::string> fields = {"loss 0.4213", "val 89.12 %", "epoch 3/20"};
  const auto line = [&](int columns, const std::string& label) {
    ProgressBarOptions wanted = options();
    wanted.columns = columns;
    wanted.label = label;
    ProgressBar bar(out_, true, wanted);
    pass(milliseconds(1000));
    bar.update(1, 2, fields);
    std::string text = taken();
    bar.finish();
    taken();
    return text;
  };
  const std::string numbers = "\r1/6  relu  loss 0.4213  val 89.12 %";
  EXPECT_EQ(line(100, "1/6  relu"), numbers + "  epoch 3/20  1/2  eta 1s  1.00s/step  ━━━━━─────");
  EXPECT_EQ(line(81, "1/6  relu"), numbers + "  epoch 3/20  1/2  eta 1s  1.00s/step  ━━━───");
  EXPECT_EQ(line(80, "1/6  relu"), numbers + "  epoch 3/20  1/2  eta 1s  1.00s/step  ━━───");
  EXPECT_EQ(line(79, "1/6  relu"), numbers + "  epoch 3/20  1/2  eta 1s  1.00s/step");
  EXPECT_EQ(line(60, "1/6  relu"), numbers + "  epoch 3/20  1/2  ━━───");
  EXPECT_EQ(line(59, "1/6  relu"), numbers + "  epoch 3/20  1/2");
  EXPECT_EQ(line(40, "1/6  relu"), numbers);
  EXPECT_EQ(line(36, "1/6  relu"), numbers);
  EXPECT_EQ(line(35, "1/6  relu"), "\r1/6  relu  loss 0.4213  ━━━━━─────");
  // A long label gives way down to twelve columns; trailing spaces are nothing to mourn.
  EXPECT_EQ(line(40, "1/6  leaky_relu"), "\r1/6  leaky_r…  loss 0.4213  val 89.12 %");
  EXPECT_EQ(line(41, "1/6  leaky_relu"), "\r1/6  leaky_re…  loss 0.4213  val 89.12 %");
  EXPECT_EQ(line(40, "1/6  relu         "), "\r1/6  relu      loss 0.4213  val 89.12 %");
  EXPECT_EQ(line(10, "1/6  leaky_relu"), "\r1/6  lea…");
  EXPECT_EQ(line(1, "1/6  leaky_relu"), "\r");
}

TEST_F(Progressing, WhatStaysOnTheScreenIsWhole) {
  ProgressBar bar(out_, true, options());
  pass(milliseconds(1000));
  bar.update(1, 2, {std::string(100, 'x')});
  EXPECT_EQ(taken(), "\r━━━━━─────");
  bar.finish({std::string(100, 'x')});
  EXPECT_NE(taken().find(std::string(100, 'x')), std::string::npos);
}

TEST_F(Progressing, DrawsInAscii) {
  ProgressBarOptions ascii = options();
  ascii.ascii = true;
  ascii.label = "1/6  leaky_relu";
  ascii.columns = 60;
  ProgressBar bar(out_, true, ascii);
  pass(milliseconds(2000));
  bar.update(100, 400, {"loss 0.25"});
  EXPECT_EQ(taken(), "\r1/6  leaky_relu  loss 0.25  100/400  eta 6s  20ms/step");
  pass(milliseconds(2000));
  bar.update(200, 400);
  EXPECT_EQ(taken(), "\r1/6  leaky_relu  200/400  eta 4s  20ms/step  #####-----");
  ascii.columns = 20;
  ProgressBar narrow(out_, true, ascii);
  narrow.update(0, 0, {"v 9.1"});
  EXPECT_EQ(taken(), "\r1/6  leaky_~  v 9.1");
}

TEST_F(Progressing, CountsBytes) {
  ProgressBarOptions bytes = options(ProgressUnit::bytes);
  bytes.label = "train-images";
  ProgressBar bar(out_, true, bytes);
  pass(milliseconds(500));
  bar.update(2'500'000, 10'000'000);
  EXPECT_EQ(taken(), "\rtrain-images  2.5/10.0 MB  eta 2s  5.0 MB/s  ━━────────");
  pass(milliseconds(500));
  bar.update(5'000'000, 0);
  EXPECT_EQ(taken(), "\rtrain-images  5.0 MB  5.0 MB/s" + std::string(25, ' '));
}

TEST_F(Progressing, SaysNothingOfItsOwnWhereItDoesNotCount) {
  ProgressBar bar(out_, true, options(ProgressUnit::none));
  pass(milliseconds(2000));
  bar.update(1, 2, {"epoch 1/2"});
  EXPECT_EQ(taken(), "\repoch 1/2  ━━━━━─────");
  bar.finish({"2 epochs"});
  EXPECT_EQ(taken(), "\r2 epochs  2s         \n");
}

TEST_F(Progressing, WritesLongTimes) {
  ProgressBar bar(out_, false, options());
  pass(std::chrono::minutes(62) + milliseconds(7000));
  bar.update(1, 1);
  bar.finish();
  EXPECT_EQ(taken(), "1/1  1:02:07  3727.00s/step\n");
  EXPECT_EQ(short_duration(59.4), "59s");
  EXPECT_EQ(short_duration(67), "1:07");
}

TEST(Grouped, PutsThousandsApart) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(60'000), "60,000");
  EXPECT_EQ(grouped(1'199'882), "1,199,882");
}

TEST_F(Progressing, EndsALineThatWasLeft) {
  try {
    ProgressBar bar(out_, true, options());
    bar.update(1, 10);
    throw std::runtime_error("interrupted");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(taken(), "\r1/10  eta 0s  ━─────────\n");
  { ProgressBar unused(out_, true, options()); }
  EXPECT_EQ(taken(), "");
}

}  // namespace
}  // namespace saltus
