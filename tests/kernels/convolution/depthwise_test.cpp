#include <cmath>
#include <limits>

#include <saltus/kernels/convolution/depthwise.h>

#include "tests/kernels/convolution/oracle.h"
#include "tests/kernels/pooling/pools.h"

namespace saltus::test {
namespace {

using kernels::Window;

constexpr double kHalfUnit = 0x1p-24;

std::size_t weights_of(const Window& w) {
  return static_cast<std::size_t>(w.size.height) * static_cast<std::size_t>(w.size.width) *
         static_cast<std::size_t>(w.channels_out);
}

/// Those of all poolings; several outputs a channel; a sum in slices, also of windows with more
/// taps than a thread sums.
std::vector<Window> depthwise_windows() {
  auto windows = pool_windows();
  for (const Shape& shape : {
           Shape{.image = {5, 6}, .size = {3, 3}, .same = true, .in = 3, .out = 6},
           Shape{.image = {4, 5}, .size = {2, 3}, .strides = {2, 1}, .in = 4, .out = 4 * 67},
           Shape{.image = {6, 5}, .size = {3, 2}, .strides = {2, 2}, .same = true, .out = 5},
           Shape{.image = {19, 17}, .size = {3, 3}, .same = true, .in = 40, .out = 40},
           Shape{.image = {20, 19}, .size = {5, 3}, .same = true, .in = 2, .out = 4},
       })
    windows.push_back(window_of(shape));
  return windows;
}

/// What a layer's three passes read, `kTrials` trials one after another.
struct Arrays {
  std::vector<float> x, w, b, dy;

  using Make = std::vector<float> (*)(std::size_t count, std::uint32_t seed);

  /// x and dy as an In holds them.
  template <class In>
  static Arrays of(const Window& window, Make make) {
    const auto held = [](const std::vector<float>& exact) { return values(elements<In>(exact)); };
    return {held(make(kImages * image_size(window), 1)), make(kTrials * weights_of(window), 2),
            make(kTrials * static_cast<std::size_t>(window.channels_out), 3),
            held(make(kImages * output_size(window), 4))};
  }

  /// Puts NaN where rows beyond the batch's would be: nobody may multiply with them.
  void spoil_other_rows() {
    for (auto* array : {&x, &dy}) {
      const std::size_t row = array->size() / kImages;
      for (std::size_t i = 0; i < array->size(); ++i)
        if (i / row % kMaxRows >= kRows) (*array)[i] = std::numeric_limits<float>::quiet_NaN();
    }
  }
};

std::vector<float> integers(std::size_t count, std::uint32_t seed) {
  return small_integers(count, 4, seed);
}

/// Visits the places in x, w and y of all products x w that y is made of, and whether they are the
/// batch's.
template <class Visit>
void for_each_depthwise_product(const Window& w, Visit visit) {
  const auto place = [](int image, int y, int x, const kernels::Extent& extent, int channels,
                        int c) {
    const int pixel = (image * extent.height + y) * extent.width + x;
    return static_cast<std::size_t>(pixel * channels + c);
  };
  for (int image = 0; image < kImages; ++image)
    for (int oy = 0; oy < w.output.height; ++oy)
      for (int ox = 0; ox < w.output.width; ++ox)
        for (int ky = 0; ky < w.size.height; ++ky)
          for (int kx = 0; kx < w.size.width; ++kx) {
            const int y = oy * w.strides.height - w.padding.height + ky;
            const int x = ox * w.strides.width - w.padding.width + kx;
            if (y < 0 || y >= w.image.height || x < 0 || x >= w.image.width) continue;
            for (int o = 0; o < w.channels_out; ++o)
              visit(
                  place(image, y, x, w.image, w.channels_in, o / (w.channels_out / w.channels_in)),
                  place(image / kMaxRows, ky, kx, w.size, w.channels_out, o),
                  place(image, oy, ox, w.output, w.channels_out, o), image % kMaxRows < kRows);
          }
}

Sums outputs_oracle(const Window& w, const Arrays& in, bool with_bias = true) {
  Sums y(in.dy.size());
  for_each_depthwise_product(w, [&](std::size_t x, std::size_t weight, std::size_t out, bool) {
    y.add(out, double{in.x[x]}, double{in.w[weight]});
  });
  const auto channels = static_cast<std::size_t>(w.channels_out);
  const std::size_t of_trial = kMaxRows * output_size(w);
  for (std::size_t i = 0; with_bias && i < y.values.size(); ++i)
    y.add(i, double{in.b[i / of_trial * channels + i % channels]}, 1);
  return y;
}

Sums data_oracle(const Window& w, const Arrays& in) {
  Sums dx(in.x.size());
  for_each_depthwise_product(w, [&](std::size_t x, std::size_t weight, std::size_t out, bool) {
    dx.add(x, double{in.dy[out]}, double{in.w[weight]});
  });
  return dx;
}

/// The gradients of the batch's rows; of the trial that is not active, what was there before.
Sums weights_oracle(const Window& w, const Arrays& in) {
  Sums dw(in.w.size());
  for_each_depthwise_product(w, [&](std::size_t x, std::size_t weight, std::size_t out, bool own) {
    if (own) dw.add(weight, double{in.x[x]}, double{in.dy[out]});
  });
  for (std::size_t i = 0; i < weights_of(w); ++i) dw.values[weights_of(w) + i] = double{kBefore};
  return dw;
}

Sums bias_oracle(const Window& w, const Arrays& in) {
  const auto channels = static_cast<std::size_t>(w.channels_out);
  Sums db(in.b.size());
  for (std::size_t i = 0; i < in.dy.size(); ++i) {
    const std::size_t image = i / output_size(w);
    if (image % kMaxRows < kRows)
      db.add(image / kMaxRows * channels + i % channels, double{in.dy[i]}, 1);
  }
  for (std::size_t i = 0; i < channels; ++i) db.values[channels + i] = double{kBefore};
  return db;
}

template <class In, class Out>
std::vector<float> forward(const Window& w, const Arrays& in, int shift = 0,
                           bool with_bias = true) {
  const Shifted<In> x(elements<In>(in.x), shift);
  const Shifted<float> weights(in.w, 0);
  const Shifted<float> bias(in.b, 0);
  const auto y = output<Out>(output_size(w), 0);
  kernels::DepthwiseForward step = {w, x.per_trial(), weights.per_trial(), {}, y.per_trial()};
  if (with_bias) step.b = bias.per_trial();
  kernels::depthwise_forward(step, pooling_table().context());
  return values(y.read());
}

template <class In, class Out>
std::vector<float> backward_data(const Window& w, const Arrays& in, int shift = 0) {
  const Shifted<In> dy(elements<In>(in.dy), shift);
  const Shifted<float> weights(in.w, 0);
  const auto dx = output<Out>(image_size(w), 0);
  kernels::depthwise_backward_data({w, dy.per_trial(), weights.per_trial(), dx.per_trial()},
                                   pooling_table().context());
  return values(dx.read());
}

struct FilterGradients {
  std::vector<float> dw, db;
};

template <class X, class Dy>
FilterGradients backward_filter(const Window& w, const Arrays& in, int shift = 0,
                                const TrialTable& table = pooling_table(), bool with_bias = true) {
  const Shifted<X> x(elements<X>(in.x), shift);
  const Shifted<Dy> dy(elements<Dy>(in.dy), 0);
  const Shifted<float> dw(std::vector<float>(in.w.size(), kBefore), 0);
  const Shifted<float> db(std::vector<float>(in.b.size(), kBefore), 0);
  const DeviceArray<float> workspace(
      kTrials * static_cast<std::size_t>(
                    kernels::depthwise_backward_filter_workspace(w, table.context().max_rows)));
  kernels::DepthwiseBackwardFilter step;
  step.window = w;
  step.x = x.per_trial();
  step.dy = dy.per_trial();
  step.dw = dw.per_trial();
  if (with_bias) step.db = db.per_trial();
  step.workspace = workspace.per_trial(kTrials);
  kernels::depthwise_backward_filter(step, table.context());
  return {dw.read(), db.read()};
}

template <class T>
struct DepthwiseTest : testing::Test {
  /// One rounding of the output.
  static constexpr double kOutputError = std::is_same_v<typename T::Out, float> ? 0 : 0x1p-8;
};
TYPED_TEST_SUITE(DepthwiseTest, PoolTypes);

TYPED_TEST(DepthwiseTest, OfIntegersIsExact) {
  using In = typename TypeParam::In;
  using Out = typename TypeParam::Out;
  for (const Window& w : depthwise_windows()) {
    SCOPED_TRACE(describe(w));
    Arrays in = Arrays::of<In>(w, integers);
    const auto y = only_active(rounded<Out>(outputs_oracle(w, in).values));
    const auto dx = only_active(rounded<Out>(data_oracle(w, in).values));
    expect_equal(forward<In, Out>(w, in), y);
    expect_equal(backward_data<In, Out>(w, in), dx);
    if (w.channels_in % 4 == 0) {
      expect_equal(forward<In, Out>(w, in, 1), y);
      expect_equal(backward_data<In, Out>(w, in, 1), dx);
    }
    const auto dw = weights_oracle(w, in).values;
    const auto db = bias_oracle(w, in).values;
    in.spoil_other_rows();
    const FilterGradients got = backward_filter<In, Out>(w, in);
    expect_equal(got.dw, dw);
    expect_equal(got.db, db);
  }
}

TYPED_TEST(DepthwiseTest, OfNormalsIsWithinItsBound) {
  using In = typename TypeParam::In;
  using Out = typename TypeParam::Out;
  for (const Window& w : depthwise_windows()) {
    SCOPED_TRACE(describe(w));
    const Arrays in = Arrays::of<In>(w, normal_values);
    // Each of `terms` additions rounds, and products where they are not part of one.
    const auto bound = [](const Sums& want, double terms, double output_error) {
      return [&want, terms, output_error](std::size_t i) {
        return (terms + 1) * kHalfUnit * want.magnitudes[i] +
               output_error * std::abs(want.values[i]);
      };
    };
    const double taps = static_cast<double>(w.size.height) * w.size.width;
    const Sums y = outputs_oracle(w, in);
    expect_within(forward<In, Out>(w, in), only_active(y.values),
                  bound(y, taps + 1, TestFixture::kOutputError));
    const Sums dx = data_oracle(w, in);
    expect_within(backward_data<In, Out>(w, in), only_active(dx.values),
                  bound(dx, taps * (w.channels_out / w.channels_in), TestFixture::kOutputError));
    const double pixels = double{kRows} * w.output.height * w.output.width;
    const FilterGradients got = backward_filter<In, In>(w, in);
    const Sums dw = weights_oracle(w, in);
    expect_within(got.dw, dw.values, bound(dw, pixels, 0));
    const Sums db = bias_oracle(w, in);
    expect_within(got.db, db.values, bound(db, pixels, 0));
  }
}

/// The bits do not depend on how many channels a thread takes.
TEST(DepthwiseFloats, TheOrderIsTheWindowsOwn) {
  for (const Window& w : depthwise_windows()) {
    if (w.channels_in % 4 != 0) continue;
    SCOPED_TRACE(describe(w));
    const Arrays in = Arrays::of<float>(w, normal_values);
    EXPECT_EQ((forward<float, float>(w, in)), (forward<float, float>(w, in, 1)));
    EXPECT_EQ((backward_data<float, float>(w, in)), (backward_data<float, float>(w, in, 1)));
    const FilterGradients four = backward_filter<float, float>(w, in);
    const FilterGradients one = backward_filter<float, float>(w, in, 1);
    EXPECT_EQ(four.dw, one.dw);
    EXPECT_EQ(four.db, one.db);
  }
}

TEST(DepthwiseFloats, DoesNotDependOnHowManyRowsMightCome) {
  for (const Window& w : depthwise_windows()) {
    SCOPED_TRACE(describe(w));
    const Arrays in = Arrays::of<float>(w, normal_values);
    const auto with_room = [&](int max_rows) {
      return backward_filter<float, float>(
          w, in, 0, TrialTable({.rows = 1, .max_rows = max_rows, .states = {{}, {}, {}}}));
    };
    const FilterGradients one = with_room(1);
    const FilterGradients many = with_room(40);
    EXPECT_EQ(one.dw, many.dw);
    EXPECT_EQ(one.db, many.db);
  }
}

TEST(DepthwiseFloats, LeavesOutTheBiasThatIsNotThere) {
  for (const Window& w : depthwise_windows()) {
    SCOPED_TRACE(describe(w));
    const Arrays in = Arrays::of<float>(w, integers);
    expect_equal(forward<float, float>(w, in, 0, false),
                 only_active(outputs_oracle(w, in, false).values));
    const FilterGradients got = backward_filter<float, float>(w, in, 0, pooling_table(), false);
    expect_equal(got.dw, weights_oracle(w, in).values);
    expect_equal(got.db, std::vector<double>(in.b.size(), double{kBefore}));
  }
}

}  // namespace
}  // namespace saltus::test
