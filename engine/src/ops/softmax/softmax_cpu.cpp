#include <algorithm>
#include <cmath>

#include "backend/cpu/op.h"
#include "backend/cpu/rows.h"
#include "ops/softmax/softmax.h"

namespace saltus::ops {

using namespace cpu;

namespace {

/// Row by row.
void softmax(In x, Out y, std::int64_t rows, std::int64_t channels, bool log) {
  RowReader reader(x, channels);
  RowWriter writer(y, channels);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto values = reader.row(row);
    const auto results = writer.values();
    const double largest = *std::max_element(values.begin(), values.end());
    double sum = 0;
    for (const float value : values) sum += std::exp(value - largest);
    for (std::size_t j = 0; j < values.size(); ++j) {
      const double shifted = values[j] - largest;
      results[j] = static_cast<float>(log ? shifted - std::log(sum) : std::exp(shifted) / sum);
    }
    writer.write(row);
  }
}

void softmax_backward(In y, In dy, Out dx, std::int64_t rows, std::int64_t channels, bool log) {
  RowReader results(y, channels);
  RowReader upstream(dy, channels);
  RowWriter writer(dx, channels);
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto result = results.row(row);
    const auto gradient = upstream.row(row);
    double sum = 0;
    for (std::size_t j = 0; j < result.size(); ++j) {
      sum += log ? double{gradient[j]} : double{result[j]} * gradient[j];
    }
    for (std::size_t j = 0; j < result.size(); ++j) {
      const double value =
          log ? gradient[j] - std::exp(double{result[j]}) * sum : result[j] * (gradient[j] - sum);
      writer.values()[j] = static_cast<float>(value);
    }
    writer.write(row);
  }
}

}  // namespace

SlicedOpPtr SoftmaxRows::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    softmax(memory.in(s.x, run, slice), memory.out(s.y, run, slice), slice.rows * s.rows,
            s.channels, s.log);
  });
}

SlicedOpPtr SoftmaxRowsBackward::compile(const Compilation& at) const {
  const Memory& memory = at.memory;
  return loop_op([s = *this, &memory](const Run& run, const Slice& slice) {
    softmax_backward(memory.in(s.y, run, slice), memory.in(s.dy, run, slice),
                     memory.out(s.dx, run, slice), slice.rows * s.rows, s.channels, s.log);
  });
}

}  // namespace saltus::ops
