// Activations with learned parameters, which a channel may have of its own: a block holds whole
// pixels, or of more channels than it has room for a stretch of them, so that each of its elements
// keeps its channel.
#include "formula/learned.h"

#include "backend/cpu/loops/blocks.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

using kernels::kMaxParameters;

/// Runs a program over all elements, block by block.
class LearnedBlocks {
 public:
  explicit LearnedBlocks(const formula::LearnedRun& run) : run_(run), blocks_(run.program) {
    for (const bool is_by_channel : run.by_channel)
      if (is_by_channel) period_ = run.channels;
  }

  /// Calls visit(x, first, count, c) when the results for elements first to first + count are in
  /// the blocks, where element i of the block has channel(c, i), and finish(c, width) after the
  /// last block of so many elements that begins with channel c.
  template <class Visit, class Finish>
  void run(In x, std::int64_t n, Visit visit, Finish finish) {
    if (period_ <= kFormulaBlock) {
      const std::int64_t width = kFormulaBlock / period_ * period_;
      load(0);
      for (std::int64_t first = 0; first < n; first += width)
        run_block(x, first, smaller(width, n - first), 0, visit);
      finish(std::int64_t{0}, width);
      return;
    }
    for (std::int64_t channel = 0; channel < period_; channel += kFormulaBlock) {
      const std::int64_t width = smaller(kFormulaBlock, period_ - channel);
      load(channel);
      for (std::int64_t first = channel; first < n; first += period_)
        run_block(x, first, width, channel, visit);
      finish(channel, width);
    }
  }

  const float* operator[](int slot) const { return blocks_[slot]; }
  std::int64_t channel(std::int64_t first, std::int64_t i) const { return (first + i) % period_; }

 private:
  void load(std::int64_t channel) {
    blocks_.load([&](const formula::Load& load, float* block) {
      for (std::int64_t i = 0; i < kFormulaBlock; ++i) {
        const int p = load.parameter;
        block[i] = p < 0                ? static_cast<float>(load.value)
                   : run_.by_channel[p] ? run_.parameters[p][(channel + i) % period_]
                                        : run_.parameters[p][0];
      }
    });
  }

  template <class Visit>
  void run_block(In x, std::int64_t first, std::int64_t count, std::int64_t channel, Visit visit) {
    const float* block = nullptr;
    if (x.type == plan::DType::f32) {
      block = static_cast<const float*>(x.data) + first;
    } else {
      const Bf16* halves = static_cast<const Bf16*>(x.data) + first;
      for (std::int64_t i = 0; i < count; ++i) inputs_[i] = to_float(halves[i]);
      block = inputs_;
    }
    blocks_.run(block, count);
    visit(block, first, count, channel);
  }

  const formula::LearnedRun& run_;
  Blocks blocks_;
  std::int64_t period_ = 1;
  float inputs_[kFormulaBlock];
};

void copy(const float* from, float* to, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = from[i];
}

bool has_nan(const float* values, std::int64_t n) {
  unsigned found = 0;
  for (std::int64_t i = 0; i < n; ++i) found |= static_cast<unsigned>(values[i] != values[i]);
  return found != 0;
}

/// The derivatives of a block.
struct BlockDerivatives {
  float slope[kFormulaBlock];
  float by_parameter[kMaxParameters][kFormulaBlock];

  void take(const LearnedBlocks& blocks, const formula::LearnedRun& run, std::int64_t count) {
    copy(blocks[run.program.slope], slope, count);
    for (std::size_t p = 0; p < kMaxParameters; ++p)
      if (run.is_learned[p]) copy(blocks[run.program.by_parameter[p]], by_parameter[p], count);
  }

  /// Whether any of elements first to end is NaN.
  [[nodiscard]] bool any_nan(const formula::LearnedRun& run, std::int64_t first,
                             std::int64_t end) const {
    bool found = has_nan(slope + first, end - first);
    for (std::size_t p = 0; p < kMaxParameters; ++p)
      found = found || (run.is_learned[p] && has_nan(by_parameter[p] + first, end - first));
    return found;
  }

  void put(const formula::LearnedPoint& point, std::int64_t i) {
    slope[i] = point.slope;
    for (std::size_t p = 0; p < kMaxParameters; ++p) by_parameter[p][i] = point.by_parameter[p];
  }
};

}  // namespace

void activate_learned(const formula::LearnedRun& run, In x, Out y, std::int64_t n) {
  LearnedBlocks blocks(run);
  const auto visit = [&](const float* inputs, std::int64_t first, std::int64_t count,
                         std::int64_t channel) {
    float values[kFormulaBlock];
    copy(blocks[run.program.y], values, count);
    if (has_nan(values, count)) {
      for (std::int64_t i = 0; i < count; ++i)
        if (values[i] != values[i])
          values[i] = formula::learned_point(run, inputs[i], blocks.channel(channel, i)).value;
    }
    with_elements(
        y, [&](auto* to) __attribute__((always_inline)) {
          for (std::int64_t i = 0; i < count; ++i) store(values[i], to[first + i]);
        });
  };
  blocks.run(x, n, visit, [](std::int64_t, std::int64_t) {});
}

void activate_learned_backward(const formula::LearnedRun& run, In x, In dy, Out dx,
                               double* const* sums, std::int64_t n) {
  LearnedBlocks blocks(run);
  BlockDerivatives derivatives;
  double lanes[kMaxParameters][kFormulaBlock] = {};
  const auto visit = [&](const float* inputs, std::int64_t first, std::int64_t count,
                         std::int64_t channel) {
    derivatives.take(blocks, run, count);
    if (derivatives.any_nan(run, 0, count)) {
      for (std::int64_t i = 0; i < count; ++i)
        if (derivatives.any_nan(run, i, i + 1))
          derivatives.put(formula::learned_point(run, inputs[i], blocks.channel(channel, i)), i);
    }
    float upstream[kFormulaBlock];
    with_elements(
        dy, [&](const auto* from) __attribute__((always_inline)) {
          for (std::int64_t i = 0; i < count; ++i) upstream[i] = to_float(from[first + i]);
        });
    if (dx.data != nullptr) {
      with_elements(
          dx, [&](auto* to) __attribute__((always_inline)) {
            for (std::int64_t i = 0; i < count; ++i)
              store(upstream[i] * derivatives.slope[i], to[first + i]);
          });
    }
    for (std::size_t p = 0; p < kMaxParameters; ++p) {
      if (!run.is_learned[p]) continue;
      const float* slopes = derivatives.by_parameter[p];
      for (std::int64_t i = 0; i < count; ++i)
        lanes[p][i] += static_cast<double>(upstream[i] * slopes[i]);
    }
  };
  const auto finish = [&](std::int64_t channel, std::int64_t width) {
    for (std::size_t p = 0; p < kMaxParameters; ++p) {
      if (!run.is_learned[p]) continue;
      for (std::int64_t i = 0; i < width; ++i) {
        sums[p][run.by_channel[p] ? blocks.channel(channel, i) : 0] += lanes[p][i];
        lanes[p][i] = 0;
      }
    }
  };
  blocks.run(x, n, visit, finish);
}

}  // namespace saltus::cpu::SALTUS_ISA
