// Clipping and the optimizer's step for all weights of all trials.
#pragma once

#include <cstring>
#include <span>
#include <vector>

#include <saltus/kernels/batch_sums.h>
#include <saltus/kernels/bfloat16.h>
#include <saltus/kernels/launch_context.h>
#include <saltus/kernels/update/optimizers.h>

namespace saltus::kernels {

/// How gradients are clipped. value: each element to [-limit, limit]; norm: each weight tensor's
/// gradient to an L2 norm of limit; global_norm: all gradients together.
enum class Clip : std::uint8_t { none, value, norm, global_norm };

/// One trial's optimizer. It lies in device memory, so that what changes it (a schedule of the
/// learning rate) changes launches that were captured long before.
class UpdateRule {
 public:
  UpdateRule() : UpdateRule(Optimizer()) {}
  explicit UpdateRule(const Optimizer& optimizer) : place_(static_cast<int>(optimizer.index())) {
    std::visit([this](const auto& own) { take(own); }, optimizer);
  }

  /// Its optimizer's place in the list, also as the bit of that number, and that optimizer: no
  /// std::variant runs on a device.
  SALTUS_HD int place() const { return place_; }
  std::uint32_t bit() const { return 1u << place_; }
  template <class O>
  SALTUS_HD const O& as() const {
    return *reinterpret_cast<const O*>(optimizer_);
  }

  /// Lets the learning rate follow `rates`, in device memory: rates[i] in step first + i, counted
  /// from 1, and the last from there on.
  void follow(const double* rates, std::uint32_t first, std::uint32_t count) {
    rates_ = rates;
    first_ = first;
    last_ = first + count - 1;
  }

  /// The optimizer with the learning rate of this step.
  template <class O>
  SALTUS_HD O at(std::uint32_t step) const {
    O optimizer = as<O>();
    if (rates_ != nullptr) optimizer.learning_rate = rates_[(step < last_ ? step : last_) - first_];
    return optimizer;
  }

  SALTUS_HD Clip clip() const { return clip_; }
  SALTUS_HD bool clips_by_norm() const { return clip_ == Clip::norm || clip_ == Clip::global_norm; }
  /// The limit of the clip.
  SALTUS_HD double limit() const { return limit_; }

 private:
  template <class O>
  void take(const O& optimizer) {
    std::memcpy(optimizer_, &optimizer, sizeof optimizer);
    const Clipping& clipping = optimizer.clipping;
    if (clipping.clipvalue) set_clip(Clip::value, *clipping.clipvalue);
    if (clipping.clipnorm) set_clip(Clip::norm, *clipping.clipnorm);
    if (clipping.global_clipnorm) set_clip(Clip::global_norm, *clipping.global_clipnorm);
  }
  void set_clip(Clip clip, double limit) {
    clip_ = clip;
    limit_ = limit;
  }

  alignas(Optimizer) std::byte optimizer_[sizeof(Optimizer)] = {};
  int place_;
  Clip clip_ = Clip::none;
  double limit_ = 0;
  const double* rates_ = nullptr;
  std::uint32_t first_ = 0;
  std::uint32_t last_ = 0;
};

/// Where a weight tensor lies in the flat arrays.
struct WeightExtent {
  std::int64_t first = 0;  ///< a multiple of 4
  std::int64_t count = 0;
  bool decays = true;  ///< an optimizer's weight decay takes from it
};

/// A stretch of one weight tensor: what a block works on, in 16 bytes.
struct UpdatePiece {
  int weight = 0;
  std::int16_t count = 0;
  bool decays = true;
  std::int64_t first = 0;
};

/// The flat arrays in pieces, in the weights' order.
struct UpdatePieces {
  std::vector<UpdatePiece> pieces;
  std::vector<int> first_of_weight;  ///< [weights + 1]: where each weight's pieces begin
};
/// Throws std::invalid_argument where a tensor does not begin at a multiple of 4.
UpdatePieces cut_weights(std::span<const WeightExtent> weights);

/// The first number of a trial that was not finite, if any.
struct NonFinite {
  static constexpr int kNone = -2;
  static constexpr int kLoss = -1;
  int weight = kNone;  ///< whose gradient it was, or kLoss; from Update::weight_count on: the place
                       ///< in the statistics
  std::uint32_t step = 0;  ///< optimizer steps done before
};

/// weights -= what the optimizer makes of the gradients; TrialState::step counts the steps. The
/// moving statistics become what the batch has left as next_statistics.
///
/// Where check_finite is set, a trial whose loss, gradients or next statistics are not all finite
/// becomes inactive before any of its weights, moments or statistics changes, and `non_finite` says
/// why.
///
/// All trials' flat arrays begin at a multiple of four elements. What lies between tensors stays as
/// it is.
struct Update {
  PerTrial<float> weights;                     ///< [parameters]
  PerTrial<const float> gradients;             ///< [parameters]
  PerTrial<float> moments[kMostMoments] = {};  ///< [parameters]; absent where no rule has so many
  PerTrial<Bf16> copy = {};         ///< [parameters]: gets the new weights, rounded; or none
  PerTrial<float> statistics = {};  ///< [statistic_count], or none
  PerTrial<const float> next_statistics = {};  ///< [statistic_count]
  const UpdateRule* rules = nullptr;           ///< [trials]
  const UpdatePiece* pieces = nullptr;         ///< [piece_count], of cut_weights()
  const int* first_of_weight = nullptr;        ///< [weight_count + 1]: of cut_weights()
  const int* first_check = nullptr;  ///< [weight_count + 1]: likewise of checks (gemm_update.h)
  int piece_count = 0;
  int weight_count = 0;
  int statistic_count = 0;
  PerTrial<BatchSums> sums;         ///< [batches]: the loss, and where clips are counted
  NonFinite* non_finite = nullptr;  ///< [trials]
  PerTrial<double> workspace;       ///< update_workspace() doubles
  bool check_finite = false;
  bool any_norms = false;        ///< does any trial clip by a norm
  std::uint32_t optimizers = 0;  ///< UpdateRule::bit() of all trials
};

/// Throws CudaError where a launch fails, and std::invalid_argument where an array begins
/// elsewhere.
void update(const Update& arguments, const LaunchContext& context);

/// Its two halves: what decides and moves the statistics; then the weights.
void prepare_update(const Update& arguments, const LaunchContext& context);
void update_pieces(const Update& arguments, const LaunchContext& context);

/// Doubles of workspace for each trial, with so many checks of gradients that are not stored.
constexpr std::int64_t update_workspace(int piece_count, int weight_count, int check_count = 0) {
  return piece_count + 2 * weight_count +
         static_cast<std::int64_t>(kMostStepBytes / sizeof(double)) + 1 + check_count;
}

}  // namespace saltus::kernels
