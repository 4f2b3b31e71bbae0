// Pooling, with and without an activation before it, and its backward passes.
#include "cpu_loops_support.h"

namespace saltus::cpu {
namespace {

class CpuPoolLoops : public CpuLoops {};

constexpr std::int64_t kImages = 3;

/// Windows of all kinds: the common one, rows and columns left over, strides that skip and that
/// overlap, padding, few channels and more than one run of them.
std::vector<plan::Window> windows() {
  return {
      make_window({6, 8}, {2, 2}, {2, 2}, {}, {}, 17),
      make_window({7, 5}, {2, 2}, {2, 2}, {}, {}, 64),
      make_window({5, 5}, {2, 2}, {1, 1}, {0, 0}, {1, 1}, 3),
      make_window({9, 7}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, 8),
      make_window({8, 8}, {2, 3}, {3, 4}, {}, {}, 1),
      make_window({4, 3}, {4, 3}, {1, 1}, {}, {}, 1000),
      make_window({5, 6}, {2, 2}, {2, 2}, {0, 0}, {1, 0}, 513),
  };
}

Elements random_images(const plan::Window& w, DType type, std::uint32_t seed) {
  std::vector<float> x = random_integers(kImages * image_elements(w), 3, seed);
  for (std::size_t i = 0; i < x.size(); i += 29)
    x[i] = i % 2 == 0 ? std::numeric_limits<float>::quiet_NaN()
                      : std::numeric_limits<float>::infinity();
  return {type, x};
}

/// What one pooled element is made of.
struct Pooled {
  float value = 0, slope = 0;
  int place = 0;
};

/// Calls take(pooled element, image, oy, ox, channel).
template <class Take>
void for_each_pooled(const plan::Window& w, Take take) {
  std::int64_t element = 0;
  for (std::int64_t image = 0; image < kImages; ++image)
    for (std::int64_t oy = 0; oy < w.output.height; ++oy)
      for (std::int64_t ox = 0; ox < w.output.width; ++ox)
        for (std::int64_t c = 0; c < w.channels_in; ++c) take(element++, image, oy, ox, c);
}

std::int64_t pixel(const plan::Window& w, std::int64_t image, std::int64_t y, std::int64_t x,
                   std::int64_t c) {
  return ((image * w.image.height + y) * w.image.width + x) * w.channels_in + c;
}

/// a is to be kept before b, which comes later in the window: NaN wins, and the last of them.
bool stays(float a, float b) {
  return !(b > a || std::isnan(b));
}

/// The definition: f everywhere, then the first largest f; where f is monotone the first largest x,
/// for NaN and ties of f may lie elsewhere; where it has one minimum, of the largest and smallest
/// x.
template <class Entry>
std::vector<Pooled> pool_activated(const kernels::ActivationRef& ref, const Elements& x,
                                   const plan::Window& w) {
  const auto parameters = kernels::parameters_of<float>(ref);
  const kernels::Shape shape = Entry::shape(parameters);
  std::vector<Pooled> result;
  for_each_pooled(
      w, [&](std::int64_t, std::int64_t image, std::int64_t oy, std::int64_t ox, std::int64_t c) {
        struct At {
          float x;
          int place;
        };
        std::vector<At> all;
        for (const Position& p : positions(w, oy, ox))
          all.push_back({x[pixel(w, image, p.y, p.x, c)], p.place});
        std::vector<At> candidates;
        if (shape == kernels::Shape::other) {
          candidates = all;
        } else {
          At high = all[0];
          At low = all[0];
          for (const At& at : all) {
            if (!stays(high.x, at.x)) high = at;
            if (!stays(-low.x, -at.x)) low = at;
          }
          candidates = {high};
          if (shape == kernels::Shape::one_minimum) {
            candidates.push_back(low);
            if (low.place < high.place) std::swap(candidates[0], candidates[1]);
          }
        }
        Pooled best{Entry::f(candidates[0].x, parameters), Entry::df(candidates[0].x, parameters),
                    candidates[0].place};
        for (const At& at : candidates) {
          const float value = Entry::f(at.x, parameters);
          if (!stays(best.value, value)) best = {value, Entry::df(at.x, parameters), at.place};
        }
        result.push_back(best);
      });
  return result;
}

template <class Entry>
void check_activate_pool(const Loops& loops, const kernels::ActivationRef& ref) {
  for (const plan::Window& w : windows())
    for (const DType type : {DType::f32, DType::bf16}) {
      const Elements x = random_images(w, type, 1);
      const std::vector<Pooled> expected = pool_activated<Entry>(ref, x, w);
      const auto n = static_cast<std::int64_t>(expected.size());
      Elements y(type, n);
      Elements slope(DType::f32, n);
      std::vector<std::uint8_t> index(expected.size());
      loops.activate_pool(ref, x.in(), y.out(), static_cast<float*>(slope.out().data), index.data(),
                          w, kImages);
      const auto at = [&](std::int64_t i) { return expected[static_cast<std::size_t>(i)]; };
      expect_elements(
          y, type, [&](std::int64_t i) { return at(i).value; }, "activate_pool");
      // NaN may come from several places; their slopes are NaN, too.
      expect_elements(
          slope, DType::f32, [&](std::int64_t i) { return at(i).slope; }, "slope");
      for (std::size_t i = 0; i < index.size(); ++i)
        ASSERT_EQ(index[i], expected[i].place) << "element " << i;

      Elements value(type, n);
      loops.activate_pool(ref, x.in(), value.out(), nullptr, nullptr, w, kImages);
      expect_elements(
          value, type, [&](std::int64_t i) { return at(i).value; }, "without slope and index");
    }
}

TEST_P(CpuPoolLoops, PoolsWhatItActivates) {
  check_activate_pool<kernels::Relu>(loops(), {kernels::kActivationId<kernels::Relu>, {}});
  check_activate_pool<kernels::Selu>(loops(), {kernels::kActivationId<kernels::Selu>, {}});
  check_activate_pool<kernels::Elu>(loops(), {kernels::kActivationId<kernels::Elu>, {-0.5f}});
  check_activate_pool<kernels::GeluTanh>(loops(), {kernels::kActivationId<kernels::GeluTanh>, {}});
  // f(-x) = f(x): the largest and the smallest x tie.
  check_activate_pool<kernels::Abs>(loops(), {kernels::kActivationId<kernels::Abs>, {}});
  check_activate_pool<kernels::Sine>(loops(), {kernels::kActivationId<kernels::Sine>, {1.5f}});
}

TEST_P(CpuPoolLoops, TakesTheFirstMaximum) {
  for (const plan::Window& w : windows())
    for (const DType type : {DType::f32, DType::bf16}) {
      const Elements x = random_images(w, type, 2);
      const std::vector<Pooled> expected = pool_activated<kernels::Linear>({}, x, w);
      Elements y(type, static_cast<std::int64_t>(expected.size()));
      std::vector<std::uint8_t> index(expected.size());
      loops().max_pool(x.in(), y.out(), index.data(), w, kImages);
      expect_elements(
          y, type, [&](std::int64_t i) { return expected[static_cast<std::size_t>(i)].value; },
          "max_pool");
      for (std::size_t i = 0; i < index.size(); ++i)
        ASSERT_EQ(index[i], expected[i].place) << "element " << i;
    }
}

TEST_P(CpuPoolLoops, GathersWhatWasTaken) {
  for (const plan::Window& w : windows())
    for (const DType type : {DType::f32, DType::bf16}) {
      const Elements x = random_images(w, type, 6);
      const std::vector<Pooled> expected = pool_activated<kernels::Linear>({}, x, w);
      std::vector<std::uint8_t> index;
      for (const Pooled& pooled : expected)
        index.push_back(static_cast<std::uint8_t>(pooled.place));
      Elements y(type, static_cast<std::int64_t>(expected.size()));
      loops().gather_pooled(x.in(), index.data(), y.out(), w, kImages);
      expect_elements(
          y, type, [&](std::int64_t i) { return expected[static_cast<std::size_t>(i)].value; },
          "gather_pooled");
    }
}

TEST_P(CpuPoolLoops, SendsTheGradientToTheMaximum) {
  for (const plan::Window& w : windows())
    for (const DType type : {DType::f32, DType::bf16}) {
      const std::int64_t n = kImages * output_elements(w, w.channels_in);
      const Elements dy(type, random_integers(n, 9, 3));
      std::vector<std::uint8_t> index(static_cast<std::size_t>(n));
      // Whole numbers: sums are exact in any order, in bf16 too.
      std::vector<float> expected(static_cast<std::size_t>(kImages * image_elements(w)), 0.0f);
      for_each_pooled(w, [&](std::int64_t element, std::int64_t image, std::int64_t oy,
                             std::int64_t ox, std::int64_t c) {
        const auto inside = positions(w, oy, ox);
        const Position& p = inside[static_cast<std::size_t>(element * 7 + c) % inside.size()];
        index[static_cast<std::size_t>(element)] = static_cast<std::uint8_t>(p.place);
        expected[static_cast<std::size_t>(pixel(w, image, p.y, p.x, c))] += dy[element];
      });
      Elements dx(type, kImages * image_elements(w));
      loops().max_pool_backward(dy.in(), index.data(), dx.out(), w, kImages);
      expect_elements(
          dx, type, [&](std::int64_t i) { return expected[static_cast<std::size_t>(i)] + 0.0f; },
          "max_pool_backward");
    }
}

TEST_P(CpuPoolLoops, AveragesInsideTheImage) {
  for (const plan::Window& w : windows())
    for (const DType type : {DType::f32, DType::bf16}) {
      const std::int64_t n = kImages * output_elements(w, w.channels_in);
      const Elements x(type, random_integers(kImages * image_elements(w), 9, 4));
      const Elements dy(type, random_values(n, 5));
      std::vector<float> y(static_cast<std::size_t>(n), 0.0f);
      std::vector<float> dx(static_cast<std::size_t>(x.size()), 0.0f);
      for_each_pooled(w, [&](std::int64_t element, std::int64_t image, std::int64_t oy,
                             std::int64_t ox, std::int64_t c) {
        const auto inside = positions(w, oy, ox);
        const auto count = static_cast<float>(inside.size());
        float sum = 0.0f;
        for (const Position& p : inside) {
          sum += x[pixel(w, image, p.y, p.x, c)];
          // Windows come in row-major order here, as the loop adds them.
          dx[static_cast<std::size_t>(pixel(w, image, p.y, p.x, c))] += dy[element] / count;
        }
        y[static_cast<std::size_t>(element)] = sum / count;
      });
      Elements got(type, n);
      Elements got_dx(type, x.size());
      loops().average_pool(x.in(), got.out(), w, kImages);
      loops().average_pool_backward(dy.in(), got_dx.out(), w, kImages);
      expect_elements(
          got, type, [&](std::int64_t i) { return y[static_cast<std::size_t>(i)]; },
          "average_pool");
      expect_elements(
          got_dx, type, [&](std::int64_t i) { return dx[static_cast<std::size_t>(i)]; },
          "average_pool_backward");
    }
}

INSTANTIATE_TEST_SUITE_P(Sets, CpuPoolLoops, testing::Values("baseline", "avx2", "avx512"),
                         set_name);

}  // namespace
}  // namespace saltus::cpu
