// The loops that take each element by itself, the updates and the sums.
#include <array>

#include <saltus/kernels/bfloat16.h>
#include <saltus/kernels/normal_numbers.h>
#include <saltus/kernels/random.h>
#include <saltus/kernels/update/moving_average.h>
#include <saltus/optimizer.h>

#include "cpu_loops_support.h"

namespace saltus::cpu {
namespace {

constexpr DType kTypes[] = {DType::f32, DType::bf16};

std::string pair_name(DType a, DType b) {
  const auto name = [](DType type) { return type == DType::bf16 ? "bf16" : "f32"; };
  return std::string(name(a)) + " to " + name(b);
}

/// Calls test(n, type in, type out) for all of them.
template <class Test>
void for_each_case(Test test) {
  for (const std::int64_t n : kSizes)
    for (const DType in : kTypes)
      for (const DType out : kTypes) test(n, in, out);
}

TEST_P(CpuLoops, LoadsBytesAsFractions) {
  for (const DType type : kTypes) {
    std::vector<std::uint8_t> bytes(256);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
    Elements x(type, 256);
    loops().load({bytes.data(), DType::u8}, x.out(), 256);
    expect_elements(
        x, type, [](std::int64_t i) { return static_cast<float>(i) / 255.0f; }, "bytes");
  }
}

TEST_P(CpuLoops, RoundsToBf16) {
  // Every sign, exponent and kept bit, with what lies around a tie behind it.
  std::vector<float> values;
  for (std::uint32_t high = 0; high < 0x10000u; ++high)
    for (const std::uint32_t low : {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu})
      values.push_back(std::bit_cast<float>(high << 16 | low));
  Elements y(DType::bf16, static_cast<std::int64_t>(values.size()));
  loops().load({values.data(), DType::f32}, y.out(), y.size());
  expect_elements(
      y, DType::bf16, [&](std::int64_t i) { return values[static_cast<std::size_t>(i)]; },
      "rounding");
}

TEST_P(CpuLoops, MultipliesAndAdds) {
  for_each_case([&](std::int64_t n, DType in, DType out) {
    const Elements a(in, random_values(n, 1, true));
    const Elements b(out, random_values(n, 2, true));
    const std::vector<float> slope = random_values(n, 3);
    Elements product(out, n);
    Elements sum(out, n);
    loops().multiply(a.in(), slope.data(), product.out(), n);
    loops().add(a.in(), b.in(), sum.out(), n);
    expect_elements(
        product, out, [&](std::int64_t i) { return a[i] * slope[static_cast<std::size_t>(i)]; },
        "multiply " + pair_name(in, out));
    expect_elements(
        sum, out, [&](std::int64_t i) { return a[i] + b[i]; }, "add " + pair_name(in, out));
  });
}

TEST_P(CpuLoops, AddsIntoAnOperand) {
  Elements y(DType::f32, random_values(1000, 4));
  const Elements before = y;
  const Elements x(DType::bf16, random_values(1000, 5));
  loops().add(y.in(), x.in(), y.out(), 1000);
  expect_elements(
      y, DType::f32, [&](std::int64_t i) { return before[i] + x[i]; }, "add in place");
}

/// f and f' of an entry, by scalar code.
std::array<float, 2> activation_at(const kernels::ActivationRef& ref, float x) {
  std::array<float, 2> result{};
  kernels::dispatch(ref.id, [&]<class Entry>() {
    const auto parameters = kernels::parameters_of<float>(ref);
    result = {Entry::f(x, parameters), Entry::df(x, parameters)};
  });
  return result;
}

kernels::ActivationRef with_defaults(int id) {
  kernels::ActivationRef ref{.id = id};
  kernels::dispatch(id, [&]<class Entry>() {
    const auto values = kernels::defaults<float>(Entry::traits);
    std::copy(std::begin(values.values), std::end(values.values), std::begin(ref.parameters));
  });
  return ref;
}

TEST_P(CpuLoops, ActivatesLikeTheListItself) {
  for (int id = 0; id < kernels::AllActivations::size; ++id) {
    const kernels::ActivationRef ref = with_defaults(id);
    const std::string name = "activation " + std::to_string(id);
    for_each_case([&](std::int64_t n, DType in, DType out) {
      const Elements x(in, random_values(n, 6, true));
      const auto f = [&](std::int64_t i) { return activation_at(ref, x[i])[0]; };
      const auto df = [&](std::int64_t i) { return activation_at(ref, x[i])[1]; };
      Elements y(out, n);
      Elements slope(DType::f32, n);
      loops().activate(ref, x.in(), y.out(), static_cast<float*>(slope.out().data), n);
      expect_elements(y, out, f, name + " " + pair_name(in, out));
      expect_elements(slope, DType::f32, df, "slope of " + name);

      Elements value(out, n);
      loops().activate(ref, x.in(), value.out(), nullptr, n);
      expect_elements(value, out, f, name + " without slope");

      Elements in_place = x;
      loops().activate(ref, in_place.in(), in_place.out(), nullptr, n);
      expect_elements(in_place, in, f, name + " in place");
    });
  }
}

TEST_P(CpuLoops, DropsWhatTheMaskSays) {
  const kernels::DropoutRule rule = {kernels::drop_threshold(0.3), 1.25f, -0.5f, -1.75f};
  // Beginnings in a block, and one whose blocks lie far up in the counter.
  for (const std::int64_t first : {0, 3, 8, 1021, 1 << 30})
    for_each_case([&](std::int64_t n, DType in, DType out) {
      const DrawKey key = {0x123456789abcdefu, 5, 77, first};
      const Elements x(in, random_values(n, 7));
      const auto kept = [&](std::int64_t i) {
        const std::int64_t element = first + i;
        const auto words = kernels::random_words(key.seed, kernels::Purpose::dropout, key.layer,
                                                 key.step, static_cast<std::uint32_t>(element / 8));
        return kernels::mask_draw(words, static_cast<int>(element % 8)) >= rule.threshold;
      };
      Elements y(out, n);
      Elements dx(out, n);
      loops().drop(rule, key, x.in(), y.out(), n);
      loops().drop_backward(rule, key, x.in(), dx.out(), n);
      expect_elements(
          y, out,
          [&](std::int64_t i) { return kept(i) ? rule.scale * x[i] + rule.shift : rule.dropped; },
          "drop");
      expect_elements(
          dx, out, [&](std::int64_t i) { return kept(i) ? rule.scale * x[i] : 0.0f; },
          "drop backward");
    });
}

TEST_P(CpuLoops, AddsTheNoiseOfItsElements) {
  for (const std::int64_t first : {0, 3, 4, 1021, 1 << 30})
    for_each_case([&](std::int64_t n, DType in, DType out) {
      const DrawKey key = {0x123456789abcdefu, 5, 77, first};
      const Elements x(in, random_values(n, 7));
      const auto normal = [&](std::int64_t i) {
        const std::int64_t element = first + i;
        const auto words =
            kernels::random_words(key.seed, kernels::Purpose::noise, key.layer, key.step,
                                  static_cast<std::uint32_t>(element / kernels::kNormalBlock));
        const auto pair = element % 4 < 2 ? kernels::normal_pair(words.w0, words.w1)
                                          : kernels::normal_pair(words.w2, words.w3);
        return element % 2 == 0 ? pair.first : pair.second;
      };
      Elements y(out, n);
      loops().add_noise(0.3f, key, x.in(), y.out(), n);
      expect_elements(
          y, out, [&](std::int64_t i) { return x[i] + 0.3f * normal(i); }, "noise");
    });
}

TEST_P(CpuLoops, KeepsADrawAtTheThreshold) {
  const auto words = kernels::random_words(9, kernels::Purpose::dropout, 0, 0, 0);
  for (int lane = 0; lane < kernels::kMaskBlock; ++lane) {
    const kernels::DropoutRule rule = {kernels::mask_draw(words, lane), 1.0f, 0.0f, 0.0f};
    const Elements x(DType::f32, std::vector<float>(8, 1.0f));
    Elements y(DType::f32, 8);
    loops().drop(rule, {9, 0, 0, 0}, x.in(), y.out(), 8);
    EXPECT_EQ(y[lane], 1.0f);
  }
}

TEST_P(CpuLoops, DropsNothingAndEverything) {
  const Elements x(DType::f32, random_values(1000, 8));
  for (const std::uint32_t threshold : {0u, 65536u}) {
    const kernels::DropoutRule rule = {threshold, 1.0f, 0.0f, -3.0f};
    Elements y(DType::f32, 1000);
    loops().drop(rule, {1, 2, 3, 0}, x.in(), y.out(), 1000);
    expect_elements(
        y, DType::f32, [&](std::int64_t i) { return threshold == 0 ? x[i] : -3.0f; }, "drop");
  }
}

/// The arrays of an optimizer, before or after a step.
struct State {
  Elements w, m, v, s, w16;
  explicit State(std::int64_t n)
      : w(DType::f32, random_values(n, 10)),
        m(DType::f32, random_values(n, 11)),
        v(DType::f32, n),
        s(DType::f32, random_values(n, 17)),
        w16(DType::bf16, n) {
    std::vector<float> squares = random_values(n, 12);
    for (float& x : squares) x *= x;
    v = Elements(DType::f32, squares);
  }
  static float* floats(Elements& e) { return static_cast<float*>(e.out().data); }
  std::uint16_t* copy() { return static_cast<std::uint16_t*>(w16.out().data); }
};

/// The gradient after norm clip and value clip, NaN staying NaN.
float clipped(float g, float scale, float clip) {
  g *= scale;
  return g > clip ? clip : g < -clip ? -clip : g;
}
std::int64_t count_clipped(const std::vector<float>& g, float scale, float clip) {
  return std::count_if(g.begin(), g.end(), [&](float x) { return std::abs(x * scale) > clip; });
}

constexpr float kScale = 0.75f;  // a norm clip's
constexpr std::uint32_t kStep = 7;

/// A step by the loop of that optimizer.
template <class O>
std::int64_t update(const O& optimizer, float clip, const std::vector<float>& g, State& state,
                    std::uint16_t* copy) {
  return loops().update<O>()(
      optimizer, optimizer.step(kStep), kScale, clip, g.data(), State::floats(state.w),
      {State::floats(state.m), State::floats(state.v), State::floats(state.s)}, copy,
      std::ssize(g));
}

TEST_P(CpuLoops, StepsLikeAdam) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const std::int64_t n : kSizes)
    for (const float clip : {kInfinity, 0.5f}) {
      const Adam adam = {.learning_rate = 0.01};
      const auto step = adam.step(kStep);
      const std::vector<float> g = random_values(n, 13, true);
      const State before(n);
      State after(n);
      const std::int64_t cut = update(adam, clip, g, after, after.copy());
      EXPECT_EQ(cut, count_clipped(g, kScale, clip));
      const auto gradient = [&](std::int64_t i) {
        return clipped(g[static_cast<std::size_t>(i)], kScale, clip);
      };
      const auto m = [&](std::int64_t i) {
        return before.m[i] + (gradient(i) - before.m[i]) * step.rate_1;
      };
      const auto v = [&](std::int64_t i) {
        return before.v[i] + (gradient(i) * gradient(i) - before.v[i]) * step.rate_2;
      };
      const auto w = [&](std::int64_t i) {
        return before.w[i] - step.rate * m(i) / (std::sqrt(v(i)) + step.epsilon);
      };
      expect_elements(after.m, DType::f32, m, "m");
      expect_elements(after.v, DType::f32, v, "v");
      expect_elements(after.w, DType::f32, w, "w");
      expect_elements(after.w16, DType::bf16, w, "w as bf16");

      State without_copy(n);
      update(adam, clip, g, without_copy, nullptr);
      expect_elements(without_copy.w, DType::f32, w, "w without a copy");
    }
}

TEST_P(CpuLoops, StepsLikeSgd) {
  for (const std::int64_t n : kSizes)
    for (const float momentum : {0.0f, 0.9f})
      for (const bool nesterov : {false, true}) {
        const SGD sgd = {.momentum = momentum, .nesterov = nesterov};
        const auto step = sgd.step(kStep);
        constexpr float kClip = 1.5f;
        const std::vector<float> g = random_values(n, 14, true);
        const State before(n);
        State after(n);
        const std::int64_t cut = update(sgd, kClip, g, after, after.copy());
        EXPECT_EQ(cut, count_clipped(g, kScale, kClip));
        const auto change = [&](std::int64_t i) {
          return step.rate * clipped(g[static_cast<std::size_t>(i)], kScale, kClip);
        };
        const auto speed = [&](std::int64_t i) { return momentum * before.m[i] - change(i); };
        const auto w = [&](std::int64_t i) {
          if (momentum == 0.0f) return before.w[i] - change(i);
          return before.w[i] + (nesterov ? momentum * speed(i) - change(i) : speed(i));
        };
        expect_elements(
            after.m, DType::f32,
            [&](std::int64_t i) { return momentum == 0.0f ? before.m[i] : speed(i); }, "velocity");
        expect_elements(after.w, DType::f32, w, "w");
        expect_elements(after.w16, DType::bf16, w, "w as bf16");
      }
}

/// Moments before and after a step without a gradient that halves them.
struct Sinking {
  float m, v, m_after, v_after;
};
constexpr Sinking kSinking[] = {
    {1.5e-30f, 1, 0, 0.5f},
    {2.5e-30f, 2.5e-30f, 1.25e-30f, 1.25e-30f},
    {-2.5e-30f, 0x1p-140f, -1.25e-30f, 0x1p-141f},  // the second is kept with the first
    {-1.5e-30f, 1e-35f, 0, 0},
    {0x1p-140f, 1.5e-30f, 0, 0},
    {0, 2.5e-30f, 0, 1.25e-30f},
    {std::numeric_limits<float>::quiet_NaN(), 1e-35f, std::numeric_limits<float>::quiet_NaN(),
     0.5e-35f},
};

TEST_P(CpuLoops, ForgetsMomentsThatSink) {
  constexpr std::int64_t n = 61;  // some vectors and a rest
  const auto at = [](std::int64_t i) -> const Sinking& {
    return kSinking[i % std::ssize(kSinking)];
  };
  const std::vector<float> g(n, 0.0f);
  State adam(n), sgd(n);
  for (std::int64_t i = 0; i < n; ++i) {
    State::floats(adam.w)[i] = State::floats(sgd.w)[i] = 0;
    State::floats(adam.m)[i] = State::floats(sgd.m)[i] = at(i).m;
    State::floats(adam.v)[i] = at(i).v;
  }
  constexpr float kEpsilon = 1e-7f;
  const Adam halving = {.learning_rate = 1, .beta_1 = 0.5, .beta_2 = 0.5, .epsilon = kEpsilon};
  const float rate = halving.step(kStep).rate;
  update(halving, 1, g, adam, nullptr);
  update(SGD{.learning_rate = 1, .momentum = 0.5}, 1, g, sgd, nullptr);
  const auto m = [&](std::int64_t i) { return at(i).m_after; };
  const auto v = [&](std::int64_t i) { return at(i).v_after; };
  const auto w = [&](std::int64_t i) { return 0 - rate * m(i) / (std::sqrt(v(i)) + kEpsilon); };
  expect_elements(adam.m, DType::f32, m, "Adam's m");
  expect_elements(adam.v, DType::f32, v, "Adam's v");
  expect_elements(adam.w, DType::f32, w, "w by Adam");
  expect_elements(sgd.m, DType::f32, m, "velocity");
  expect_elements(sgd.w, DType::f32, m, "w by SGD");
}

/// Those of the list, and what they are not by default.
std::vector<Optimizer> every_optimizer() {
  std::vector<Optimizer> all = optimizer_list();
  all.insert(all.end(), {SGD{.momentum = 0.9}, SGD{.momentum = 0.9, .nesterov = true},
                         RMSprop{.momentum = 0.9}, RMSprop{.centered = true},
                         RMSprop{.momentum = 0.9, .centered = true}});
  return all;
}

TEST_P(CpuLoops, StepLikeTheFormulaOfEachOptimizer) {
  constexpr float kClip = 1.5f;
  for (const Optimizer& optimizer : every_optimizer()) {
    SCOPED_TRACE(to_string(optimizer));
    for (const std::int64_t n : kSizes) {
      const std::vector<float> g = random_values(n, 18, true);
      State want(n), got(n);
      for (State* state : {&want, &got})  // means of squares are not negative
        for (std::int64_t i = 0; i < n; ++i)
          State::floats(state->m)[i] = std::abs(State::floats(state->m)[i]);
      std::visit(
          [&]<class O>(const O& o) {
            kernels::with_moments(o, [&]<std::size_t k>(std::integral_constant<std::size_t, k>) {
              for (std::int64_t i = 0; i < n; ++i)
                kernels::change_element<O, k>(
                    o.step(kStep), clipped(g[static_cast<std::size_t>(i)], kScale, kClip),
                    State::floats(want.w)[i], State::floats(want.m)[i], State::floats(want.v)[i],
                    State::floats(want.s)[i]);
            });
            update(o, kClip, g, got, nullptr);
          },
          optimizer);
      expect_elements(
          got.w, DType::f32, [&](std::int64_t i) { return want.w[i]; }, "w");
      expect_elements(
          got.m, DType::f32, [&](std::int64_t i) { return want.m[i]; }, "moment 1");
      expect_elements(
          got.v, DType::f32, [&](std::int64_t i) { return want.v[i]; }, "moment 2");
      expect_elements(
          got.s, DType::f32, [&](std::int64_t i) { return want.s[i]; }, "moment 3");
    }
  }
}

TEST_P(CpuLoops, AverageLikeTheFormula) {
  for (const std::int64_t n : kSizes) {
    for (const float rate : {0.0625F, 1.0F}) {
      const std::vector<float> w = random_values(n, 19);
      const std::vector<float> before = random_values(n, 20);
      for (const bool has_copy : {false, true}) {
        std::vector<float> got = before;
        std::vector<std::uint16_t> copy(static_cast<std::size_t>(n), 1);
        loops().average(w.data(), rate, got.data(), has_copy ? copy.data() : nullptr, n);
        for (std::size_t i = 0; i < got.size(); ++i) {
          EXPECT_EQ(got[i], kernels::moving_average(before[i], w[i], rate)) << i;
          EXPECT_EQ(copy[i], has_copy ? kernels::to_bf16(got[i]).bits : 1) << i;
        }
      }
    }
  }
}

TEST_P(CpuLoops, LeaveNoOptimizerASubnormalMoment) {
  constexpr std::int64_t n = 61;
  const std::vector<float> g(n, 0.0f);
  for (const Optimizer& optimizer : every_optimizer()) {
    SCOPED_TRACE(to_string(optimizer));
    State state(n);
    const auto moments = {&state.m, &state.v, &state.s};
    for (Elements* moment : moments) std::fill_n(State::floats(*moment), n, 0x1p-140f);
    std::visit([&](const auto& o) { update(o, 1, g, state, nullptr); }, optimizer);
    const std::size_t used = std::visit([](const auto& o) { return o.moments(); }, optimizer);
    for (std::size_t k = 0; k < used; ++k)
      expect_elements(
          *moments.begin()[k], DType::f32, [](std::int64_t) { return 0.0f; }, "moment");
  }
}

TEST_P(CpuLoops, SumsSquaresAsTheBaselineDoes) {
  for (const std::int64_t n : kSizes) {
    const std::vector<float> g = random_values(n, 15);
    double expected = 0;
    for (const float x : g) expected += static_cast<double>(x) * x;
    const double got = loops().sum_squares(g.data(), n);
    // Squares of floats are exact in double; each of n additions rounds once.
    EXPECT_NEAR(got, expected, static_cast<double>(n) * 0x1p-53 * expected);
    EXPECT_EQ(got, loops_for("baseline")->sum_squares(g.data(), n));
  }
}

TEST_P(CpuLoops, FindsWhatIsNotFinite) {
  for (const std::int64_t n : {std::int64_t{1}, std::int64_t{17}, std::int64_t{9000}}) {
    std::vector<float> g = random_values(n, 16);
    g[0] = std::numeric_limits<float>::max();
    EXPECT_TRUE(loops().all_finite(g.data(), n));
    for (const float bad :
         {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
          std::numeric_limits<float>::quiet_NaN()})
      for (const std::int64_t place : {std::int64_t{0}, n / 2, n - 1}) {
        std::vector<float> spoilt = g;
        spoilt[static_cast<std::size_t>(place)] = bad;
        EXPECT_FALSE(loops().all_finite(spoilt.data(), n));
      }
  }
}

TEST(CpuLoopsChoice, KnowsItsNames) {
  ASSERT_NE(loops_for("baseline"), nullptr);
  EXPECT_STREQ(loops_for("baseline")->name, "baseline");
  EXPECT_EQ(loops_for("sse9"), nullptr);
  EXPECT_EQ(loops_for(""), nullptr);
  EXPECT_EQ(&loops(), loops_for(loops().name));
}

INSTANTIATE_TEST_SUITE_P(Sets, CpuLoops, testing::Values("baseline", "avx2", "avx512"), set_name);

}  // namespace
}  // namespace saltus::cpu
