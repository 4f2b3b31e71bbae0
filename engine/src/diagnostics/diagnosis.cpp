#include "diagnostics/diagnosis.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "backend/cpu/loops.h"
#include "diagnostics/effective_rank.h"
#include "diagnostics/figures.h"
#include "graph/custom_activation.h"

namespace saltus::diagnostics {
namespace {

/// The tensors of the rows that are run at a time take about so much.
constexpr std::int64_t kBytes = std::int64_t{64} << 20;

/// A slope of at most this share of the largest is small; a unit with so many small ones is
/// saturated. docs/diagnostics.md says why.
constexpr float kSmallSlope = 0.05F;
constexpr double kSaturated = 0.99;
/// Weights are summed up in pieces of so many, by which threads share the work.
constexpr std::size_t kPiece = 1 << 16;

/// The largest is looked for at so many places of this interval around 0.
constexpr int kPlaces = 1001;
constexpr float kFarthest = 5;

/// Sums of numbers, in lanes: additions of one lane wait for each other.
class Moments {
 public:
  void add(const float* values, std::int64_t count) {
    std::int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes)
      for (std::int64_t lane = 0; lane < kLanes; ++lane) add(values[i + lane], lane);
    for (; i < count; ++i) add(values[i], 0);
    count_ += count;
  }
  void add(const Moments& other) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      sums_[lane] += other.sums_[lane];
      squares_[lane] += other.squares_[lane];
      positive_[lane] += other.positive_[lane];
    }
    count_ += other.count_;
  }

  double mean() const { return total(sums_) / count(); }
  double deviation() const {
    return std::sqrt(std::max(0.0, squares() / count() - mean() * mean()));
  }
  double positive() const { return static_cast<double>(total(positive_)) / count(); }
  double squares() const { return total(squares_); }

 private:
  static constexpr std::int64_t kLanes = 8;

  void add(float value, std::int64_t lane) {
    const auto place = static_cast<std::size_t>(lane);
    sums_[place] += value;
    squares_[place] += double{value} * value;
    positive_[place] += value > 0 ? 1 : 0;
  }
  template <class T>
  static T total(const std::array<T, kLanes>& lanes) {
    T sum = 0;
    for (const T lane : lanes) sum += lane;
    return sum;
  }
  double count() const { return static_cast<double>(count_); }

  std::array<double, kLanes> sums_ = {};
  std::array<double, kLanes> squares_ = {};
  std::array<std::int64_t, kLanes> positive_ = {};
  std::int64_t count_ = 0;
};

/// What a group of rows adds to a layer's sums.
struct LayerSums {
  Moments z;
  Moments a;
  double dz_squares = 0;
  std::vector<std::uint32_t> zero;   ///< by unit: slopes that are 0
  std::vector<std::uint32_t> small;  ///< by unit: slopes up to the limit

  void add(const LayerSums& other) {
    z.add(other.z);
    a.add(other.a);
    dz_squares += other.dz_squares;
    for (std::size_t i = 0; i < zero.size(); ++i) {
      zero[i] += other.zero[i];
      small[i] += other.small[i];
    }
  }
};

/// The largest |slope| of an activation for inputs around 0; those that are not finite aside.
float largest_slope(const kernels::ActivationRef& activation) {
  std::array<float, kPlaces> x{};
  std::array<float, kPlaces> y{};
  std::array<float, kPlaces> slope{};
  for (int i = 0; i < kPlaces; ++i) {
    x[static_cast<std::size_t>(i)] =
        kFarthest * (2 * static_cast<float>(i) / static_cast<float>(kPlaces - 1) - 1);
  }
  cpu::loops().activate(activation, {x.data(), plan::DType::f32}, {y.data(), plan::DType::f32},
                        slope.data(), kPlaces);
  float largest = 0;
  for (const float value : slope)
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  return largest;
}

double squares(const float* values, std::int64_t count) {
  return cpu::loops().sum_squares(values, count);
}

}  // namespace

struct Diagnosis::Sums {
  std::vector<float> limits;                   ///< by layer: of small slopes
  std::vector<std::vector<LayerSums>> groups;  ///< by layer and group of rows
  std::vector<float> last_input;               ///< [samples][elements]
  std::int64_t rows = 0;                       ///< so far
};

Diagnosis::Diagnosis(const Graph& graph, const plan::Plan& plan, const Loss& loss,
                     std::int64_t samples, int threads)
    : plan_(plan),
      network_(diagnosed(graph, plan, loss)),
      workers_(std::make_unique<Workers>(threads)),
      gradients_(plan.parameter_count, sizeof(float)),
      rows_(std::clamp<std::int64_t>(
          kBytes / std::max<std::int64_t>(network_.program.batch_bytes, 1), 1, samples)) {
  plan_.precision = Precision::fp32;
  state_.parameters.floats = Buffer(plan.parameter_count, sizeof(float));
  state_.statistics = Buffer(plan.statistic_count, sizeof(float));
  program_ = std::make_unique<cpu::CompiledProgram>(plan_, network_.program, *workers_, rows_,
                                                    gradients_.data(), false);
  for (const plan::TensorId id : network_.ones)
    std::fill_n(program_->memory().floats(id, {}), rows_ * tensor(id).elements, 1.0F);
}

std::span<float> Diagnosis::weight(std::size_t place) {
  const plan::Tensor& target = tensor(static_cast<plan::TensorId>(place));
  const Buffer& home =
      target.home == plan::Home::parameters ? state_.parameters.floats : state_.statistics;
  return {home.as<float>() + target.offset, static_cast<std::size_t>(target.elements)};
}

std::span<const float> Diagnosis::trained() const {
  return {state_.parameters.floats.as<float>(), static_cast<std::size_t>(plan_.parameter_count)};
}

std::pair<std::size_t, std::size_t> Diagnosis::place_in_trained(std::size_t place) const {
  const plan::Tensor& weight = tensor(static_cast<plan::TensorId>(place));
  if (weight.home != plan::Home::parameters) return {};
  return {static_cast<std::size_t>(weight.offset), static_cast<std::size_t>(weight.elements)};
}

std::vector<LayerDiagnostics> Diagnosis::run(const backend::Trial& trial, const Samples& samples,
                                             std::span<const std::int64_t> numbers,
                                             std::span<const float> before) {
  state_.config = trial;
  Sums sums;
  sums.limits = slope_limits();
  sums.groups.resize(network_.layers.size());
  const auto count = static_cast<std::int64_t>(numbers.size());
  in_parts_ = count > rows_;
  if (in_parts_ && gradient_means_.bytes() == 0)
    gradient_means_ = Buffer(plan_.parameter_count, sizeof(float));
  auto* means = gradient_means_.as<float>();
  if (in_parts_) std::fill_n(means, plan_.parameter_count, 0.0F);
  for (std::int64_t first = 0; first < count; first += rows_) {
    const auto rows = static_cast<std::size_t>(std::min(rows_, count - first));
    const auto chunk = numbers.subspan(static_cast<std::size_t>(first), rows);
    cpu::Run run;
    run.trial = &state_;
    run.parameters = &state_.parameters;
    run.samples = &samples;
    run.order.assign(chunk.begin(), chunk.end());
    program_->run(run);
    take(run, sums);
    if (!in_parts_) continue;
    const float share = static_cast<float>(rows) / static_cast<float>(count);
    const auto* gradients = gradients_.as<float>();
    for (std::int64_t i = 0; i < plan_.parameter_count; ++i) means[i] += share * gradients[i];
  }
  const Clipping& clipping = clipping_of(trial.optimizer);
  const std::vector<WeightSums> weights = weight_sums(clipping, before);
  std::vector<LayerDiagnostics> found;
  for (std::size_t layer = 0; layer < network_.layers.size(); ++layer) {
    found.push_back(figures(layer, sums));
    take_weights(network_.layers[layer], clipping, !before.empty(), weights, found.back());
  }
  return found;
}

void Diagnosis::take(const cpu::Run& run, Sums& sums) const {
  const int groups = static_cast<int>(std::min<std::int64_t>(cpu::kGroups, run.rows()));
  for (std::size_t layer = 0; layer < sums.groups.size(); ++layer) {
    const DiagnosedLayer& own = network_.layers[layer];
    const std::int64_t units = own.slope == plan::kNone ? 0 : tensor(own.slope).shape.back();
    std::vector<LayerSums>& all = sums.groups[layer];
    const auto none = std::vector<std::uint32_t>(static_cast<std::size_t>(units));
    if (std::ssize(all) < groups) {
      all.resize(static_cast<std::size_t>(groups), {.z = {}, .a = {}, .zero = none, .small = none});
    }
  }
  workers_->run(groups, [&](int group, int /*worker*/) {
    for (std::size_t layer = 0; layer < sums.groups.size(); ++layer)
      take_rows(run, layer, group, groups, sums);
  });
  sums.rows += run.rows();
  if (network_.last_input == plan::kNone) return;
  const float* values = program_->memory().floats(network_.last_input, run);
  sums.last_input.insert(sums.last_input.end(), values,
                         values + run.rows() * tensor(network_.last_input).elements);
}

void Diagnosis::take_rows(const cpu::Run& run, std::size_t layer, int group, int groups,
                          Sums& sums) const {
  const DiagnosedLayer& own = network_.layers[layer];
  LayerSums& into = sums.groups[layer][static_cast<std::size_t>(group)];
  const std::int64_t first = run.rows() * group / groups;
  const std::int64_t rows = run.rows() * (group + 1) / groups - first;
  const auto block = [&](plan::TensorId id) {
    return program_->memory().floats(id, run) + first * tensor(id).elements;
  };
  const std::int64_t elements = rows * tensor(own.z).elements;
  into.z.add(block(own.z), elements);
  if (own.dz != plan::kNone) {
    // The gradient is that of the mean of so many losses; a sample's own is so many times that.
    const auto losses = static_cast<double>(run.rows());
    into.dz_squares += losses * losses * squares(block(own.dz), elements);
  }
  if (own.a == plan::kNone) return;
  into.a.add(block(own.a), elements);
  const float* slope = block(own.slope);
  const float limit = sums.limits[layer];
  const std::size_t units = into.zero.size();
  std::uint32_t* zero = into.zero.data();
  std::uint32_t* small = into.small.data();
  for (const float* end = slope + elements; slope != end; slope += units) {
    for (std::size_t unit = 0; unit < units; ++unit) {
      zero[unit] += slope[unit] == 0 ? 1 : 0;
      small[unit] += std::abs(slope[unit]) <= limit ? 1 : 0;
    }
  }
}

LayerDiagnostics Diagnosis::figures(std::size_t number, const Sums& sums) const {
  const DiagnosedLayer& layer = network_.layers[number];
  LayerSums all = sums.groups[number].front();
  for (std::size_t group = 1; group < sums.groups[number].size(); ++group)
    all.add(sums.groups[number][group]);
  const auto rows = static_cast<double>(sums.rows);
  LayerDiagnostics found;
  found.layer = layer.name;
  found.z_mean = all.z.mean();
  found.z_sd = all.z.deviation();
  found.z_positive = all.z.positive();
  if (layer.dz != plan::kNone) found.dz_norm = std::sqrt(all.dz_squares / rows);
  if (layer.a == plan::kNone) return found;
  found.a_mean = all.a.mean();
  found.a_sd = all.a.deviation();
  found.a_positive = all.a.positive();
  found.a_norm = std::sqrt(all.a.squares() / rows);
  const auto units = static_cast<double>(all.zero.size());
  const double seen = rows * static_cast<double>(tensor(layer.z).elements) / units;
  double dead = 0;
  double saturated = 0;
  for (std::size_t unit = 0; unit < all.zero.size(); ++unit) {
    const bool is_dead = all.zero[unit] >= seen;
    dead += is_dead ? 1 : 0;
    saturated += !is_dead && all.small[unit] >= kSaturated * seen ? 1 : 0;
  }
  found.dead = dead / units;
  found.saturated = saturated / units;
  if (layer.is_last_hidden && network_.last_input != plan::kNone) {
    found.effective_rank =
        effective_rank(sums.last_input, static_cast<std::size_t>(sums.rows),
                       static_cast<std::size_t>(tensor(network_.last_input).elements));
  }
  return found;
}

void Diagnosis::WeightSums::add(const WeightSums& other) {
  squares += other.squares;
  gradient_squares += other.gradient_squares;
  change_squares += other.change_squares;
  elements += other.elements;
  clipped += other.clipped;
}

std::vector<Diagnosis::WeightSums> Diagnosis::weight_sums(const Clipping& clipping,
                                                          std::span<const float> before) const {
  struct Piece {
    std::size_t place;
    std::int64_t first;  // in the flat arrays
    std::int64_t count;
  };
  std::vector<Piece> pieces;
  for (std::size_t place = 0; place < weights(); ++place) {
    const auto [first, size] = place_in_trained(place);
    for (std::size_t begin = 0; begin < size; begin += kPiece) {
      pieces.push_back({place, static_cast<std::int64_t>(first + begin),
                        static_cast<std::int64_t>(std::min(kPiece, size - begin))});
    }
  }
  const auto limit =
      static_cast<float>(clipping.clipvalue.value_or(std::numeric_limits<double>::infinity()));
  std::vector<WeightSums> sums(pieces.size());
  workers_->run(static_cast<int>(pieces.size()), [&](int number, int /*worker*/) {
    const Piece& piece = pieces[static_cast<std::size_t>(number)];
    WeightSums& own = sums[static_cast<std::size_t>(number)];
    const float* trained = state_.parameters.floats.as<float>() + piece.first;
    const float* gradient = gradients() + piece.first;
    own.elements = piece.count;
    own.squares = squares(trained, piece.count);
    own.gradient_squares = squares(gradient, piece.count);
    for (std::int64_t i = 0; i < piece.count; ++i)
      own.clipped += std::abs(gradient[i]) > limit ? 1 : 0;
    if (before.empty()) return;
    std::vector<float> changes(static_cast<std::size_t>(piece.count));
    const float* old = before.data() + piece.first;
    for (std::int64_t i = 0; i < piece.count; ++i)
      changes[static_cast<std::size_t>(i)] = trained[i] - old[i];
    own.change_squares = squares(changes.data(), piece.count);
  });
  std::vector<WeightSums> all(weights());
  for (std::size_t i = 0; i < pieces.size(); ++i) all[pieces[i].place].add(sums[i]);
  return all;
}

void Diagnosis::take_weights(const DiagnosedLayer& layer, const Clipping& clipping, bool has_before,
                             std::span<const WeightSums> all, LayerDiagnostics& found) {
  if (layer.weights.empty()) return;
  WeightSums own;
  double scaled = 0;
  for (const std::size_t place : layer.weights) {
    own.add(all[place]);
    if (clipping.clipnorm && std::sqrt(all[place].gradient_squares) > *clipping.clipnorm)
      scaled += 1;
  }
  found.weight_norm = std::sqrt(own.squares);
  found.dw_norm = std::sqrt(own.gradient_squares);
  if (has_before) found.update_ratio = std::sqrt(own.change_squares / own.squares);
  if (clipping.global_clipnorm) {
    double squares = 0;
    for (const WeightSums& one : all) squares += one.gradient_squares;
    found.clipped = std::sqrt(squares) > *clipping.global_clipnorm ? 1 : 0;
  } else if (clipping.clipnorm) {
    found.clipped = scaled / static_cast<double>(layer.weights.size());
  } else {
    found.clipped = static_cast<double>(own.clipped) / static_cast<double>(own.elements);
  }
}

std::vector<float> Diagnosis::slope_limits() const {
  std::vector<float> limits;
  for (const DiagnosedLayer& layer : network_.layers) {
    float largest = 0;
    if (layer.slot >= 0) {
      largest = largest_slope(state_.config.activations[static_cast<std::size_t>(layer.slot)]);
    } else if (layer.learned) {
      largest = largest_slope(runnable(layer.learned->ref()));
    }
    limits.push_back(kSmallSlope * largest);
  }
  return limits;
}

void Diagnosis::log(std::span<const LayerDiagnostics> found, Logs& logs) const {
  for (std::size_t i = 0; i < found.size(); ++i) {
    const DiagnosedLayer& layer = network_.layers[i];
    const Applies applies = {.gradient = layer.dz != plan::kNone,
                             .activation = layer.a != plan::kNone,
                             .weights = !layer.weights.empty(),
                             .rank = layer.is_last_hidden};
    log_figures(i, found[i], applies, logs);
  }
}

}  // namespace saltus::diagnostics
