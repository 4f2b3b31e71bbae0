// Clipping and the optimizer's step for all weights of all trials.
#pragma once

#include <span>
#include <vector>

#include <saltus/kernels/batch_sums.h>
#include <saltus/kernels/bfloat16.h>
#include <saltus/kernels/stage.h>

namespace saltus::kernels {

/// How gradients are clipped. value: each element to [-limit, limit]; norm: each weight tensor's
/// gradient to an L2 norm of limit; global_norm: all gradients together.
enum class Clip : std::uint8_t { none, value, norm, global_norm };

/// One trial's optimizer. It lies in device memory, so that what changes it (a schedule of the
/// learning rate) changes launches that were captured long before.
struct UpdateRule {
  bool adam = true;  ///< else SGD
  bool nesterov = false;
  Clip clip = Clip::none;
  double limit = 0;  ///< of the clip
  double learning_rate = 0;
  double beta_1 = 0, beta_2 = 0, epsilon = 0;  ///< of Adam
  double momentum = 0;                         ///< of SGD
};

/// Where a weight tensor lies in the flat arrays.
struct WeightExtent {
  std::int64_t first = 0;  ///< a multiple of 4
  std::int64_t count = 0;
};

/// A stretch of one weight tensor: what a block works on.
struct UpdatePiece {
  int weight = 0;
  int count = 0;
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
  PerTrial<float> weights;          ///< [parameters]
  PerTrial<const float> gradients;  ///< [parameters]
  PerTrial<float> moment_1 = {};  ///< [parameters]: of Adam, or SGD's velocity; absent without both
  PerTrial<float> moment_2 = {};  ///< [parameters]: of Adam
  PerTrial<Bf16> copy = {};       ///< [parameters]: gets the new weights, rounded; or none
  PerTrial<float> statistics = {};             ///< [statistic_count], or none
  PerTrial<const float> next_statistics = {};  ///< [statistic_count]
  const UpdateRule* rules = nullptr;           ///< [trials]
  const UpdatePiece* pieces = nullptr;         ///< [piece_count], of cut_weights()
  const int* first_of_weight = nullptr;        ///< [weight_count + 1]
  int piece_count = 0;
  int weight_count = 0;
  int statistic_count = 0;
  PerTrial<BatchSums> sums;         ///< [batches]: the loss, and where clips are counted
  NonFinite* non_finite = nullptr;  ///< [trials]
  PerTrial<double> workspace;       ///< update_workspace() doubles
  bool check_finite = false;
  bool any_norms = false;  ///< does any trial clip by a norm
};

/// Throws CudaError where a launch fails, and std::invalid_argument where an array begins
/// elsewhere.
void update(const Update& arguments, const Stage& stage);

/// Doubles of workspace for each trial.
constexpr std::int64_t update_workspace(int piece_count, int weight_count) {
  return piece_count + 2 * weight_count + 1;
}

}  // namespace saltus::kernels
