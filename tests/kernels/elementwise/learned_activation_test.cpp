#include "tests/kernels/device/linked_code.h"

#if defined(SALTUS_EMULATED_CUDA)

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <saltus/kernels/elementwise/learned_activation.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

constexpr int kTrials = 3;  // of which the second is not active
constexpr int kParameters = 3;
constexpr float kFixed = 3;  // p1's value where it is not learned

/// How a parameter is.
enum class How : std::uint8_t { fixed, learned, by_channel };

struct Case {
  int channels, pixels, rows, max_rows;
  How p0, p1, p2;
};

class LearnedActivationTest : public testing::TestWithParam<Case> {
 protected:
  const Case c = GetParam();
  const std::array<How, kParameters> how = {c.p0, c.p1, c.p2};
  const std::size_t size = static_cast<std::size_t>(c.channels) * c.pixels;
  const std::size_t stride = static_cast<std::size_t>(c.max_rows) * size;
  const TrialTable table{
      {.rows = c.rows, .max_rows = c.max_rows, .states = {{}, {.active = 0}, {}}}};
  const Polynomials linked;

  const std::vector<float> x = small_integers(kTrials * stride, 3, 1);
  const std::vector<float> dy = small_integers(kTrials * stride, 3, 2);
  const std::vector<float> before = small_integers(kTrials * stride, 3, 3);
  std::array<std::vector<float>, kParameters> parameters;  ///< [trials][count(i)]
  float low = -2;
  float high = 2;

  LearnedActivationTest() {
    for (std::size_t i = 0; i < parameters.size(); ++i)  // some beyond the legal interval
      parameters[i] = small_integers(kTrials * count(i), 4, static_cast<std::uint32_t>(10 + i));
  }

  std::size_t count(std::size_t i) const {
    return how[i] == How::by_channel ? static_cast<std::size_t>(c.channels) : 1;
  }
  std::size_t place(std::size_t trial, std::size_t i, std::size_t element) const {
    return trial * count(i) + element % count(i);
  }
  double value(std::size_t trial, std::size_t i, std::size_t element) const {
    if (how[i] == How::fixed) return kFixed;
    return std::clamp(parameters[i][place(trial, i, element)], low, high);
  }

  /// Calls visit(trial, element of all) for what kernels work on.
  template <class Visit>
  void for_elements(Visit visit) const {
    for (const std::size_t trial : {0U, 2U})
      for (std::size_t i = 0; i < static_cast<std::size_t>(c.rows) * size; ++i)
        visit(trial, trial * stride + i);
  }

  std::array<DeviceArray<float>, kParameters> on_device(
      const std::array<std::vector<float>, kParameters>& all) const {
    return {DeviceArray(all[0]), DeviceArray(all[1]), DeviceArray(all[2])};
  }

  template <class Arguments>
  void take(const std::array<DeviceArray<float>, kParameters>& arrays, Arguments& arguments) const {
    for (std::size_t i = 0; i < kParameters; ++i) {
      arguments.parameters[i] = {
          .by_channel = how[i] == How::by_channel, .fixed = kFixed, .low = low, .high = high};
      if (how[i] != How::fixed) arguments.parameters[i].values = arrays[i].per_trial(kTrials);
    }
  }

  template <class T>
  std::vector<float> forward() const {
    const auto arrays = on_device(parameters);
    const DeviceArray<T> device_x(elements<T>(x));
    const DeviceArray<T> y(elements<T>(before));
    kernels::ActivateLearned arguments{.number = Polynomials::kLearned,
                                       .x = device_x.per_trial(kTrials),
                                       .y = y.per_trial(kTrials),
                                       .size = static_cast<std::int64_t>(size),
                                       .channels = c.channels};
    take(arrays, arguments);
    kernels::activate_learned(arguments, table.context());
    return values(y.read());
  }

  struct Gradients {
    std::vector<float> dx;
    std::array<std::vector<float>, kParameters> parameters;
  };
  template <class T>
  Gradients backward(bool with_dx = true) const {
    const auto arrays = on_device(parameters);
    const auto gradients = on_device(parameters);
    const DeviceArray<T> device_x(elements<T>(x));
    const DeviceArray<T> device_dy(elements<T>(dy));
    const DeviceArray<T> dx(elements<T>(before));
    int learned = 0;
    bool apart = false;
    for (const How one : how) {
      learned += one == How::fixed ? 0 : 1;
      apart = apart || one == How::by_channel;
    }
    const DeviceArray<double> workspace(
        static_cast<std::size_t>(kTrials) *
        static_cast<std::size_t>(kernels::learned_workspace(
            static_cast<std::int64_t>(size), apart ? c.channels : 1, learned, c.max_rows)));
    kernels::ActivateLearnedBackward arguments{
        .number = Polynomials::kLearned,
        .x = device_x.per_trial(kTrials),
        .dy = device_dy.per_trial(kTrials),
        .dx = with_dx ? kernels::AnyOutput(dx.per_trial(kTrials)) : kernels::AnyOutput(),
        .size = static_cast<std::int64_t>(size),
        .channels = c.channels,
        .workspace = workspace.per_trial(kTrials)};
    take(arrays, arguments);
    for (std::size_t i = 0; i < kParameters; ++i)
      if (how[i] != How::fixed) arguments.gradients[i] = gradients[i].per_trial(kTrials);
    kernels::activate_learned_backward(arguments, table.context());
    return {values(dx.read()), {gradients[0].read(), gradients[1].read(), gradients[2].read()}};
  }

  /// The gradients of parameter i, where there was `parameters` before.
  std::vector<double> wanted(std::size_t i) const {
    std::vector<double> want(parameters[i].begin(), parameters[i].end());
    if (how[i] == How::fixed) return want;
    for_elements(
        [&](std::size_t trial, std::size_t at) { want[place(trial, i, at - trial * stride)] = 0; });
    for_elements([&](std::size_t trial, std::size_t at) {
      const double factors[] = {x[at], double{x[at]} * x[at], 1};
      want[place(trial, i, at - trial * stride)] += dy[at] * factors[i];
    });
    for (std::size_t j = 0; j < want.size(); ++j) {
      const std::size_t trial = j / count(i);
      const float learned = parameters[i][j];
      if (trial == 1) continue;
      // A step is against the gradient.
      if ((learned >= high && want[j] < 0) || (learned <= low && want[j] > 0)) want[j] = 0;
    }
    return want;
  }
};

TEST_P(LearnedActivationTest, IsExactOnIntegers) {
  std::vector<double> want(before.begin(), before.end());
  for_elements([&](std::size_t trial, std::size_t at) {
    const std::size_t i = at - trial * stride;
    want[at] = value(trial, 0, i) * x[at] + value(trial, 1, i) * x[at] * x[at] + value(trial, 2, i);
  });
  expect_equal(forward<float>(), want);
  expect_equal(forward<kernels::Bf16>(), want);
}

TEST_P(LearnedActivationTest, BackwardIsExactOnIntegers) {
  std::vector<double> want(before.begin(), before.end());
  for_elements([&](std::size_t trial, std::size_t at) {
    const std::size_t i = at - trial * stride;
    want[at] = dy[at] * (value(trial, 0, i) + 2 * value(trial, 1, i) * x[at]);
  });
  const auto expect_gradients = [&](const Gradients& got) {
    for (std::size_t i = 0; i < kParameters; ++i) {
      SCOPED_TRACE(i);
      expect_equal(got.parameters[i], wanted(i));
    }
  };
  const Gradients floats = backward<float>();
  expect_equal(floats.dx, want);
  expect_gradients(floats);
  const Gradients halves = backward<kernels::Bf16>();
  expect_equal(halves.dx, want);
  expect_gradients(halves);
  const Gradients without = backward<float>(false);
  EXPECT_EQ(without.dx, before) << "written without being asked for";
  expect_gradients(without);
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, LearnedActivationTest,
    testing::Values(Case{1, 1, 1, 1, How::learned, How::fixed, How::fixed},  // the least there is
                    Case{8, 3, 3, 4, How::by_channel, How::fixed, How::learned},
                    Case{5, 7, 3, 5, How::learned, How::by_channel, How::by_channel},  // no quads
                    Case{32, 1, 70, 71, How::by_channel, How::by_channel, How::by_channel},
                    Case{33, 2, 20, 20, How::fixed, How::by_channel, How::learned},
                    Case{3, 2000, 3, 4, How::learned, How::learned, How::by_channel},  // two slices
                    Case{1, 17000, 2, 2, How::fixed, How::learned, How::learned},
                    Case{100, 9, 60, 61, How::by_channel, How::learned, How::fixed}));

}  // namespace
}  // namespace saltus::test

#endif
