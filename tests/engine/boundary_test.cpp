// What leaves the library: the types of saltus/error.h, and what the caller's own code throws.
#include "core/boundary.h"

#include <cmath>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/callbacks.h>
#include <saltus/dataset.h>
#include <saltus/model.h>
#include <saltus/report.h>
#include <saltus/statistics.h>
#include <saltus/sweep.h>

#include "core/buffer.h"
#include "core/file.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

using testing::HasSubstr;

template <class Thrown>
void through_the_boundary(const Thrown& thrown) try {
  throw thrown;
} catch (...) {
  throw_as_promised();
}

TEST(Boundary, TurnsWhatOtherLibrariesThrowIntoWhatIsPromised) {
  EXPECT_THROW(through_the_boundary(std::bad_alloc()), DeviceError);
  EXPECT_THROW(through_the_boundary(std::length_error("vector::reserve")), DeviceError);
  EXPECT_THROW(through_the_boundary(std::domain_error("infinite")), Error);
  EXPECT_THROW(through_the_boundary(7), Error);
  EXPECT_THROW(through_the_boundary(DataError("x")), DataError);
  try {
    through_the_boundary(std::domain_error("infinite"));
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("please report it: infinite"));
  }
}

/// Not of any family.
struct Mine {
  int number;
};

template <class Thrown>
class Thrower : public Callback {
 public:
  explicit Thrower(Thrown thrown) : thrown_(thrown) {}
  void on_epoch_end(int /*epoch*/, const Logs& /*logs*/, TrainingControl& /*control*/) override {
    throw thrown_;
  }

 private:
  Thrown thrown_;
};

/// A model of one layer, and a sample.
struct Small {
  std::vector<float> inputs = {1, 2};
  std::vector<float> targets = {3};
  Model model{graph()};

  Small() {
    model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cpu, .threads = 1});
  }
  static Graph graph() {
    Graph graph({2});
    graph.add(layers::Dense{.units = 1});
    return graph;
  }
  void fit(CallbackPtr callback) {
    model.fit({.count = 1, .inputs = inputs, .targets = targets},
              {.callbacks = {std::move(callback)}});
  }
};

TEST(Boundary, WhatACallbackThrowsPassesAsItIs) {
  Small small;
  EXPECT_THROW(small.fit(std::make_shared<Thrower<Mine>>(Mine{7})), Mine);
  EXPECT_THROW(small.fit(std::make_shared<Thrower<std::bad_alloc>>(std::bad_alloc())),
               std::bad_alloc);
  EXPECT_THROW(small.fit(std::make_shared<Thrower<DataError>>(DataError("full"))), DataError);
  EXPECT_THROW(small.fit(std::make_shared<EarlyStopping>()), InvalidArgument) << "no val_loss";
}

TEST(Boundary, WhatCallbacksOfASweepThrowPassesAsItIs) {
  const SweepPlan plan = plan_sweep(test::small_config(), test::small_data());
  const auto throws_mine = [](auto&&...) { throw Mine{1}; };
  const auto run_with = [&](const CallbackPtr& callback) {
    run_sweep(plan, {.callbacks = [&](const TrialSpec&) { return std::vector{callback}; }});
  };
  EXPECT_THROW(run_with(LambdaCallback{.on_epoch_begin = throws_mine}), Mine);
  EXPECT_THROW(run_with(LambdaCallback{.on_epoch_end = throws_mine}), Mine);
  EXPECT_THROW(run_sweep(plan, {.callbacks = [](const TrialSpec&) -> std::vector<CallbackPtr> {
                           throw Mine{1};
                         }}),
               Mine);
  EXPECT_THROW(run_sweep(plan, {.on_trial_end = throws_mine}), Mine);
}

TEST(Boundary, WhatAFetchReportsToPassesAsItIs) {
  const ScratchFolder scratch(std::filesystem::temp_directory_path());
  FetchOptions options;
  options.data_dir = scratch.path();
  options.mirrors = {"file:///nowhere/"};
  options.python = "";
  options.on_message = [](std::string_view) { throw Mine{2}; };
  EXPECT_THROW(fetch_dataset("mnist", options), Mine);
  EXPECT_THROW(load_dataset("mnist", options), Mine);
}

TEST(Boundary, MemoryThatIsNotThereIsADeviceError) {
  EXPECT_THROW(Buffer(std::int64_t{1} << 62, 4), DeviceError) << "2^64 bytes";
  EXPECT_THROW(Buffer(std::int64_t{1} << 48), DeviceError);
  Graph graph({1});
  graph.add(layers::Dense{.units = std::int64_t{1} << 46});
  Model model(std::move(graph));
  try {
    model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cpu});
    FAIL() << "2^48 bytes were there";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), HasSubstr("but this machine has"));
  }
}

TEST(Boundary, ShapesThatNothingCanCountAreRefused) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 40;
  Graph graph({kHuge});
  EXPECT_THROW(graph.add(layers::Dense{.units = kHuge}), InvalidArgument);
  EXPECT_THROW(fans_of({kHuge, kHuge, 3, 3}), InvalidArgument);
  EXPECT_EQ(element_count({1 << 24, 1 << 24}), std::int64_t{1} << 48);
  EXPECT_THROW(element_count({1 << 24, 1 << 24, 2}), InvalidArgument);
}

TEST(Boundary, StatisticsRefuseWhatIsNotFinite) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<double> good = {1, 2, 3.5};
  for (const double bad : {kNan, -kNan, kInfinity, -kInfinity, 1e308}) {
    const std::vector<double> values = {1, bad, -bad};
    EXPECT_THROW(compare_paired(values, good), InvalidArgument) << bad;
    EXPECT_THROW(compare_paired(good, values), InvalidArgument) << bad;
    EXPECT_THROW(compare_independent(summarize(values), summarize(good)), InvalidArgument) << bad;
    EXPECT_THROW(compare_independent(summarize(good), summarize(values)), InvalidArgument) << bad;
  }
  EXPECT_THROW(holm(std::vector<double>{0.1, kNan}), InvalidArgument);
  EXPECT_TRUE(std::isnan(summarize(std::vector<double>{1, kNan}).mean));
}

TEST(Boundary, TextThatIsNoTextIsAnError) {
  ImageDataset data = test::small_data();
  data.train.images_md5 = "\xff";  // no UTF-8, which JSON is
  EXPECT_THROW(plan_sweep(test::small_config(), data), Error);
}

TEST(Boundary, ALogThatCannotBeLookedForIsADataError) {
  Small small;
  const std::string name(300, 'x');  // longer than file systems take
  EXPECT_THROW(small.fit(csv_logger(name, true)), DataError);
}

}  // namespace
}  // namespace saltus
