// Steps on rows of channels that slices take: softmax, PReLU, batch normalisation by moving
// statistics.
#pragma once

#include "backend/cpu/loops.h"

namespace saltus::cpu {

/// y = softmax(x) or log_softmax(x), row by row.
void softmax_rows(In x, Out y, std::int64_t rows, std::int64_t channels, bool log);

/// dx from y and dy: softmax y (dy - sum y dy), log_softmax dy - exp(y) sum dy.
void softmax_rows_backward(In y, In dy, Out dx, std::int64_t rows, std::int64_t channels, bool log);

/// y = (x - mean) / sqrt(variance + epsilon) gamma + beta, row by row.
void normalize_rows(In x, Out y, const float* mean, const float* variance, const float* gamma,
                    const float* beta, double epsilon, std::int64_t rows, std::int64_t channels);

/// y = max(x, 0) + alpha min(x, 0), a sample a row.
void parametric_relu_rows(In x, const float* alpha, std::span<const std::int64_t> places, Out y,
                          std::int64_t rows);

}  // namespace saltus::cpu
