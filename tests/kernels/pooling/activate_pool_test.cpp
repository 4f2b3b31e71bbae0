#include <cmath>

#include <saltus/kernels/activations.h>
#include <saltus/kernels/pooling/pooling.h>

#include "tests/kernels/host/activations.h"
#include "tests/kernels/pooling/pools.h"

namespace saltus::test {
namespace {

using kernels::ActivationRef;
using kernels::Window;

/// What an element of y is made of.
struct Pooled {
  float y = 0, slope = 0;
  int place = 0;
};

/// An element of a window.
struct Element {
  float x;
  int place;
};

/// The definition, for one window: f everywhere, then the first largest f; where f is monotone, at
/// the first largest x, as NaN and ties of f may lie elsewhere; where it has one minimum, at the
/// larger f of the first largest and the first smallest x. Of NaN the last counts.
Pooled pooled(const ActivationRef& activation, const std::vector<Element>& window) {
  std::vector<Element> candidates = window;
  const kernels::Shape shape = pooled_shape_of(activation);
  if (shape != kernels::Shape::other) {
    Element high = window[0];
    Element low = window[0];
    for (const Element& e : window) {
      if (e.x > high.x || std::isnan(e.x)) high = e;
      if (e.x < low.x || std::isnan(e.x)) low = e;
    }
    candidates = {high};
    if (shape == kernels::Shape::one_minimum) candidates.push_back(low);
  }
  std::vector<float> x;
  for (const Element& candidate : candidates) x.push_back(candidate.x);
  const Evaluated values = evaluate(activation, x);
  const auto at = [&](std::size_t i) {
    return Pooled{static_cast<float>(values.y[i]), static_cast<float>(values.slope[i]),
                  candidates[i].place};
  };
  Pooled best = at(0);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Pooled next = at(i);
    const bool tie = next.y == best.y && next.place < best.place;
    if (next.y > best.y || std::isnan(next.y) || tie) best = next;
  }
  return best;
}

/// By each trial's activation.
std::vector<Pooled> pooled(const Window& w, const std::vector<ActivationRef>& activations,
                           const std::vector<float>& x) {
  std::vector<std::vector<Element>> windows(kImages * output_size(w));
  for_each_tap(w, [&](const Tap& tap) { windows[tap.out].push_back({x[tap.in], tap.place}); });
  std::vector<Pooled> result;
  for (const auto& window : windows) {
    const std::size_t trial = result.size() * kTrials / windows.size();
    result.push_back(pooled(activations[trial], window));
  }
  return result;
}

/// Which arrays do not begin at a multiple of four elements, and which are absent.
struct Arrays {
  int x = 0, y = 0, slope = 0, index = 0;
  bool with_slope = true, with_index = true;
};

template <class In, class Out>
void expect_pooled(const Window& w, const std::vector<ActivationRef>& activations,
                   const std::vector<float>& values_of_x, const Arrays& arrays = {}) {
  SCOPED_TRACE(describe(w) + ", activation " + std::to_string(activations[0].id));
  const std::size_t size = output_size(w);
  const Shifted<In> x(elements<In>(values_of_x), arrays.x);
  const auto y = output<Out>(size, arrays.y);
  const auto slope = output<float>(size, arrays.slope);
  const auto index = output_index(size, arrays.index);
  kernels::ActivatePool step = {.window = w, .x = x.per_trial(), .slot = 1, .y = y.per_trial()};
  if (arrays.with_slope) step.slope = slope.per_trial();
  if (arrays.with_index) step.index = index.per_trial();
  const ActivationRef other = all_activations().front();
  const TrialTable table =
      pooling_table({other, activations[0], other, activations[1], other, activations[2]});
  kernels::activate_pool(step, table.context());

  std::vector<double> want_y, want_slope, want_index;
  for (const Pooled& element : pooled(w, activations, values_of_x)) {
    want_y.push_back(double{element.y});
    want_slope.push_back(arrays.with_slope ? double{element.slope} : double{kBefore});
    want_index.push_back(arrays.with_index ? element.place : double{kBefore});
  }
  expect_equal(values(y.read()), only_active(rounded<Out>(want_y)));
  expect_equal(slope.read(), only_active(want_slope));
  const auto places = index.read();
  expect_equal({places.begin(), places.end()}, only_active(want_index));
}

std::vector<ActivationRef> same_for_all(const ActivationRef& activation) {
  return std::vector<ActivationRef>(kTrials, activation);
}

/// With other parameters than the defaults.
template <class A>
ActivationRef with(std::initializer_list<float> parameters) {
  ActivationRef ref;
  ref.id = kernels::kActivationId<A>;
  std::copy(parameters.begin(), parameters.end(), ref.parameters);
  return ref;
}

/// Half integers with ties and specials, rounded to what both types hold.
std::vector<float> inputs(const Window& w, std::uint32_t seed) {
  auto x = tied_values(kImages * image_size(w), seed);
  for (float& value : x) value /= 2;
  return x;
}

TEST(ActivatePoolTest, EveryActivationToTheBit) {
  const Window windows[] = {
      window_of({.image = {5, 4}, .size = {2, 2}, .strides = {2, 2}, .in = 8, .out = 8}),
      window_of(
          {.image = {5, 5}, .size = {3, 3}, .strides = {2, 2}, .same = true, .in = 3, .out = 3})};
  for (const ActivationRef& activation : all_activations())
    for (const Window& w : windows) {
      auto x = normal_values(kImages * image_size(w), 1);
      for (float& value : x) value *= 4;
      expect_pooled<float, float>(w, same_for_all(activation), x);
      expect_pooled<float, float>(w, same_for_all(activation), inputs(w, 2));
    }
}

/// One of each kind: the largest x, the largest and the smallest, everywhere; a step, which is
/// monotone but taken everywhere; and where parameters change the kind, once with the minimum above
/// zero.
std::vector<ActivationRef> kinds() {
  return {with<kernels::Relu>({}),     with<kernels::Abs>({}),
          with<kernels::Sine>({1}),    with<kernels::BinaryStep>({1}),
          with<kernels::Elu>({-0.5F}), with<kernels::Threshold>({1, 2})};
}

template <class T>
struct ActivatePoolTest : testing::Test {};
TYPED_TEST_SUITE(ActivatePoolTest, PoolTypes);

TYPED_TEST(ActivatePoolTest, EveryWindow) {
  for (const Window& w : pool_windows())
    for (const ActivationRef& activation : kinds())
      expect_pooled<typename TypeParam::In, typename TypeParam::Out>(w, same_for_all(activation),
                                                                     inputs(w, 3));
}

TYPED_TEST(ActivatePoolTest, TakesArraysThatBeginAnywhere) {
  const Window w = pool_windows()[2];
  for (const Arrays& arrays :
       {Arrays{.x = 1}, Arrays{.y = 2}, Arrays{.slope = 3}, Arrays{.index = 1}})
    for (const ActivationRef& activation : kinds())
      expect_pooled<typename TypeParam::In, typename TypeParam::Out>(w, same_for_all(activation),
                                                                     inputs(w, 4), arrays);
}

TEST(ActivatePoolTest, EachTrialItsOwnActivation) {
  const auto all = kinds();
  for (const Window& w : pool_windows())
    expect_pooled<float, float>(w, {all[0], all[1], all[2]}, inputs(w, 5));
}

TEST(ActivatePoolTest, NeedsNeitherSlopeNorIndex) {
  const Window w = pool_windows()[2];
  for (const ActivationRef& activation : kinds())
    for (const Arrays& arrays : {Arrays{.with_slope = false}, Arrays{.with_index = false}})
      expect_pooled<float, float>(w, same_for_all(activation), inputs(w, 6), arrays);
}

TEST(ActivatePoolTest, InfinitiesAreNumbers) {
  const Window w = pool_windows()[5];
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const ActivationRef& activation :
       {with<kernels::Linear>({}), with<kernels::Abs>({}), with<kernels::Elu>({-0.5F})})
    for (const float value : {kInfinity, -kInfinity})
      expect_pooled<float, float>(w, same_for_all(activation),
                                  std::vector<float>(kImages * image_size(w), value));
}

}  // namespace
}  // namespace saltus::test
