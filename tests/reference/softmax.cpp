// Softmax and its logarithm, over the last axis.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "reference/formula.h"

namespace saltus::reference {
namespace {

using Row = Values;

/// y = f(x) for each row of the last axis.
template <typename Function>
Batch map_rows(const Batch& x, Function f) {
  Batch y = x;
  const std::int64_t n = x.channels();
  for (auto row = y.values.begin(); row != y.values.end(); row += n) {
    std::ranges::copy(f(Row(row, row + n)), row);
  }
  return y;
}

/// dx = f(y, dy) for each row of the last axis.
template <typename Function>
Batch map_rows(const Batch& y, const Batch& dy, Function f) {
  Batch dx = dy;
  const std::int64_t n = y.channels();
  for (std::int64_t i = 0; i < y.size(); i += n) {
    const auto row = [&](const Batch& b) {
      return Row(b.values.begin() + i, b.values.begin() + i + n);
    };
    std::ranges::copy(f(row(y), row(dy)), dx.values.begin() + i);
  }
  return dx;
}

double sum(const Row& row) {
  return std::accumulate(row.begin(), row.end(), 0.0);
}

}  // namespace

// y_i = exp(x_i) / sum_j exp(x_j); both are divided by exp(max x), lest they overflow
Batch forward(const layers::Softmax&, const Call& call) {
  return map_rows(call.input(), [](Row row) {
    const double largest = std::ranges::max(row);
    for (double& x : row) x = std::exp(x - largest);
    const double total = sum(row);
    for (double& x : row) x /= total;
    return row;
  });
}

// dx_i = y_i (dy_i - sum_j dy_j y_j)
Gradients backward(const layers::Softmax& layer, const Call& call, const Batch& dy) {
  const Batch y = forward(layer, call);
  return {{map_rows(y, dy,
                    [](const Row& p, Row d) {
                      const double inner = std::inner_product(p.begin(), p.end(), d.begin(), 0.0);
                      for (std::int64_t i = 0; i < d.size(); ++i) d[i] = p[i] * (d[i] - inner);
                      return d;
                    })},
          {}};
}

// y_i = x_i - log sum_j exp(x_j)
Batch forward(const layers::LogSoftmax&, const Call& call) {
  return map_rows(call.input(), [](Row row) {
    const double largest = std::ranges::max(row);
    double total = 0;
    for (const double x : row) total += std::exp(x - largest);
    for (double& x : row) x -= largest + std::log(total);
    return row;
  });
}

// dx_i = dy_i - exp(y_i) sum_j dy_j
Gradients backward(const layers::LogSoftmax& layer, const Call& call, const Batch& dy) {
  const Batch y = forward(layer, call);
  return {{map_rows(y, dy,
                    [](const Row& log_p, Row d) {
                      const double total = sum(d);
                      for (std::int64_t i = 0; i < d.size(); ++i)
                        d[i] -= std::exp(log_p[i]) * total;
                      return d;
                    })},
          {}};
}

template struct Formula<layers::Softmax>;
template struct Formula<layers::LogSoftmax>;

}  // namespace saltus::reference
