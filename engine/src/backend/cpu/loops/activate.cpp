// Activations by themselves and together with the max-pool behind them.
#include "backend/cpu/loops/evaluate.h"
#include "backend/cpu/loops/taps.h"
#include "graph/custom_activation.h"

namespace saltus::cpu::SALTUS_ISA {

void activate(const kernels::ActivationRef& f, In x, Out y, float* slope, std::int64_t n) {
  if (x.type == plan::DType::f32 && y.type == plan::DType::f32) {
    evaluate(f, static_cast<const float*>(x.data), static_cast<float*>(y.data), slope, n);
    return;
  }
  float block[kBlock];
  with_elements(x, y, [&](const auto* from, auto* to) {
    for (std::int64_t first = 0; first < n; first += kBlock) {
      const std::int64_t count = smaller(kBlock, n - first);
      for (std::int64_t i = 0; i < count; ++i) block[i] = to_float(from[first + i]);
      evaluate(f, block, block, slope == nullptr ? nullptr : slope + first, count);
      for (std::int64_t i = 0; i < count; ++i) store(block[i], to[first + i]);
    }
  });
}

namespace {

/// Values of f, its slope and the place in the window that each comes from, for one Run.
struct Candidates {
  float value[kBlock];
  float slope[kBlock];
  std::int32_t place[kBlock];
};

/// The better of both in a.
void keep_larger(Candidates& a, const Candidates& b, std::int64_t n) {
  SALTUS_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) {
    const bool better = kernels::replaces_maximum(b.value[i], b.place[i], a.value[i], a.place[i]);
    a.value[i] = better ? b.value[i] : a.value[i];
    a.slope[i] = better ? b.slope[i] : a.slope[i];
    a.place[i] = better ? b.place[i] : a.place[i];
  }
}

/// f and where its maximum is, for one Run of pooled elements, from x; `other` is scratch.
template <class T>
void pool_run(const kernels::ActivationRef& f, kernels::Shape shape, bool with_slope, const T* x,
              const plan::Window& window, const Run& run, Candidates& best, Candidates& other) {
  const auto evaluate_at = [&](Candidates& c) {
    evaluate(f, c.value, c.value, with_slope ? c.slope : nullptr, run.elements());
  };
  if (shape == kernels::Shape::monotone) {
    find_largest(x, window, run, best.value, best.place);
    evaluate_at(best);
  } else if (shape == kernels::Shape::one_minimum) {
    find_extremes(x, window, run, best.value, best.place, other.value, other.place);
    evaluate_at(best);
    evaluate_at(other);
    keep_larger(best, other, run.elements());
  } else {
    for (std::int64_t tap = 0; tap < window.size.height * window.size.width; ++tap) {
      Candidates& c = tap == 0 ? best : other;
      gather_tap(x, window, run, tap, c.value, c.place);
      evaluate_at(c);
      if (tap > 0) keep_larger(best, other, run.elements());
    }
  }
}

}  // namespace

void activate_pool(const kernels::ActivationRef& f, In x, Out y, float* slope, std::uint8_t* index,
                   const plan::Window& window, std::int64_t images) {
  const kernels::Shape shape =
      is_custom_activation(f.id) ? custom_activation_shape(f) : kernels::pooled_shape(f);
  Candidates best;
  Candidates other;
  with_elements(x, y, [&](const auto* from, auto* to) {
    for_each_run(window, images, [&](const Run& run) {
      pool_run(f, shape, slope != nullptr, from, window, run, best, other);
      const std::int64_t n = run.elements();
      for (std::int64_t i = 0; i < n; ++i) store(best.value[i], to[run.first + i]);
      if (slope != nullptr)
        for (std::int64_t i = 0; i < n; ++i) slope[run.first + i] = best.slope[i];
      if (index != nullptr)
        for (std::int64_t i = 0; i < n; ++i)
          index[run.first + i] = static_cast<std::uint8_t>(best.place[i]);
    });
  });
}

void max_pool(In x, Out y, std::uint8_t* index, const plan::Window& window, std::int64_t images) {
  float value[kBlock];
  std::int32_t place[kBlock];
  with_elements(x, y, [&](const auto* from, auto* to) {
    for_each_run(window, images, [&](const Run& run) {
      find_largest(from, window, run, value, place);
      const std::int64_t n = run.elements();
      for (std::int64_t i = 0; i < n; ++i) store(value[i], to[run.first + i]);
      if (index != nullptr)
        for (std::int64_t i = 0; i < n; ++i)
          index[run.first + i] = static_cast<std::uint8_t>(place[i]);
    });
  });
}

}  // namespace saltus::cpu::SALTUS_ISA
