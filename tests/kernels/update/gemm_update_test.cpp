// The update in the epilogue of a gradient against what it stands for: the gradient's product, to
// memory, and the update that reads it. All bits are the same.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <saltus/kernels/convolution/convolution.h>
#include <saltus/kernels/update/gemm_update.h>
#include <saltus/optimizer.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

using kernels::Bf16;
using kernels::Engine;
using kernels::UpdateRule;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// Rows of the batch, and extents of the layer.
struct Sizes {
  int rows, in, out;
  int of_sample = 1;  ///< rows of a sample
};

/// The bits of numbers; those of all NaN are one.
std::vector<std::uint32_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits;
  for (const float value : values)
    bits.push_back(std::isnan(value) ? ~0U : kernels::bits_of(value));
  return bits;
}

/// What a step leaves behind.
struct Left {
  std::vector<std::uint32_t> weights, moments, copy;
  std::vector<std::uint32_t> gradients;  ///< the layer's db, and dw of trials that ended
  std::vector<unsigned long long> clipped;
  std::vector<std::uint32_t> steps, active;
  std::vector<int> non_finite;
  bool operator==(const Left&) const = default;
};

/// Trials of a dense layer: in the flat arrays its biases, then its weights, then some others.
template <class T>
class Layer {
 public:
  Layer(Engine engine, const Sizes& sizes, const std::vector<Optimizer>& optimizers,
        bool check_finite = true)
      : engine_(engine),
        sizes_(sizes),
        optimizers_(optimizers),
        check_finite_(check_finite),
        states_(optimizers.size(), {.step = 3}) {
    const std::size_t rows = optimizers.size() * static_cast<std::size_t>(rows_of_all());
    x = normal_values(rows * static_cast<std::size_t>(sizes.in), 1);
    dy = normal_values(rows * static_cast<std::size_t>(sizes.out), 2);
  }

  void leave_out(std::size_t trial) { states_[trial].active = 0; }
  /// A number of a trial's x or dy.
  float& x_of(std::size_t trial, int row, int column) {
    return x[place(trial, row, column, sizes_.in)];
  }
  float& dy_of(std::size_t trial, int row, int column) {
    return dy[place(trial, row, column, sizes_.out)];
  }

  Left apart() const { return step(false); }
  Left fused() const { return step(true); }
  /// The layer's weights and all others in one launch, or in two.
  void take_pieces(bool with) { with_pieces_ = with; }

  std::vector<float> x, dy;

 private:
  static constexpr std::int64_t kOthers = 37;
  static constexpr float kBefore = -77;  // where dw lies

  int rows_of_all() const { return sizes_.rows * sizes_.of_sample; }
  std::size_t place(std::size_t trial, int row, int column, int columns) const {
    return (trial * static_cast<std::size_t>(rows_of_all()) + static_cast<std::size_t>(row)) *
               static_cast<std::size_t>(columns) +
           static_cast<std::size_t>(column);
  }

  Left step(bool fused) const {
    const auto trials = static_cast<int>(optimizers_.size());
    const std::int64_t out = sizes_.out;
    const std::int64_t of_layer = sizes_.in * out;
    const std::int64_t parameters = out + of_layer + kOthers + 3;
    const auto all = static_cast<std::size_t>(trials * parameters);
    const TrialTable table({.rows = sizes_.rows, .max_rows = sizes_.rows + 1, .states = states_});
    const DeviceArray<T> device_x(elements<T>(x));
    const DeviceArray<T> device_dy(elements<T>(dy));
    const DeviceArray<float> w(normal_values(all, 3));
    std::vector<float> before = normal_values(all, 4);
    for (int trial = 0; trial < trials; ++trial)
      std::fill_n(before.begin() + trial * parameters, out + of_layer, kBefore);
    const DeviceArray<float> gradients(before);
    std::vector<DeviceArray<float>> moments;
    for (std::uint32_t k = 0; k < kernels::kMostMoments; ++k) {
      std::vector<float> values = normal_values(all, 5 + k);
      for (float& value : values) value = std::abs(value) + 1;  // roots are taken of them
      moments.emplace_back(values);
    }
    const DeviceArray<Bf16> copy{std::vector<Bf16>(all)};
    const std::vector<UpdateRule> rules(optimizers_.begin(), optimizers_.end());
    const DeviceArray<UpdateRule> device_rules(rules);
    const DeviceArray<kernels::BatchSums> sums(std::vector<kernels::BatchSums>(rules.size()));
    const DeviceArray<kernels::NonFinite> non_finite(std::vector<kernels::NonFinite>(rules.size()));

    const kernels::UpdatePieces cut = kernels::cut_weights(std::vector<kernels::WeightExtent>{
        {0, out}, {out, fused ? 0 : of_layer}, {out + of_layer, kOthers}});
    const int checks = fused && check_finite_ ? kernels::gemm_checks(engine_, sizes_.in) : 0;
    const DeviceArray<kernels::UpdatePiece> pieces(cut.pieces);
    const DeviceArray<int> first_of_weight(cut.first_of_weight);
    const DeviceArray<int> first_check(std::vector<int>{0, 0, checks, checks});
    const auto piece_count = static_cast<int>(cut.pieces.size());
    const auto workspace_size =
        static_cast<std::size_t>(kernels::update_workspace(piece_count, 3, checks) * trials);
    const DeviceArray<double> workspace(workspace_size);
    kernels::Update update = {.weights = w.per_trial(trials),
                              .gradients = gradients.per_trial(trials),
                              .copy = copy.per_trial(trials),
                              .rules = device_rules.data(),
                              .pieces = pieces.data(),
                              .first_of_weight = first_of_weight.data(),
                              .first_check = checks == 0 ? nullptr : first_check.data(),
                              .piece_count = piece_count,
                              .weight_count = 3,
                              .sums = sums.per_trial(trials),
                              .non_finite = non_finite.data(),
                              .workspace = workspace.per_trial(trials),
                              .check_finite = check_finite_};
    for (std::size_t k = 0; k < moments.size(); ++k)
      update.moments[k] = moments[k].per_trial(trials);
    for (const UpdateRule& rule : rules) update.optimizers |= rule.bit();

    const kernels::PerTrial<float> db = gradients.per_trial(trials);
    const kernels::PerTrial<float> dw = {db.data + out, db.stride};
    if (fused) {
      const kernels::GemmGradient<T> gradient = {device_x.per_trial(trials),
                                                 device_dy.per_trial(trials), sizes_.of_sample,
                                                 sizes_.in, sizes_.out};
      kernels::PerTrial<double> of_checks;
      if (checks != 0) {
        of_checks = workspace.per_trial(trials);
        of_checks.data += kernels::update_workspace(piece_count, 3);
      }
      kernels::check_gemm<T>(engine_, {gradient, of_checks, db}, table.context());
      kernels::prepare_update(update, table.context());
      if (!with_pieces_) kernels::update_pieces(update, table.context());
      kernels::gemm_update<T>(engine_, {gradient, out, dw, update, with_pieces_}, table.context());
    } else {
      const kernels::Window window =
          kernels::product_window(sizes_.of_sample, sizes_.in, sizes_.out);
      EXPECT_EQ(kernels::convolution_backward_filter_workspace(window, sizes_.rows + 1), 0);
      kernels::convolution_backward_filter<T>(
          engine_, {window, device_x.per_trial(trials), device_dy.per_trial(trials), dw, db, {}},
          table.context());
      kernels::update(update, table.context());
    }

    Left left;
    left.weights = bits_of(w.read());
    for (const DeviceArray<float>& array : moments) {
      const std::vector<std::uint32_t> bits = bits_of(array.read());
      left.moments.insert(left.moments.end(), bits.begin(), bits.end());
    }
    left.copy = bits_of(to_float(copy.read()));
    const std::vector<float> behind = gradients.read();
    const std::vector<kernels::TrialState> states = table.states();
    for (std::size_t trial = 0; trial < states.size(); ++trial) {
      left.steps.push_back(states[trial].step);
      left.active.push_back(states[trial].active);
      left.clipped.push_back(sums.read()[trial].clipped);
      left.non_finite.push_back(non_finite.read()[trial].weight);
      const bool ended = states_[trial].active != 0 && states[trial].active == 0;
      const auto first = behind.begin() + static_cast<std::ptrdiff_t>(trial) * parameters;
      const std::vector<std::uint32_t> bits =
          bits_of({first, first + out + (ended ? of_layer : 0)});
      left.gradients.insert(left.gradients.end(), bits.begin(), bits.end());
      if (!fused || ended) continue;
      EXPECT_EQ(std::count(first + out, first + out + of_layer, kBefore), of_layer)
          << "dw of trial " << trial << " is stored";
    }
    return left;
  }

  Engine engine_;
  Sizes sizes_;
  std::vector<Optimizer> optimizers_;
  bool check_finite_;
  bool with_pieces_ = true;
  std::vector<kernels::TrialState> states_;
};

/// A type of elements, and an engine.
template <class T_, Engine engine_>
struct Kind {
  using T = T_;
  static constexpr Engine engine = engine_;
};

template <class Kind>
class GemmUpdateTest : public testing::Test {};
using Kinds = testing::Types<Kind<float, Engine::simt>, Kind<float, Engine::tensor>,
                             Kind<Bf16, Engine::tensor>>;
TYPED_TEST_SUITE(GemmUpdateTest, Kinds);

/// Trials that differ, one of which is left out.
std::vector<Optimizer> four_optimizers() {
  const Clipping value{.clipvalue = 0.5};
  return {Adam{.learning_rate = 0.01}, Adam{.learning_rate = 0.01}, AdamW{.clipping = value},
          SGD{.learning_rate = 0.1, .momentum = 0.9, .clipping = value}};
}

TYPED_TEST(GemmUpdateTest, LeavesTheBitsOfTheStepsThatItStandsFor) {
  for (const Sizes& sizes :
       {Sizes{1, 8, 8}, Sizes{5, 64, 72}, Sizes{40, 136, 64}, Sizes{7, 264, 136, 3}}) {
    SCOPED_TRACE(testing::Message() << sizes.in << " to " << sizes.out);
    Layer<typename TypeParam::T> layer(TypeParam::engine, sizes, four_optimizers());
    layer.leave_out(1);
    const Left apart = layer.apart();
    EXPECT_EQ(layer.fused(), apart);
    layer.take_pieces(false);
    EXPECT_EQ(layer.fused(), apart) << "others on their own";
    EXPECT_EQ(apart.active, (std::vector<std::uint32_t>{1, 0, 1, 1}));
    EXPECT_EQ(apart.clipped[0], 0U);
    EXPECT_GT(apart.clipped[2], 0U);
  }
}

TYPED_TEST(GemmUpdateTest, KnowsEveryOptimizer) {
  std::vector<Optimizer> all = optimizer_list();
  all.insert(all.end(), {SGD{}, SGD{.momentum = 0.5, .nesterov = true},
                         RMSprop{.momentum = 0.9, .centered = true}, RMSprop{.centered = true}});
  const Layer<typename TypeParam::T> layer(TypeParam::engine, {9, 72, 40}, all);
  EXPECT_EQ(layer.fused(), layer.apart());
}

TYPED_TEST(GemmUpdateTest, LetsNumbersGoWhereTheyGoWithoutACheck) {
  Layer<typename TypeParam::T> layer(TypeParam::engine, {6, 16, 64}, four_optimizers(), false);
  layer.x_of(0, 1, 2) = kNaN;
  layer.dy_of(2, 5, 63) = kInfinity;
  const Left apart = layer.apart();
  EXPECT_EQ(layer.fused(), apart);
  EXPECT_EQ(apart.active, std::vector<std::uint32_t>(4, 1));
}

/// Numbers of one column of x and one of dy in two rows, and whether their sum is finite.
struct Numbers {
  const char* what;
  float x[2];
  float dy[2];
  bool finite;
};

/// Both checks: the bound that needs no product, and the product where it does not hold.
const Numbers kNumbers[] = {
    {"small", {1, 2}, {3, 4}, true},
    {"at the bound", {0x1p50F, 0x1p50F}, {0x1p50F, -0x1p50F}, true},
    {"large", {0x1p100F, 1}, {0x1p27F, 1}, true},
    {"large, and zero", {0x1p127F, 1}, {0, 1}, true},
    {"cancelling", {0x1p100F, 0x1p100F}, {0x1p27F, -0x1p27F}, true},
    {"a product that overflows", {0x1p100F, 1}, {0x1p28F, 1}, false},
    {"a sum that overflows", {0x1p100F, 0x1p100F}, {0x1p27F, 0x1p27F}, false},
    {"NaN in x", {kNaN, 1}, {1, 1}, false},
    {"infinity in x", {1, -kInfinity}, {1, 1}, false},
    {"infinity in x by zero", {kInfinity, 1}, {0, 1}, false},
    {"NaN in dy", {1, 1}, {1, kNaN}, false},
    {"infinity in dy", {1, 1}, {kInfinity, 1}, false},
};

TYPED_TEST(GemmUpdateTest, EndsATrialWhereTheStoredGradientWould) {
  // Columns in the first and in the last tile, both in the middle of a batch.
  for (const auto& [column, output] : {std::pair{0, 71}, std::pair{135, 0}}) {
    for (const Numbers& numbers : kNumbers) {
      SCOPED_TRACE(testing::Message() << numbers.what << ", " << column << " to " << output);
      Layer<typename TypeParam::T> layer(TypeParam::engine, {20, 136, 72}, four_optimizers());
      for (int row = 0; row < 20; ++row) layer.x_of(2, row, column) = 0;
      for (int row = 0; row < 20; ++row) layer.dy_of(2, row, output) = 0;
      for (int i = 0; i < 2; ++i) {
        // All other products of these rows are zero, unless one is not finite.
        for (int other = 0; other < 136; ++other) layer.x_of(2, 9 + i, other) = 0;
        for (int other = 0; other < 72; ++other) layer.dy_of(2, 9 + i, other) = 0;
        layer.x_of(2, 9 + i, column) = numbers.x[i];
        layer.dy_of(2, 9 + i, output) = numbers.dy[i];
      }
      const Left apart = layer.apart();
      EXPECT_EQ(layer.fused(), apart);
      EXPECT_EQ(apart.active[2] != 0, numbers.finite);
      EXPECT_EQ(apart.active[0] + apart.active[1] + apart.active[3], 3U);
    }
  }
}

TYPED_TEST(GemmUpdateTest, RefusesMoreRowsThanItsBoundHolds) {
  const TrialTable table({.rows = 1, .max_rows = kernels::kMostGradientRows});
  kernels::GemmCheck<typename TypeParam::T> check;
  check.gradient = {{}, {}, 2, 8, 8};
  EXPECT_THROW(kernels::check_gemm(TypeParam::engine, check, table.context()),
               std::invalid_argument);
  check.gradient = {{}, {}, 1, 8, 4};
  EXPECT_THROW(kernels::check_gemm(TypeParam::engine, check, table.context()),
               std::invalid_argument);
}

}  // namespace
}  // namespace saltus::test
