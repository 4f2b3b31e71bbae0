// What lasts beyond a batch: clipping and the optimizer, over the flat arrays in pieces of fixed
// size that never cross from one weight tensor to the next, the averages of the weights, and the
// moving statistics.
#include <algorithm>
#include <cmath>
#include <limits>

#include <saltus/kernels/update/moving_average.h>

#include "backend/cpu/op.h"
#include "ops/update/update.h"

namespace saltus::ops {

using namespace cpu;

namespace {

constexpr std::int64_t kPiece =
    32768;  // elements: five arrays of them fit a core's second-level cache

struct Piece {
  std::size_t weight;  ///< number of the weight tensor
  std::int64_t first;  ///< in the flat arrays
  std::int64_t count;
};

class UpdateOp : public WholeOp {
 public:
  explicit UpdateOp(const Compilation& at)
      : memory_(at.memory),
        workers_(at.workers),
        stop_on_nonfinite_(at.stop_on_nonfinite),
        gradients_(reinterpret_cast<float*>(at.gradients)),
        weights_(at.plan.weights.size()),
        moving_(at.plan.moving_count),
        next_(at.plan.next_statistics) {
    for (std::size_t i = 0; i < weights_; ++i) {
      const plan::Tensor& tensor = memory_.tensor(static_cast<plan::TensorId>(i));
      decays_.push_back(!at.plan.weights[i].bounds);
      if (tensor.home != plan::Home::parameters) continue;
      for (std::int64_t first = 0; first < tensor.elements; first += kPiece) {
        pieces_.push_back({i, tensor.offset + first, std::min(kPiece, tensor.elements - first)});
      }
    }
    found_.resize(pieces_.size());
  }

  void run(Run& run) override {
    TrialState& trial = *run.trial;
    if (stop_on_nonfinite_ && find_non_finite(run)) return;
    const Clipping& clipping = clipping_of(trial.config.optimizer);
    const std::vector<float> scales = norm_scales(clipping, run);
    const auto bound =
        static_cast<float>(clipping.clipvalue.value_or(std::numeric_limits<double>::infinity()));
    ++trial.step;
    auto* statistics = trial.statistics.as<float>();
    std::copy_n(statistics + next_, moving_, statistics);
    std::visit([&](const auto& optimizer) { update(optimizer, run, bound, scales); },
               with_learning_rate(trial.config.optimizer, trial.learning_rate()));
  }

 private:
  /// Loss first, then gradients in the weights' order, then what moving statistics would become.
  bool find_non_finite(Run& run) {
    TrialState& trial = *run.trial;
    if (!std::isfinite(run.sums.loss)) {
      trial.non_finite = backend::NonFinite{trial.step, "loss"};
    } else {
      for_pieces([&](const Piece& piece) {
        return loops().all_finite(gradients_ + piece.first, piece.count) ? 0.0 : 1.0;
      });
      for (std::size_t i = 0; i < pieces_.size() && !trial.non_finite; ++i) {
        if (found_[i] == 0.0) continue;
        const auto id = static_cast<plan::TensorId>(pieces_[i].weight);
        trial.non_finite = backend::NonFinite{trial.step, memory_.tensor(id).name};
      }
      const float* next = trial.statistics.as<float>() + next_;
      for (std::size_t i = 0; i < weights_ && !trial.non_finite; ++i) {
        const plan::Tensor& tensor = memory_.tensor(static_cast<plan::TensorId>(i));
        if (tensor.home != plan::Home::statistics || tensor.offset >= moving_ ||
            loops().all_finite(next + tensor.offset, tensor.elements)) {
          continue;
        }
        trial.non_finite = backend::NonFinite{trial.step, tensor.name};
      }
    }
    if (trial.non_finite) trial.active = false;
    return trial.non_finite.has_value();
  }

  /// By weight tensor: the factor of clipnorm or global_clipnorm; 1 where the norm is small enough.
  std::vector<float> norm_scales(const Clipping& clipping, Run& run) {
    std::vector<float> scales(weights_, 1.0F);
    if (!clipping.clipnorm && !clipping.global_clipnorm) return scales;
    for_pieces([&](const Piece& piece) {
      return loops().sum_squares(gradients_ + piece.first, piece.count);
    });
    std::vector<double> squares(weights_, 0.0);
    double all = 0;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      squares[pieces_[i].weight] += found_[i];
      all += found_[i];
    }
    const double limit = clipping.clipnorm ? *clipping.clipnorm : *clipping.global_clipnorm;
    for (std::size_t i = 0; i < weights_; ++i) {
      const double norm = std::sqrt(clipping.clipnorm ? squares[i] : all);
      const bool trained =
          memory_.tensor(static_cast<plan::TensorId>(i)).home == plan::Home::parameters;
      if (!trained || norm <= limit) continue;
      scales[i] = static_cast<float>(limit / norm);
      ++run.sums.clipped;
    }
    return scales;
  }

  template <class O>
  void update(const O& optimizer, Run& run, float bound, const std::vector<float>& scales) {
    TrialState& trial = *run.trial;
    const auto step = optimizer.step(trial.step);
    const O undecayed = without_decay(optimizer);
    const auto undecayed_step = undecayed.step(trial.step);
    for_pieces([&](const Piece& piece) {
      const auto part = [&](const Buffer& floats) {
        return floats.bytes() == 0 ? nullptr : floats.as<float>() + piece.first;
      };
      MomentArrays moments;
      std::ranges::transform(trial.moments, moments.begin(), part);
      const bool decays = decays_[piece.weight];
      const std::int64_t clipped = loops().update<O>()(
          decays ? optimizer : undecayed, decays ? step : undecayed_step, scales[piece.weight],
          bound, gradients_ + piece.first, part(trial.parameters.floats), moments,
          halves_of(trial.parameters, piece), piece.count);
      if (trial.has_averages()) average(trial, piece);
      return static_cast<double>(clipped);
    });
    for (const double clipped : found_) run.sums.clipped += static_cast<std::int64_t>(clipped);
  }

  template <class O>
  static O without_decay(O optimizer) {
    if constexpr (requires { optimizer.weight_decay; }) optimizer.weight_decay = 0;
    return optimizer;
  }

  /// While the piece is in the cache.
  static void average(const TrialState& trial, const Piece& piece) {
    const auto rate = static_cast<float>(1 - trial.config.ema_momentum);
    loops().average(trial.parameters.floats.as<float>() + piece.first,
                    kernels::average_rate(rate, trial.step),
                    trial.averages.floats.as<float>() + piece.first,
                    halves_of(trial.averages, piece), piece.count);
  }

  /// Null where there are none.
  static std::uint16_t* halves_of(const Parameters& parameters, const Piece& piece) {
    if (parameters.halves.bytes() == 0) return nullptr;
    return parameters.halves.as<std::uint16_t>() + piece.first;
  }

  /// found_[i] = visit(pieces_[i]), shared among the workers.
  template <class Visit>
  void for_pieces(Visit visit) {
    workers_.run(static_cast<int>(pieces_.size()), [&](int number, int /*worker*/) {
      const auto i = static_cast<std::size_t>(number);
      found_[i] = visit(pieces_[i]);
    });
  }

  const Memory& memory_;
  const Workers& workers_;
  bool stop_on_nonfinite_;
  float* gradients_;
  std::size_t weights_;
  std::int64_t moving_;  ///< elements of the moving statistics
  std::int64_t next_;    ///< where that begins which they become
  std::vector<Piece> pieces_;
  std::vector<bool> decays_;   ///< by weight: weight decay does not leave it alone
  std::vector<double> found_;  ///< by piece
};

}  // namespace

WholeOpPtr Update::compile(const Compilation& at) const {
  return std::make_unique<UpdateOp>(at);
}

}  // namespace saltus::ops
