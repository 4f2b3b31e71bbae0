// What lasts beyond a batch: clipping and the optimizer, over the flat arrays in pieces of fixed
// size that never cross from one weight tensor to the next, and the moving statistics.
#include <algorithm>
#include <cmath>
#include <limits>

#include "backend/cpu/op.h"

namespace saltus::cpu {
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
  UpdateOp(const Setting& setting, std::byte* gradients, bool stop_on_nonfinite)
      : memory_(setting.memory),
        workers_(setting.workers),
        bf16_(setting.plan.precision == Precision::bf16),
        stop_on_nonfinite_(stop_on_nonfinite),
        gradients_(reinterpret_cast<float*>(gradients)),
        weights_(setting.plan.weights.size()),
        moving_(setting.plan.moving_count) {
    for (std::size_t i = 0; i < weights_; ++i) {
      const plan::Tensor& tensor = memory_.tensor(static_cast<plan::TensorId>(i));
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
    std::copy_n(statistics + moving_, moving_, statistics);
    std::visit([&](const auto& optimizer) { update(optimizer, run, bound, scales); },
               trial.config.optimizer);
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
      const float* next = trial.statistics.as<float>() + moving_;
      for (std::size_t i = 0; i < weights_ && !trial.non_finite; ++i) {
        const plan::Tensor& tensor = memory_.tensor(static_cast<plan::TensorId>(i));
        if (tensor.home != plan::Home::statistics ||
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

  void update(const Adam& adam, Run& run, float bound, const std::vector<float>& scales) {
    const double rate = kernels::adam_rate(adam.learning_rate, adam.beta_1, adam.beta_2,
                                           static_cast<std::uint32_t>(run.trial->step));
    AdamStep step{};
    step.learning_rate = static_cast<float>(rate);
    step.rate_1 = static_cast<float>(1 - adam.beta_1);
    step.rate_2 = static_cast<float>(1 - adam.beta_2);
    step.epsilon = static_cast<float>(adam.epsilon);
    step.clip = bound;
    update_pieces(run, scales, [&](const Piece& piece, float scale, float* w, std::uint16_t* w16) {
      AdamStep scaled = step;
      scaled.scale = scale;
      return loops().adam(scaled, gradients_ + piece.first, w,
                          run.trial->moment_1.as<float>() + piece.first,
                          run.trial->moment_2.as<float>() + piece.first, w16, piece.count);
    });
  }

  void update(const SGD& sgd, Run& run, float bound, const std::vector<float>& scales) {
    SgdStep step{};
    step.learning_rate = static_cast<float>(sgd.learning_rate);
    step.momentum = static_cast<float>(sgd.momentum);
    step.nesterov = sgd.nesterov;
    step.clip = bound;
    update_pieces(run, scales, [&](const Piece& piece, float scale, float* w, std::uint16_t* w16) {
      SgdStep scaled = step;
      scaled.scale = scale;
      return loops().sgd(scaled, gradients_ + piece.first, w,
                         run.trial->moment_1.as<float>() + piece.first, w16, piece.count);
    });
  }

  template <class UpdatePiece>
  void update_pieces(Run& run, const std::vector<float>& scales, UpdatePiece update_piece) {
    TrialState& trial = *run.trial;
    for_pieces([&](const Piece& piece) {
      std::uint16_t* w16 = bf16_ ? trial.parameters16.as<std::uint16_t>() + piece.first : nullptr;
      return static_cast<double>(update_piece(piece, scales[piece.weight],
                                              trial.parameters.as<float>() + piece.first, w16));
    });
    for (const double clipped : found_) run.sums.clipped += static_cast<std::int64_t>(clipped);
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
  bool bf16_;
  bool stop_on_nonfinite_;
  float* gradients_;
  std::size_t weights_;
  std::int64_t moving_;  ///< elements of the moving statistics
  std::vector<Piece> pieces_;
  std::vector<double> found_;  ///< by piece
};

}  // namespace

WholeOpPtr make_update_op(const Setting& setting, std::byte* gradients, bool stop_on_nonfinite) {
  return std::make_unique<UpdateOp>(setting, gradients, stop_on_nonfinite);
}

}  // namespace saltus::cpu
