#include "tests/engine/cpu_loops_support.h"

namespace saltus::cpu {
namespace {

constexpr std::int64_t kImages = 2;

/// Padding on one side and on both, strides that skip and that overlap; channels that fill four
/// registers of every instruction set, one, a half, a quarter, and such as are left over.
std::vector<plan::Window> windows() {
  return {
      make_window({1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 1),
      make_window({5, 6}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 3),
      make_window({7, 5}, {2, 3}, {2, 1}, {0, 1}, {1, 1}, 64 + 16 + 8 + 4 + 3),
      make_window({6, 8}, {3, 2}, {2, 3}, {0, 0}, {0, 0}, 48),
      make_window({4, 3}, {5, 5}, {2, 2}, {2, 2}, {2, 2}, 31),
  };
}

/// Calls visit(position, first channel there in x, in the weights and in y) for every output's
/// window, in the order in which the loops add.
template <class Visit>
void for_each_tap(const plan::Window& w, Visit visit) {
  for (std::int64_t image = 0; image < kImages; ++image)
    for (std::int64_t oy = 0; oy < w.output.height; ++oy)
      for (std::int64_t ox = 0; ox < w.output.width; ++ox)
        for (const Position& at : positions(w, oy, ox))
          visit(((image * w.image.height + at.y) * w.image.width + at.x) * w.channels_in,
                at.place * w.channels_in,
                ((image * w.output.height + oy) * w.output.width + ox) * w.channels_in);
}

struct Case {
  const plan::Window& w;
  DType in, out;

  std::string what() const {
    return std::to_string(w.channels_in) + " channels, window of " + std::to_string(w.size.height) +
           "x" + std::to_string(w.size.width) + (in == DType::bf16 ? ", from bf16" : "") +
           (out == DType::bf16 ? ", to bf16" : "");
  }
};

template <class Visit>
void for_each_case(Visit visit) {
  for (const plan::Window& w : windows())
    for (const DType in : {DType::f32, DType::bf16})
      for (const DType out : {DType::f32, DType::bf16}) visit(Case{w, in, out});
}

std::int64_t weight_count(const plan::Window& w) {
  return w.size.height * w.size.width * w.channels_in;
}

class CpuDepthwiseLoops : public CpuLoops {};

TEST_P(CpuDepthwiseLoops, AddProductsInTheWindowsOrder) {
  for_each_case([&](const Case& test) {
    const plan::Window& w = test.w;
    const std::int64_t outputs = kImages * output_elements(w, w.channels_in);
    const Elements x(test.in, random_values(kImages * image_elements(w), 1));
    const auto weights = random_values(weight_count(w), 2);
    const auto bias = random_values(w.channels_in, 3);
    for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
      std::vector<float> want(static_cast<std::size_t>(outputs));
      for (std::size_t i = 0; b != nullptr && i < want.size(); ++i) want[i] = b[i % bias.size()];
      for_each_tap(w, [&](std::int64_t in, std::int64_t tap, std::int64_t out) {
        for (std::int64_t c = 0; c < w.channels_in; ++c)
          want[static_cast<std::size_t>(out + c)] +=
              x[in + c] * weights[static_cast<std::size_t>(tap + c)];
      });
      Elements y(test.out, outputs);
      loops().depthwise_forward(x.in(), weights.data(), b, y.out(), w, kImages);
      expect_elements(
          y, test.out, [&](std::int64_t i) { return want[static_cast<std::size_t>(i)]; },
          test.what());
    }
  });
}

TEST_P(CpuDepthwiseLoops, CollectTheGradientFromWindowsInTheirOrder) {
  for_each_case([&](const Case& test) {
    const plan::Window& w = test.w;
    const std::int64_t inputs = kImages * image_elements(w);
    const Elements dy(test.in, random_values(kImages * output_elements(w, w.channels_in), 4));
    const auto weights = random_values(weight_count(w), 5);
    std::vector<float> want(static_cast<std::size_t>(inputs));
    for_each_tap(w, [&](std::int64_t in, std::int64_t tap, std::int64_t out) {
      for (std::int64_t c = 0; c < w.channels_in; ++c)
        want[static_cast<std::size_t>(in + c)] +=
            dy[out + c] * weights[static_cast<std::size_t>(tap + c)];
    });
    Elements dx(test.out, inputs);
    loops().depthwise_backward_data(dy.in(), weights.data(), dx.out(), w, kImages);
    expect_elements(
        dx, test.out, [&](std::int64_t i) { return want[static_cast<std::size_t>(i)]; },
        test.what());
  });
}

TEST_P(CpuDepthwiseLoops, AddToTheGradientsOfWeights) {
  for_each_case([&](const Case& test) {
    const plan::Window& w = test.w;
    const std::int64_t outputs = kImages * output_elements(w, w.channels_in);
    const Elements x(test.in, random_values(kImages * image_elements(w), 6));
    const Elements dy(test.out, random_values(outputs, 7));
    const auto dw_before = random_values(weight_count(w), 8);
    const auto db_before = random_values(w.channels_in, 9);
    auto want_dw = dw_before;
    for_each_tap(w, [&](std::int64_t in, std::int64_t tap, std::int64_t out) {
      for (std::int64_t c = 0; c < w.channels_in; ++c)
        want_dw[static_cast<std::size_t>(tap + c)] += x[in + c] * dy[out + c];
    });
    auto want_db = db_before;
    for (std::int64_t i = 0; i < outputs; ++i)
      want_db[static_cast<std::size_t>(i % w.channels_in)] += dy[i];
    for (const bool with_bias : {true, false}) {
      auto dw = dw_before;
      auto db = db_before;
      loops().depthwise_backward_weights(x.in(), dy.in(), dw.data(),
                                         with_bias ? db.data() : nullptr, w, kImages);
      EXPECT_EQ(dw, want_dw) << test.what();
      EXPECT_EQ(db, with_bias ? want_db : db_before) << test.what();
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Sets, CpuDepthwiseLoops, testing::Values("baseline", "avx2", "avx512"),
                         set_name);

}  // namespace
}  // namespace saltus::cpu
