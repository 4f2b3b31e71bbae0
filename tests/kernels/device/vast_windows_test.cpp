// The largest indices of convolutions, dense layers and poolings: see vast.h.
#include "tests/kernels/device/vast.h"

#if defined(SALTUS_EMULATED_CUDA)

#include <gtest/gtest.h>

#include <saltus/kernels/activations.h>
#include <saltus/kernels/convolution/depthwise.h>
#include <saltus/kernels/convolution/engines.h>
#include <saltus/kernels/device/extents.h>
#include <saltus/kernels/pooling/pooling.h>

#include "tests/kernels/device/trial_table.h"
#include "tests/kernels/device/windows.h"

namespace saltus::test {
namespace {

using kernels::Bf16;
using kernels::Engine;

/// 511 images of 2048 x 2048, as many as there may be.
constexpr int kRows = 511;
constexpr kernels::Extent kImage = {2048, 2048};

std::int64_t image_elements(const kernels::Window& w, int rows) {
  return std::int64_t{rows} * w.image.height * w.image.width * w.channels_in;
}
std::int64_t output_elements(const kernels::Window& w, int rows) {
  return std::int64_t{rows} * w.output.height * w.output.width * w.channels_out;
}

TrialTable table_of(int rows) {
  const kernels::ActivationRef relu = {.id = kernels::kActivationId<kernels::Relu>};
  const kernels::ActivationRef gelu = {.id = kernels::kActivationId<kernels::Gelu>};
  return TrialTable({.rows = rows,
                     .states = std::vector<kernels::TrialState>(kVastTrials),
                     .activations = {relu, gelu, relu, gelu}});
}

class VastWindows : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_room_for_vast()) GTEST_SKIP() << "the checker has no room for so many elements";
  }
};

/// Quads of channels, and single ones.
class VastPools : public VastWindows, public testing::WithParamInterface<int> {
 protected:
  const TrialTable table = table_of(kRows);
  const kernels::LaunchContext context = table.context();
  const kernels::Window w = window_of(
      {.image = kImage, .size = {2, 2}, .strides = {2, 2}, .in = GetParam(), .out = GetParam()});
  const std::int64_t last_x = image_elements(w, kRows) - 1;
  const std::int64_t last_y = output_elements(w, kRows) - 1;
  const Vast<float> x{last_x + 1}, y{last_y + 1}, slope{last_y + 1};
  const Vast<std::uint8_t> index{last_y + 1};
};

TEST_P(VastPools, Maximum) {
  x[last_x] = 7;
  run_last_blocks([&] {
    kernels::max_pool({w, x.input(), y.per_trial(), index.per_trial()}, context);
  });
  EXPECT_EQ(y[last_y], 7);
  EXPECT_EQ(index[last_y], 3);
  y[last_y] = 5;
  run_last_blocks([&] {
    kernels::max_pool_backward({w, y.input(), index.per_trial(), x.per_trial()}, context);
  });
  EXPECT_EQ(x[last_x], 5);
}

TEST_P(VastPools, Activate) {
  x[last_x] = 7;
  for (const int slot : {0, 1}) {
    y[last_y] = slope[last_y] = index[last_y] = 0;
    run_last_blocks([&] {
      kernels::activate_pool(
          {w, x.input(), slot, y.per_trial(), slope.per_trial(), index.per_trial()}, context);
    });
    EXPECT_NEAR(y[last_y], 7, 1e-6);
    EXPECT_NEAR(slope[last_y], 1, 1e-6);
    EXPECT_EQ(index[last_y], 3);
  }
}

TEST_P(VastPools, Average) {
  x[last_x] = 7;
  run_last_blocks([&] { kernels::average_pool({w, x.input(), y.per_trial()}, context); });
  EXPECT_EQ(y[last_y], 1.75F);
  run_last_blocks([&] { kernels::average_pool_backward({w, y.input(), x.per_trial()}, context); });
  EXPECT_EQ(x[last_x], 1.75F / 4);
}

TEST_P(VastPools, AverageOfLargeWindows) {
  const kernels::Window large = window_of(
      {.image = kImage, .size = {8, 8}, .strides = {1, 1}, .in = GetParam(), .out = GetParam()});
  const std::int64_t last = output_elements(large, kRows) - 1;
  const Vast<float> means(last + 1);
  x[last_x] = 64;
  run_last_blocks([&] { kernels::average_pool({large, x.input(), means.per_trial()}, context); });
  EXPECT_EQ(means[last], 1);
}

TEST_P(VastPools, Depthwise) {
  const int weights = w.size.height * w.size.width * w.channels_out;
  const Vast<float> weight(weights), dw(weights), db(w.channels_out);
  const Vast<float> workspace(kernels::depthwise_backward_filter_workspace(w, kRows));
  weight[weights - 1] = 3;
  x[last_x] = 7;
  run_last_blocks([&] {
    kernels::depthwise_forward({w, x.input(), weight.input(), {}, y.per_trial()}, context);
  });
  EXPECT_EQ(y[last_y], 21);
  y[last_y] = 5;
  run_last_blocks([&] {
    kernels::depthwise_backward_filter(
        {w, x.input(), y.input(), dw.per_trial(), db.per_trial(), workspace.per_trial()}, context);
  });
  EXPECT_EQ(dw[weights - 1], 35);
  EXPECT_EQ(db[w.channels_out - 1], 5);
  run_last_blocks([&] {
    kernels::depthwise_backward_data({w, y.input(), weight.input(), x.per_trial()}, context);
  });
  EXPECT_EQ(x[last_x], 15);
}

INSTANTIATE_TEST_SUITE_P(Channels, VastPools, testing::Values(3, 4));

template <Engine engine_, class T_>
struct Multiplied {
  static constexpr Engine engine = engine_;
  using T = T_;
};
template <class M>
class VastProducts : public VastWindows {
 protected:
  using T = typename M::T;

  /// The last element of an image's last pixel, under the last tap of the last window.
  static void expect_forward(const kernels::Window& w, int rows) {
    const TrialTable table = table_of(rows);
    const std::int64_t weights =
        std::int64_t{w.size.height} * w.size.width * w.channels_in * w.channels_out;
    const Vast<T> x(image_elements(w, rows));
    const Vast<T> weight(weights);
    const Vast<float> y(output_elements(w, rows));
    const Vast<float> workspace(kernels::convolution_forward_workspace(M::engine, w, rows));
    kernels::store(3, x[image_elements(w, rows) - 1]);
    kernels::store(2, weight[weights - 1]);
    run_last_blocks([&] {
      kernels::convolution_forward<T, float>(
          M::engine, {w, x.input(), weight.input(), {.y = y.per_trial()}, workspace.per_trial()},
          table.context());
    });
    EXPECT_EQ(y[output_elements(w, rows) - 1], 6) << describe(w);
  }

  static void expect_backward_data(const kernels::Window& w, int rows) {
    const TrialTable table = table_of(rows);
    const std::int64_t weights =
        std::int64_t{w.size.height} * w.size.width * w.channels_in * w.channels_out;
    const Vast<T> dy(output_elements(w, rows));
    const Vast<T> weight(weights);
    const Vast<float> dx(image_elements(w, rows));
    kernels::store(3, dy[output_elements(w, rows) - 1]);
    kernels::store(2, weight[weights - 1]);
    run_last_blocks([&] {
      kernels::convolution_backward_data<T, float>(
          M::engine, {w, dy.input(), weight.input(), dx.per_trial()}, table.context());
    });
    EXPECT_EQ(dx[image_elements(w, rows) - 1], 6) << describe(w);
  }

  static void expect_backward_filter(const kernels::Window& w, int rows) {
    const Filter filter(w, rows);
    filter.run({});
    EXPECT_EQ(filter.dw[filter.weights - 1], 6) << describe(w);
  }

  /// The last slice alone: to add up all would take long.
  static void expect_last_part(const kernels::Window& w, int rows) {
    const Filter filter(w, rows);
    const TrialTable table = table_of(rows);
    const std::int64_t stride = kernels::backward_filter_slice(w);
    const kernels::PartialSums sums = {
        kernels::backward_filter_split_k(w), filter.workspace.per_trial(), {}, stride};
    kernels::ConvolutionBackwardFilter<T> step;
    step.window = w;
    step.x = filter.x.input();
    step.dy = filter.dy.input();
    const auto problem = kernels::problem_of(step);
    run_last_blocks([&] {
      if constexpr (M::engine == Engine::tensor)
        kernels::tensor::multiply_split_k(problem, sums, table.context());
      else
        kernels::simt::multiply_split_k(problem, sums, table.context());
    });
    const int slices = sums.split.count(problem.k.of(rows));
    EXPECT_EQ(filter.workspace[(slices - 1) * stride + filter.weights - 1], 6) << describe(w);
  }

  /// Blocks of the first rows of weights add it up: let there be no others.
  static void expect_backward_bias(const kernels::Window& w, int rows) {
    const Filter filter(w, rows);
    const Vast<float> db(w.channels_out);
    filter.run(db.per_trial());
    EXPECT_EQ(db[w.channels_out - 1], 2) << describe(w);
  }

 private:
  struct Filter {
    Filter(const kernels::Window& window, int batch_rows) : w(window), rows(batch_rows) {
      kernels::store(3, x[image_elements(w, rows) - 1]);
      kernels::store(2, dy[output_elements(w, rows) - 1]);
    }
    void run(kernels::PerTrial<float> db) const {
      const TrialTable table = table_of(rows);
      run_last_blocks([&] {
        kernels::convolution_backward_filter<T>(
            M::engine, {w, x.input(), dy.input(), dw.per_trial(), db, workspace.per_trial()},
            table.context());
      });
    }

    const kernels::Window w;
    const int rows;
    const std::int64_t weights =
        std::int64_t{w.size.height} * w.size.width * w.channels_in * w.channels_out;
    const Vast<T> x{image_elements(w, rows)}, dy{output_elements(w, rows)};
    const Vast<float> dw{weights};
    const Vast<float> workspace{kernels::convolution_backward_filter_workspace(w, rows)};
  };
};
using AllMultiplied =
    testing::Types<Multiplied<Engine::simt, float>, Multiplied<Engine::simt, Bf16>,
                   Multiplied<Engine::tensor, float>, Multiplied<Engine::tensor, Bf16>>;
TYPED_TEST_SUITE(VastProducts, AllMultiplied);

TYPED_TEST(VastProducts, OfAllPixels) {
  const kernels::Window w = window_of({.image = kImage, .size = {3, 3}, .in = 8, .out = 8});
  this->expect_forward(w, kRows);
  this->expect_backward_data(w, kRows);
  this->expect_backward_data(
      window_of({.image = {2049, 2047}, .size = {3, 3}, .strides = {2, 2}, .in = 8, .out = 8}),
      kRows);
  this->expect_last_part(w, kRows);
}

TYPED_TEST(VastProducts, OfImagesWithOneChannel) {
  const kernels::Window w = window_of({.image = kImage, .size = {5, 5}, .in = 1, .out = 5});
  this->expect_forward(w, kRows);
  this->expect_backward_filter(w, 20);
  this->expect_backward_bias(w, 20);
}

/// More than 65,535 slices, CUDA's limit for all but the first of a grid's extents.
TYPED_TEST(VastProducts, OfManyParts) {
  this->expect_backward_filter(window_of({.image = {26, 26}, .size = {3, 3}, .in = 32, .out = 64}),
                               60'000);
  this->expect_backward_bias(window_of({.image = {226, 226}, .size = {2, 2}, .in = 8, .out = 16}),
                             1024);
  this->expect_forward(kernels::product_window(1, 34'000'000, 8), 2);
}

TEST_F(VastWindows, AddsAllParts) {
  constexpr int kPixels = kernels::kLargestIndex;
  constexpr int kParts = (kPixels + 511) / 512;
  const TrialTable table = table_of(1);
  const Vast<float> workspace(std::int64_t{kParts} * 2);
  const Vast<float> dw(1);
  workspace[std::int64_t{kParts - 1} * 2] = 3;
  kernels::ReduceSplitK step;
  step.from = {{512}, workspace.per_trial(), {}, 2};
  step.k = {.fixed = kPixels};
  step.dw = dw.per_trial();
  step.count = 1;
  run_last_blocks([&] { kernels::reduce_split_k(step, table.context()); });
  EXPECT_EQ(dw[0], 3);
}

/// As many weights as there may be.
TYPED_TEST(VastProducts, OfManyWeights) {
  this->expect_forward(kernels::product_window(1, 1020, 1 << 21), 4096);
  this->expect_backward_data(kernels::product_window(1, 1 << 21, 1020), 4096);
  this->expect_backward_filter(kernels::product_window(1, 1020, 1 << 21), 512);
}

}  // namespace
}  // namespace saltus::test

#endif
