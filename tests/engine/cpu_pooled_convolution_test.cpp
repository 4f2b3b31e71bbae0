// The pooled convolution's backward against naive loops over every position.
#include <algorithm>

#include "cpu_loops_support.h"

namespace saltus::cpu {
namespace {

class CpuPooledConvolution : public CpuLoops {};

struct Case {
  const char* name;
  plan::Window window, pool;
};

Case make_case(const char* name, plan::Window window, Size2 size, Size2 strides, Size2 before = {},
               Size2 after = {}) {
  return {name, window,
          make_window(window.output, size, strides, before, after, window.channels_out)};
}

constexpr Size2 kNone = {0, 0};

std::vector<Case> cases() {
  const auto convolution = [](Size2 image, Size2 size, Size2 strides, Size2 before, Size2 after,
                              std::int64_t in, std::int64_t out) {
    return make_window(image, size, strides, before, after, in, out);
  };
  return {
      make_case("the tutorial's", convolution({14, 14}, {3, 3}, {1, 1}, kNone, kNone, 32, 64),
                {2, 2}, {2, 2}, kNone, kNone),
      make_case("one channel in", convolution({9, 10}, {3, 3}, {1, 1}, kNone, kNone, 1, 5), {2, 2},
                {2, 2}, kNone, kNone),
      make_case("5x5, wide rows", convolution({12, 11}, {5, 5}, {1, 1}, kNone, kNone, 48, 7),
                {2, 2}, {2, 2}, kNone, kNone),
      make_case("same padding", convolution({8, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 65), {2, 2},
                {2, 2}, kNone, kNone),
      make_case("even window, padding behind",
                convolution({7, 9}, {2, 4}, {1, 1}, {0, 1}, {1, 2}, 5, 3), {3, 3}, {3, 3}, kNone,
                kNone),
      make_case("strides", convolution({15, 13}, {3, 3}, {2, 2}, kNone, kNone, 16, 130), {2, 2},
                {2, 2}, kNone, kNone),
      make_case("overlapping pool", convolution({10, 10}, {3, 3}, {1, 1}, kNone, kNone, 16, 8),
                {3, 3}, {2, 2}, {1, 1}, {1, 1}),
      make_case("1x1 window", convolution({6, 6}, {1, 1}, {1, 1}, kNone, kNone, 40, 9), {2, 3},
                {2, 3}, kNone, kNone),
  };
}

/// Data of one case; whole numbers, so every sum is exact and the tolerance zero.
struct Problem {
  static constexpr std::int64_t kImages = 3;

  explicit Problem(const Case& c)
      : window(c.window),
        pool(c.pool),
        x(random_integers(kImages * image_elements(window), 4, 1)),
        w(random_integers(
            window.size.height * window.size.width * window.channels_in * window.channels_out, 4,
            2)),
        dy(random_integers(kImages * output_elements(pool, window.channels_out), 4, 3)) {
    for (std::int64_t image = 0; image < kImages; ++image)
      for (std::int64_t oy = 0; oy < pool.output.height; ++oy)
        for (std::int64_t ox = 0; ox < pool.output.width; ++ox)
          for (std::int64_t c_out = 0; c_out < window.channels_out; ++c_out) {
            const auto inside = positions(pool, oy, ox);
            const auto at = random_() % inside.size();
            index.push_back(static_cast<std::uint8_t>(inside[at].place));
          }
  }

  /// dw, db and dx, adding to what is there.
  void add_expected(std::vector<float>& dw, std::vector<float>& db, std::vector<float>& dx) const {
    std::size_t element = 0;
    for (std::int64_t image = 0; image < kImages; ++image)
      for (std::int64_t oy = 0; oy < pool.output.height; ++oy)
        for (std::int64_t ox = 0; ox < pool.output.width; ++ox)
          for (std::int64_t out = 0; out < window.channels_out; ++out, ++element) {
            db[static_cast<std::size_t>(out)] += dy[element];
            const std::int64_t place = index[element];
            const std::int64_t y =
                oy * pool.strides.height - pool.padding_before.height + place / pool.size.width;
            const std::int64_t x_out =
                ox * pool.strides.width - pool.padding_before.width + place % pool.size.width;
            for (const Position& p : positions(window, y, x_out))
              for (std::int64_t in = 0; in < window.channels_in; ++in) {
                const auto from = static_cast<std::size_t>(
                    ((image * window.image.height + p.y) * window.image.width + p.x) *
                        window.channels_in +
                    in);
                const auto weight = static_cast<std::size_t>(
                    (p.place * window.channels_in + in) * window.channels_out + out);
                dw[weight] += dy[element] * x[from];
                dx[from] += dy[element] * w[weight];
              }
          }
  }

  plan::Window window, pool;
  std::vector<float> x, w, dy;
  std::vector<std::uint8_t> index;

 private:
  std::mt19937 random_{4};
};

TEST_P(CpuPooledConvolution, EqualsTheDenseGradient) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    const Problem problem(c);
    // Sums start from something, and the rest of each array must stay as it is.
    std::vector<float> dw = random_integers(static_cast<std::int64_t>(problem.w.size()), 9, 5);
    std::vector<float> db = random_integers(c.window.channels_out, 9, 6);
    std::vector<float> dx(problem.x.size(), 0.0f);
    std::vector<float> expected_dw = dw;
    std::vector<float> expected_db = db;
    std::vector<float> expected_dx = dx;
    problem.add_expected(expected_dw, expected_db, expected_dx);
    std::fill(dx.begin(), dx.end(), -1.0f);

    const auto own = static_cast<std::size_t>(loops().pooled_convolution_weights_size(c.window));
    const auto room = static_cast<std::size_t>(loops().pooled_convolution_scratch_size(c.window));
    std::vector<float> w_own(own, -1.0f);
    std::vector<float> dw_own(own, 0.0f);
    std::vector<float> scratch(room, -1.0f);
    loops().pooled_convolution_prepare(problem.w.data(), w_own.data(), c.window);
    // As slices: two images, then one.
    const std::int64_t image = image_elements(c.window);
    const std::int64_t pooled = output_elements(c.pool, c.window.channels_out);
    for (const auto& [first, count] : {std::pair<std::int64_t, std::int64_t>{0, 2}, {2, 1}}) {
      loops().pooled_convolution_weights(problem.x.data() + first * image,
                                         problem.dy.data() + first * pooled,
                                         problem.index.data() + first * pooled, dw_own.data(),
                                         db.data(), c.window, c.pool, count, scratch.data());
      loops().pooled_convolution_data(
          w_own.data(), problem.dy.data() + first * pooled, problem.index.data() + first * pooled,
          dx.data() + first * image, c.window, c.pool, count, scratch.data());
    }
    loops().pooled_convolution_finish(dw_own.data(), dw.data(), c.window);
    EXPECT_EQ(dw, expected_dw);
    EXPECT_EQ(db, expected_db);
    EXPECT_EQ(dx, expected_dx);
  }
}

/// Results of one problem with numbers that round.
std::vector<float> rounded_results(const Loops& loops, Problem& problem) {
  const plan::Window& window = problem.window;
  std::vector<float> w_own(static_cast<std::size_t>(loops.pooled_convolution_weights_size(window)));
  std::vector<float> results(w_own.size() + problem.x.size(), 0.0f);
  std::vector<float> db(static_cast<std::size_t>(window.channels_out), 0.0f);
  std::vector<float> scratch(
      static_cast<std::size_t>(loops.pooled_convolution_scratch_size(window)));
  loops.pooled_convolution_prepare(problem.w.data(), w_own.data(), window);
  loops.pooled_convolution_weights(problem.x.data(), problem.dy.data(), problem.index.data(),
                                   results.data(), db.data(), window, problem.pool,
                                   Problem::kImages, scratch.data());
  loops.pooled_convolution_data(w_own.data(), problem.dy.data(), problem.index.data(),
                                results.data() + w_own.size(), window, problem.pool,
                                Problem::kImages, scratch.data());
  results.insert(results.end(), db.begin(), db.end());
  return results;
}

TEST_P(CpuPooledConvolution, RoundsLikeTheBaseline) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    Problem problem(c);
    problem.x = random_values(static_cast<std::int64_t>(problem.x.size()), 7);
    problem.w = random_values(static_cast<std::int64_t>(problem.w.size()), 8);
    problem.dy = random_values(static_cast<std::int64_t>(problem.dy.size()), 9);
    EXPECT_EQ(rounded_results(loops(), problem), rounded_results(*loops_for("baseline"), problem));
  }
}

TEST_P(CpuPooledConvolution, SaysWhereItPays) {
  if (GetParam() == std::string("baseline")) return;  // depends on the compiler's target
  const std::vector<Case> all = cases();
  EXPECT_TRUE(loops().pooled_convolution_supported(all[0].window, all[0].pool));
  EXPECT_FALSE(loops().pooled_convolution_supported(all[1].window, all[1].pool));
}

INSTANTIATE_TEST_SUITE_P(Sets, CpuPooledConvolution, testing::Values("baseline", "avx2", "avx512"),
                         set_name);

}  // namespace
}  // namespace saltus::cpu
