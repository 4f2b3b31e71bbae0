#include <map>

#include "plan/passes.h"

namespace saltus::plan {
namespace {

/// Emits the backward step of each forward step, last one first.
class Backward {
 public:
  explicit Backward(Draft& draft) : draft_(draft) {}

  void run() {
    const std::vector<Step> forward = draft_.steps;
    find_needs(forward);
    for (std::size_t i = forward.size(); i-- > 0;) {
      producer_ = i > 0 ? &forward[i - 1] : nullptr;
      std::visit(*this, forward[i]);
    }
    draft_.steps.emplace_back(Update{});
  }

  void operator()(const LoadInput&) {}
  void operator()(const EvaluateLoss& s) { gradients_[s.x] = s.dx; }
  void operator()(const Convolution& s) {
    if (!active(s.y)) return;
    const TensorId dy = gradients_.at(s.y);
    emit(s.x, [&](TensorId dx) {
      return ConvolutionBackward{s.x,     s.w, dy, dx, weight_gradient(s.w), weight_gradient(s.b),
                                 s.window};
    });
  }
  void operator()(const Product& s) {
    if (!active(s.y)) return;
    const TensorId dy = gradients_.at(s.y);
    emit(s.x, [&](TensorId dx) {
      return ProductBackward{s.x,    s.w,  dy,   dx, weight_gradient(s.w), weight_gradient(s.b),
                             s.rows, s.in, s.out};
    });
  }
  void operator()(const Activate& s) {
    if (!active(s.y)) return;
    emit(s.x, [&](TensorId dx) { return ActivateBackward{gradients_.at(s.y), s.slope, dx}; });
  }
  void operator()(const ActivatePool& s) {
    if (!active(s.y)) return;
    const TensorId pooled =
        draft_.add_tensor("d " + tensor(s.y).name + "/pooled", tensor(s.y).shape);
    draft_.steps.emplace_back(ActivateBackward{gradients_.at(s.y), s.slope, pooled});
    pool_backward(s.x, pooled, s.index, s.window);
  }
  void operator()(const MaxPool& s) {
    if (active(s.y)) pool_backward(s.x, gradients_.at(s.y), s.index, s.window);
  }
  void operator()(const AveragePool& s) {
    if (!active(s.y)) return;
    emit(s.x, [&](TensorId dx) { return AveragePoolBackward{gradients_.at(s.y), dx, s.window}; });
  }
  void operator()(const Drop& s) {
    if (!active(s.y)) return;
    emit(s.x, [&](TensorId dx) { return DropBackward{gradients_.at(s.y), dx, s.slot}; });
  }
  void operator()(const ParametricRelu& s) {
    if (!active(s.y)) return;
    emit(s.x, [&](TensorId dx) {
      return ParametricReluBackward{
          s.x, s.alpha, gradients_.at(s.y), dx, weight_gradient(s.alpha), s.sample};
    });
  }
  void operator()(const SoftmaxRows& s) {
    if (!active(s.y)) return;
    emit(s.x, [&](TensorId dx) {
      return SoftmaxRowsBackward{s.y, gradients_.at(s.y), dx, s.rows, s.channels, s.log};
    });
  }
  void operator()(const Normalize& s) {
    if (!active(s.y)) return;
    emit(s.x, [&](TensorId dx) {
      return NormalizeBackward{s.x,
                               s.gamma,
                               s.mean,
                               s.inverse_deviation,
                               gradients_.at(s.y),
                               dx,
                               weight_gradient(s.gamma),
                               weight_gradient(s.beta),
                               s.rows,
                               s.channels};
    });
  }
  void operator()(const Sum& s) {
    if (!active(s.y)) return;
    for (const TensorId x : {s.a, s.b}) {
      if (needs(x)) contribute(x, gradients_.at(s.y));
    }
  }
  // Backward steps are not in the forward list.
  template <class Other>
  void operator()(const Other&) {}

 private:
  Tensor& tensor(TensorId id) { return draft_.tensors[static_cast<std::size_t>(id)]; }
  bool needs(TensorId id) const { return needs_[static_cast<std::size_t>(id)]; }

  /// Whether a gradient arrives at a tensor and is of use there.
  bool active(TensorId y) const { return needs(y) && gradients_.contains(y); }

  TensorId weight_gradient(TensorId weight) const {
    return weight == kNone ? kNone : draft_.gradient_of_weight[static_cast<std::size_t>(weight)];
  }

  void find_needs(const std::vector<Step>& forward) {
    needs_.assign(draft_.tensors.size(), false);
    for (std::size_t i = 0; i < draft_.gradient_of_weight.size(); ++i) {
      needs_[i] = draft_.gradient_of_weight[i] != kNone;
    }
    for (const Step& step : forward) {
      bool any = false;
      for_each_tensor(step, [&](TensorId id, Use use) { any |= use != Use::write && needs(id); });
      for_each_tensor(step, [&](TensorId id, Use use) {
        if (use == Use::write && any) needs_[static_cast<std::size_t>(id)] = true;
      });
    }
  }

  /// Adds a backward step that writes the gradient of x, where x wants one.
  template <class MakeStep>
  void emit(TensorId x, MakeStep make_step) {
    const TensorId dx =
        needs(x) ? draft_.add_tensor("d " + tensor(x).name, tensor(x).shape) : kNone;
    draft_.steps.emplace_back(make_step(dx));
    if (dx != kNone) contribute(x, dx);
  }

  /// A tensor that several steps read gets the sum of their gradients.
  void contribute(TensorId x, TensorId dx) {
    const auto [place, first] = gradients_.try_emplace(x, dx);
    if (first) return;
    const TensorId sum = draft_.add_tensor("d " + tensor(x).name, tensor(x).shape);
    draft_.steps.emplace_back(Sum{place->second, dx, sum});
    place->second = sum;
  }

  /// Behind a convolution whose output nothing else reads, the pooled gradient goes straight into
  /// the convolution's backward step: three of four positions (of a 2x2 window) are known to be
  /// zero.
  void pool_backward(TensorId x, TensorId dy, TensorId index, const Window& pool) {
    const auto* convolution = producer_ == nullptr ? nullptr : std::get_if<Convolution>(producer_);
    const bool tiled = pool.strides == pool.size;
    if (convolution != nullptr && convolution->y == x && readers(x) == 1 && tiled) {
      const Convolution& c = *convolution;
      emit(c.x, [&](TensorId dx) {
        return PooledConvolutionBackward{
            c.x, c.w, dy, index, dx, weight_gradient(c.w), weight_gradient(c.b), c.window, pool};
      });
    } else {
      emit(x, [&](TensorId dx) { return MaxPoolBackward{dy, index, dx, pool}; });
    }
  }

  int readers(TensorId id) const {
    int count = 0;
    for (const Step& step : draft_.steps) {
      for_each_tensor(step,
                      [&](TensorId other, Use use) { count += use != Use::write && other == id; });
    }
    return count;
  }

  Draft& draft_;
  const Step* producer_ = nullptr;  ///< the forward step before the one at hand
  std::vector<bool> needs_;         ///< by tensor: its value depends on a trainable weight
  std::map<TensorId, TensorId> gradients_;
};

}  // namespace

void add_backward(Draft& draft) {
  Backward(draft).run();
}

}  // namespace saltus::plan
