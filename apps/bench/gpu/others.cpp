// Everything but products: what should run as fast as memory.
#include <saltus/kernels/elementwise/activate.h>
#include <saltus/kernels/elementwise/drop.h>
#include <saltus/kernels/elementwise/fill.h>
#include <saltus/kernels/input/load.h>
#include <saltus/kernels/loss/loss.h>
#include <saltus/kernels/normalization/normalize.h>
#include <saltus/kernels/pooling/pooling.h>
#include <saltus/kernels/softmax/softmax.h>
#include <saltus/kernels/update/update.h>

#include "arena.h"
#include "contest.h"
#include "peers.h"

namespace saltus::bench {
namespace {

using kernels::PerTrial;
using Floats = PerTrial<float>;
using Indices = PerTrial<std::uint8_t>;

constexpr std::int64_t kA2 = 24 * 24 * 64;  ///< elements of a row behind the second convolution
constexpr std::int64_t kP2 = 12 * 12 * 64;  ///< and behind the pooling
constexpr std::int64_t kParameters = 1'199'882;
constexpr kernels::Window kPool = {{24, 24}, {12, 12}, {2, 2}, {2, 2}, {0, 0}, 64, 64};

/// Makes arrays, as many as there are sets of data.
class Sets {
 public:
  Sets(const Setting& setting, int count) : setting_(setting), count_(count) {}

  template <class T>
  std::vector<PerTrial<T>> random(std::int64_t of_row) {
    return of_trial<T>(setting_.rows * of_row);
  }
  template <class T>
  std::vector<PerTrial<T>> of_trial(std::int64_t elements) {
    std::vector<PerTrial<T>> all;
    all.reserve(static_cast<std::size_t>(count_));
    for (int i = 0; i < count_; ++i) all.push_back(arena_->random<T>(setting_.trials, elements));
    return all;
  }
  [[nodiscard]] kernels::LaunchContext context(const char* activation = "gelu") const {
    return make_stage(*arena_, setting_.trials, setting_.rows, activation);
  }
  [[nodiscard]] const SharedArena& arena() const { return arena_; }
  [[nodiscard]] const Setting& setting() const { return setting_; }

  /// start(set) of arrays that live as long as the contestant.
  template <class Function>
  [[nodiscard]] Contest ours(const Function& start) const {
    return {{{"Saltus",
              [arena = arena_, start](int set, cudaStream_t /*the context's*/) {
                start(static_cast<std::size_t>(set));
              },
              ""}},
            count_};
  }

 private:
  Setting setting_;
  int count_;
  SharedArena arena_ = std::make_shared<Arena>();
};

/// An entry whose arrays have so many bytes in each trial.
template <class Make>
Entry entry(const char* name, const Setting& setting, std::int64_t bytes, const Make& make) {
  const double all = static_cast<double>(bytes) * setting.trials;
  return {name, "", setting.trials, 0, all, [=] {
            Sets sets(setting, sets_for(all));
            return make(sets);
          }};
}

Contest load(Sets& sets) {
  constexpr std::uint32_t kImages = 60'000;
  const auto images = sets.arena()->random<std::uint8_t>(1, std::int64_t{kImages} * 784);
  const auto x = sets.random<float>(784);
  return sets.ours([=, context = sets.context()](std::size_t i) {
    kernels::load_input({images.data, nullptr, {kImages, true}, x[i], 784}, context);
  });
}

Contest activate(Sets& sets, const char* name) {
  const auto x = sets.random<float>(kA2);
  const auto y = sets.random<float>(kA2);
  const auto slope = sets.random<float>(kA2);
  const auto bias = sets.arena()->random<float>(sets.setting().trials, 64);
  return sets.ours([=, context = sets.context(name)](std::size_t i) {
    kernels::activate({x[i], bias, y[i], slope[i], kA2, 64, 0}, context);
  });
}

Contest activate_backward(Sets& sets) {
  const auto dy = sets.random<float>(kA2);
  const auto slope = sets.random<float>(kA2);
  const auto dx = sets.random<float>(kA2);
  return sets.ours([=, context = sets.context()](std::size_t i) {
    kernels::activate_backward({dy[i], slope[i], dx[i], kA2}, context);
  });
}

Contest drop(Sets& sets, bool backward) {
  const auto x = sets.random<float>(kP2);
  const auto y = sets.random<float>(kP2);
  return sets.ours([=, context = sets.context()](std::size_t i) {
    if (backward)
      kernels::drop_backward({x[i], y[i], kP2, 0}, context);
    else
      kernels::drop({x[i], y[i], kP2, 0}, context);
  });
}

Contest pool(Sets& sets, bool backward) {
  const Setting& setting = sets.setting();
  const auto x = sets.random<float>(kA2);
  const auto y = sets.random<float>(kP2);
  const auto dy = sets.random<float>(kP2);
  const auto dx = sets.random<float>(kA2);
  std::vector<Indices> index;  // of real maxima
  std::vector<PoolOperands> for_library;
  for (std::size_t i = 0; i < x.size(); ++i) {
    index.push_back(sets.arena()->zeros<std::uint8_t>(setting.trials, setting.rows * kP2));
    kernels::max_pool({kPool, x[i], y[i], index[i]}, sets.context());
    for_library.push_back(
        {cuda::Array(x[i]), cuda::Array(y[i]), cuda::Array(dy[i]), cuda::Array(dx[i])});
  }
  Contest contest = sets.ours([=, context = sets.context()](std::size_t i) {
    if (backward)
      kernels::max_pool_backward({kPool, dy[i], index[i], dx[i]}, context);
    else
      kernels::max_pool({kPool, x[i], y[i], index[i]}, context);
  });
  contest.contestants.push_back(
      cudnn_max_pool(kPool, setting.rows, setting.trials, backward, for_library));
  return contest;
}

Contest activate_pool(Sets& sets) {
  const auto x = sets.random<float>(kA2);
  const auto y = sets.random<float>(kP2);
  const auto slope = sets.random<float>(kP2);
  const auto index = sets.random<std::uint8_t>(kP2);
  return sets.ours([=, context = sets.context()](std::size_t i) {
    kernels::activate_pool({kPool, x[i], 0, y[i], slope[i], index[i]}, context);
  });
}

Contest softmax(Sets& sets, bool backward, int channels) {
  const Setting& setting = sets.setting();
  const auto x = sets.random<float>(channels);
  const auto dy = sets.random<float>(channels);
  const auto out = sets.random<float>(channels);
  std::vector<SoftmaxOperands> for_library;
  for (std::size_t i = 0; i < x.size(); ++i)
    for_library.push_back({cuda::Array(x[i]), cuda::Array(dy[i]), cuda::Array(out[i])});
  Contest contest = sets.ours([=, context = sets.context()](std::size_t i) {
    if (backward)
      kernels::softmax_backward({x[i], dy[i], out[i], 1, channels, false}, context);
    else
      kernels::softmax({x[i], out[i], 1, channels, false}, context);
  });
  contest.contestants.push_back(
      cudnn_softmax(setting.rows, channels, setting.trials, backward, for_library));
  return contest;
}

Contest loss(Sets& sets) {
  constexpr int kClasses = 10;
  constexpr std::uint32_t kSamples = 60'000;
  const Setting& setting = sets.setting();
  std::vector<std::uint8_t> labels;
  for (std::uint32_t i = 0; i < kSamples; ++i)
    labels.push_back(static_cast<std::uint8_t>(i * 7 % kClasses));
  const auto x = sets.random<float>(kClasses);
  const auto dx = sets.random<float>(kClasses);
  kernels::EvaluateLoss evaluate;
  evaluate.loss = losses::BinaryCrossentropy{};
  evaluate.softmax = true;
  evaluate.outputs = kClasses;
  evaluate.targets.bytes = sets.arena()->copies(labels).data;
  evaluate.order = {kSamples, true};
  evaluate.sums = sets.arena()->zeros<kernels::BatchSums>(setting.trials, 1);
  evaluate.workspace =
      sets.arena()->zeros<double>(setting.trials, kernels::loss_workspace(setting.rows));
  return sets.ours([=, context = sets.context()](std::size_t i) {
    kernels::EvaluateLoss of_set = evaluate;
    of_set.x = x[i];
    of_set.dx = dx[i];
    kernels::evaluate_loss(of_set, context);
  });
}

/// Batch normalisation behind the second convolution.
Contest normalize(Sets& sets, bool backward) {
  const int trials = sets.setting().trials;
  const kernels::NormalizeShape shape = {24 * 24, 64};
  Arena& arena = *sets.arena();
  const auto of_channel = [&] { return arena.random<float>(trials, shape.channels); };
  const auto x = sets.random<float>(kA2);
  const auto dy = sets.random<float>(kA2);
  const auto out = sets.random<float>(kA2);
  const Floats gamma = of_channel();
  const Floats beta = of_channel();
  const Floats mean = of_channel();
  const Floats deviation = of_channel();
  const Floats moving_mean = of_channel();
  const Floats moving_variance = of_channel();
  const Floats next_mean = of_channel();
  const Floats next_variance = of_channel();
  const Floats workspace =
      arena.zeros<float>(trials, kernels::normalize_workspace(shape, sets.setting().rows));
  return sets.ours([=, context = sets.context()](std::size_t i) {
    if (backward)
      kernels::normalize_backward({shape, x[i], dy[i], gamma, mean, deviation, out[i], moving_mean,
                                   moving_variance, workspace},
                                  context);
    else
      kernels::normalize_training(
          {shape, x[i], gamma, beta, moving_mean, moving_variance, next_mean, next_variance, mean,
           deviation, out[i], workspace, 0.99, 1e-3},
          context);
  });
}

/// Adam with each gradient's elements clipped, on the tutorial's weights.
Contest update(Sets& sets) {
  const int trials = sets.setting().trials;
  Arena& arena = *sets.arena();
  std::vector<kernels::WeightExtent> extents;
  std::int64_t first = 0;
  for (const std::int64_t count : {288, 32, 18'432, 64, 1'179'648, 128, 1'280, 10}) {
    extents.push_back({first, count});
    first += count;
  }
  const kernels::UpdatePieces cut = kernels::cut_weights(extents);
  static constexpr Optimizer kAdam = Adam{.clipping = {.clipvalue = 0.5}};
  const kernels::UpdateRule rule(kAdam);
  kernels::Update step;
  step.rules = arena.copies<kernels::UpdateRule>({rule}, trials).data;
  step.pieces = arena.copies(cut.pieces).data;
  step.first_of_weight = arena.copies(cut.first_of_weight).data;
  step.piece_count = static_cast<int>(cut.pieces.size());
  step.weight_count = static_cast<int>(extents.size());
  step.sums = arena.zeros<kernels::BatchSums>(trials, 1);
  step.non_finite = arena.copies<kernels::NonFinite>({{}}, trials).data;
  step.workspace =
      arena.zeros<double>(trials, kernels::update_workspace(step.piece_count, step.weight_count));
  step.check_finite = true;
  step.optimizers = rule.bit();
  // The arrays of each trial begin at a quad.
  constexpr std::int64_t kStride = (kParameters + 3) / 4 * 4;
  const auto gradients = sets.of_trial<float>(kStride);
  std::vector<Floats> weights;
  std::vector<Floats> moments;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    weights.push_back(arena.random<float>(trials, kStride));
    moments.push_back(arena.zeros<float>(trials, kStride));  // roots are taken of the second
    moments.push_back(arena.zeros<float>(trials, kStride));
  }
  return sets.ours([=, context = sets.context()](std::size_t i) {
    kernels::Update of_set = step;
    of_set.gradients = gradients[i];
    of_set.weights = weights[i];
    of_set.moments[0] = moments[2 * i];
    of_set.moments[1] = moments[2 * i + 1];
    kernels::update(of_set, context);
  });
}

Contest cast(Sets& sets) {
  const auto x = sets.of_trial<float>(kParameters);
  const auto y = sets.of_trial<kernels::Bf16>(kParameters);
  return sets.ours([=, context = sets.context()](std::size_t i) {
    kernels::cast({x[i], y[i], kParameters}, context);
  });
}

}  // namespace

void add_others(std::vector<Entry>& entries, const Setting& setting) {
  const std::int64_t rows = setting.rows;
  const std::int64_t a2 = rows * kA2;
  const std::int64_t p2 = rows * kP2;
  const auto add = [&](const char* name, std::int64_t bytes, const auto& make) {
    entries.push_back(entry(name, setting, bytes, make));
  };
  add("load images", rows * 784 * 5, load);
  for (const char* name : {"relu", "gelu", "mish"})
    add((std::string("bias, ") + name).c_str(), a2 * 12,
        [name](Sets& s) { return activate(s, name); });
  add("activation backward", a2 * 12, activate_backward);
  add("max-pool forward", a2 * 4 + p2 * 5, [](Sets& s) { return pool(s, false); });
  add("max-pool backward", a2 * 4 + p2 * 5, [](Sets& s) { return pool(s, true); });
  add("gelu, max-pool", a2 * 4 + p2 * 9, activate_pool);
  add("dropout forward", p2 * 8, [](Sets& s) { return drop(s, false); });
  add("dropout backward", p2 * 8, [](Sets& s) { return drop(s, true); });
  add("normalise forward", a2 * 8, [](Sets& s) { return normalize(s, false); });
  add("normalise backward", a2 * 12, [](Sets& s) { return normalize(s, true); });
  for (const int channels : {10, 1000}) {
    const std::string name = "softmax of " + std::to_string(channels);
    add((name + " forward").c_str(), rows * channels * 8,
        [channels](Sets& s) { return softmax(s, false, channels); });
    add((name + " backward").c_str(), rows * channels * 12,
        [channels](Sets& s) { return softmax(s, true, channels); });
  }
  add("loss of 10", rows * 10 * 8, loss);
  add("Adam, clipped", kParameters * 28, update);
  add("weights to bf16", kParameters * 6, cast);
}

}  // namespace saltus::bench
