// Schedules of the learning rate against the formulas of Keras and PyTorch, computed by them in
// double.
#include <cmath>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/callbacks.h>
#include <saltus/error.h>
#include <saltus/schedule.h>

#include "tests/engine/fake_control.h"

namespace saltus {
namespace {

using Rates = std::vector<std::pair<double, double>>;  ///< by step

/// Of an initial rate of 0.1 unless given.
void expect_rates(const LearningRateSchedule& schedule, const Rates& rates, double initial = 0.1,
                  double all = 1e6) {
  for (const auto& [step, rate] : rates) {
    const double got = rate_of(schedule, {.initial = initial, .number = step, .all = all});
    // A few roundings of a double; sums of a cosine near -1 cancel.
    EXPECT_NEAR(got, rate, 1e-15) << text_of(schedule) << ", step " << step;
  }
}

TEST(Schedule, ConstantIsTheOptimizersRate) {
  expect_rates(LearningRateSchedule(), {{0, 0.1}, {1000, 0.1}});
}

TEST(Schedule, PiecewiseConstantDecay) {
  expect_rates(schedules::PiecewiseConstantDecay{{100, 110}, {1, 0.5, 0.1}},
               {{0, 1}, {100, 1}, {101, 0.5}, {110, 0.5}, {111, 0.1}});
}

TEST(Schedule, ExponentialDecay) {
  expect_rates(
      schedules::ExponentialDecay{.decay_steps = 100, .decay_rate = 0.96},
      {{0, 0.1}, {1, 0.09995918633652226}, {50, 0.09797958971132713}, {250, 0.09029798987795908}});
  expect_rates(
      schedules::ExponentialDecay{.decay_steps = 100, .decay_rate = 0.96, .staircase = true},
      {{99, 0.1}, {100, 0.096}, {250, 0.09216}});
}

TEST(Schedule, PolynomialDecay) {
  expect_rates(
      schedules::PolynomialDecay{.decay_steps = 100, .end_learning_rate = 0.01, .power = 0.5},
      {{0, 0.1}, {1, 0.09954886933959581}, {50, 0.07363961030678928}, {99, 0.019}, {250, 0.01}});
  expect_rates(
      schedules::PolynomialDecay{
          .decay_steps = 100, .end_learning_rate = 0.01, .power = 2, .cycle = true},
      {{0, 0.1}, {50, 0.0325}, {100, 0.01}, {150, 0.015625}, {200, 0.01}, {250, 0.0125}});
}

TEST(Schedule, InverseTimeDecay) {
  expect_rates(schedules::InverseTimeDecay{.decay_steps = 100, .decay_rate = 0.5},
               {{0, 0.1}, {1, 0.09950248756218907}, {50, 0.08}, {250, 0.1 / 2.25}});
  expect_rates(
      schedules::InverseTimeDecay{.decay_steps = 100, .decay_rate = 0.5, .staircase = true},
      {{99, 0.1}, {100, 0.1 / 1.5}, {250, 0.05}});
}

TEST(Schedule, CosineDecay) {
  expect_rates(schedules::CosineDecay{.decay_steps = 1000, .alpha = 0.1},
               {{0, 0.1},
                {1, 0.09999977793408363},
                {250, 0.08681980515339464},
                {999, 0.010000222065916381},
                {2000, 0.01}});
  expect_rates(
      schedules::CosineDecay{.decay_steps = 1000, .warmup_target = 0.1, .warmup_steps = 100},
      {{0, 0.01}, {50, 0.055}, {99, 0.0991}, {100, 0.1}, {600, 0.05}, {1101, 0}}, 0.01);
}

TEST(Schedule, CosineDecayRestarts) {
  expect_rates(
      schedules::CosineDecayRestarts{.first_decay_steps = 100, .m_mul = 0.5, .alpha = 0.05},
      {{0, 0.1},
       {50, 0.0525},
       {99, 0.00502343838262775},
       {100, 0.0525},
       {200, 0.02875},
       {299, 0.005002929978560562},
       {300, 0.02875},
       {700, 0.016875}});
  expect_rates(schedules::CosineDecayRestarts{.first_decay_steps = 100, .t_mul = 1, .m_mul = 0.5},
               {{50, 0.05}, {100, 0.05}, {150, 0.025}, {250, 0.0125}});
}

TEST(Schedule, OneCycle) {
  expect_rates(schedules::OneCycle{.total_steps = 100}, {{0, 0.004},
                                                         {1, 0.004281378056590748},
                                                         {15, 0.05459866761210004},
                                                         {29, 0.1},
                                                         {30, 0.09994965352845243},
                                                         {64, 0.0500002},
                                                         {98, 5.07464715475788e-05},
                                                         {99, 4e-7},
                                                         {200, 4e-7}});
}

TEST(Schedule, StepsThatAreNotGivenAreThoseOfTheTraining) {
  expect_rates(schedules::CosineDecay{}, {{0, 0.1}, {100, 0.05}, {200, 0}}, 0.1, 200);
  expect_rates(schedules::CosineDecay{.warmup_target = 0.1, .warmup_steps = 100},
               {{0, 0}, {50, 0.05}, {200, 0.05}, {300, 0}}, 0, 300);
  expect_rates(schedules::PolynomialDecay{.end_learning_rate = 0}, {{50, 0.05}, {100, 0}}, 0.1,
               100);
  expect_rates(schedules::OneCycle{}, {{29, 0.1}, {99, 4e-7}}, 0.1, 100);
}

TEST(Schedule, EachIsParsedFromItsText) {
  for (const char* text :
       {"constant", "piecewise_constant_decay:boundaries=100/200:values=1/0.1/0.01",
        "exponential_decay:decay_rate=0.5:staircase=true", "polynomial_decay:power=2",
        "inverse_time_decay:decay_steps=10:decay_rate=1",
        "cosine_decay:alpha=0.1:warmup_target=0.1:warmup_steps=5",
        "cosine_decay_restarts:first_decay_steps=10:t_mul=1", "one_cycle:pct_start=0.5"}) {
    EXPECT_EQ(text_of(parse_schedule(text)), text);
  }
  EXPECT_EQ(schedule_list().size(), 8U);
}

TEST(Schedule, WhatIsNotLegalIsRefused) {
  for (const char* text :
       {"cosine", "cosine_decay:decay=1", "cosine_decay:decay_steps=-1", "cosine_decay:alpha=nan",
        "exponential_decay", "inverse_time_decay", "cosine_decay:warmup_steps=5",
        "cosine_decay_restarts:t_mul=0.5", "one_cycle:pct_start=1", "piecewise_constant_decay",
        "piecewise_constant_decay:boundaries=2/1:values=1/2/3",
        "piecewise_constant_decay:boundaries=1:values=1",
        "piecewise_constant_decay:boundaries=1:values=1/", "constant:alpha=1"}) {
    EXPECT_THROW(parse_schedule(text), InvalidArgument) << text;
  }
}

TEST(LearningRateScheduler, SetsTheRateOfEachEpoch) {
  test::FakeControl control;
  control.rate = 1;
  const CallbackPtr callback =
      LearningRateScheduler{[](int epoch, double rate) { return rate / (epoch + 1); }};
  std::vector<double> rates;
  for (int epoch = 0; epoch < 3; ++epoch) {
    callback->on_epoch_begin(epoch, control);
    rates.push_back(control.learning_rate());
  }
  EXPECT_THAT(rates, testing::ElementsAre(1, 0.5, 0.5 / 3));
  EXPECT_THROW(CallbackPtr(LearningRateScheduler{}), InvalidArgument);
}

}  // namespace
}  // namespace saltus
