#include "store/onnx_activations.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/kernels/activations.h>

#include "core/text.h"
#include "graph/custom_activation.h"
#include "store/onnx_formula.h"
#include "store/onnx_math.h"

namespace saltus::store {
namespace {

using X = const Expression&;

Expression gelu(X x) {
  return 0.5 * x * (1 + erf(std::numbers::sqrt2 / 2 * x));
}

/// (1 + exp(alpha x)) / (1 + exp(alpha (x - 1))) is 1 + (exp(alpha) - 1) sigmoid(alpha (x - 1)); by
/// exp, as far left runtimes' sigmoid has no digits.
Expression soft_clipping(X x, double alpha) {
  const Expression z = alpha * (x - 1);
  const Expression gate = exp(min(z, 0)) / (1 + exp(-abs(z)));
  return min(log1p(std::expm1(alpha) * gate) / alpha, 1);
}

Expression dsilu(X x) {
  const Expression gate = sigmoid(x);
  return gate * (1 + x * (1 - gate));
}

/// Below 0, where the sum cancels, by the reciprocal.
Expression squareplus(X x, double b) {
  const Expression upper = 0.5 * (abs(x) + sqrt(square(x) + b));
  return where(x > 0, upper, 0.25 * b / upper);
}

/// The difference is taken so that it rounds once.
Expression stair(X x) {
  const Expression n = floor(x);
  const Expression half = floor(0.5 * n);
  return where(half + half == n, half, x - (half + 1));
}

Expression sinc(X x) {
  const Expression y = where(x == 0, 1e-20, x);
  return sin(y) / y;
}

Expression xielu(X x, double alpha_p, double alpha_n, double beta) {
  const Expression below = min(x, 0);
  return alpha_p * square(relu(x)) + alpha_n * (expm1(below) - below) + beta * x;
}

struct Formula {
  std::string_view name;
  Expression (*function)(X x, const float* p);  ///< p: the parameters in the list's order
};

/// Every activation of the list.
constexpr Formula kFormulas[] = {
    {"sigmoid", [](X x, auto) { return sigmoid(x); }},
    {"log_sigmoid", [](X x, auto) { return -softplus(-x); }},
    {"hard_sigmoid", [](X x, auto) { return hard_sigmoid(x, 1.0 / 6, 0.5); }},
    {"classic_hard_sigmoid", [](X x, auto p) { return hard_sigmoid(x, p[0], p[1]); }},
    {"sparse_sigmoid", [](X x, auto) { return hard_sigmoid(x, 0.5, 0.5); }},
    {"aria2", [](X x, auto p) { return exp(-p[0] * softplus(-p[1] * x)); }},
    {"laplace",
     [](X x, auto p) { return 0.5 * (1 + erf((x - p[0]) / (p[1] * std::numbers::sqrt2))); }},
    {"cloglog", [](X x, auto) { return 1 - exp(-exp(x)); }},
    {"gaussian", [](X x, auto) { return exp(-square(x)); }},
    {"soft_clipping", [](X x, auto p) { return soft_clipping(x, p[0]); }},
    {"binary_step", [](X x, auto) { return where(x > 0, 1, 0); }},

    {"tanh", [](X x, auto) { return tanh(x); }},
    {"hard_tanh", [](X x, auto p) { return clip(x, p[0], p[1]); }},
    {"softsign", [](X x, auto) { return apply("Softsign", {x}); }},
    {"arctan", [](X x, auto) { return atan(x); }},
    {"lecun_tanh", [](X x, auto) { return 1.7159 * tanh(2.0 / 3 * x); }},
    {"weighted_tanh", [](X x, auto p) { return tanh(p[0] * x); }},
    {"penalized_tanh", [](X x, auto p) { return leaky_relu(tanh(x), p[0]); }},
    {"half_tanh", [](X x, auto) { return tanh(0.5 * x); }},
    {"isru", [](X x, auto p) { return x / sqrt(1 + p[0] * square(x)); }},
    {"sqnl",
     [](X x, auto) {
       const Expression y = clip(x, -2, 2);
       return y * (1 - 0.25 * abs(y));
     }},
    {"erf", [](X x, auto) { return erf(x); }},
    {"derf", [](X x, auto p) { return erf(p[0] * x + p[1]); }},

    {"linear", [](X x, auto) { return x; }},
    {"relu", [](X x, auto) { return relu(x); }},
    {"relu6", [](X x, auto) { return clip(x, 0, 6); }},
    {"threshold",
     [](X x, auto p) {
       return p[1] == 0 ? apply("ThresholdedRelu", {x}, {{"alpha", p[0]}})
                        : where(x <= p[0], p[1], x);
     }},
    {"leaky_relu", [](X x, auto p) { return leaky_relu(x, p[0]); }},
    {"squared_relu", [](X x, auto) { return square(relu(x)); }},
    {"star_relu", [](X x, auto p) { return p[0] * square(relu(x)) + p[1]; }},
    {"srelu",
     [](X x, auto p) {
       const Expression below = p[0] + p[1] * (x - p[0]);
       const Expression above = p[2] + p[3] * (x - p[2]);
       return where(x >= p[2], above, where(x <= p[0], below, x));
     }},
    {"abs", [](X x, auto) { return abs(x); }},
    {"sine_relu", [](X x, auto p) { return where(x > 0, x, p[0] * (sin(x) - cos(x))); }},
    {"ramp", [](X x, auto) { return max(1.1 * x, 0.1 * x); }},
    {"plse",
     [](X x, auto) {
       const Expression above = 1 + 0.01 * (x - 4);
       return where(x >= 4, above, where(x <= -4, 0.01 * (x + 4), 0.125 * x + 0.5));
     }},
    {"leaky_hard_tanh",
     [](X x, auto) { return where(x >= 1, 1 + 0.001 * (x - 1), max(x, 0.001 * x)); }},
    {"stair", [](X x, auto) { return stair(x); }},

    {"elu", [](X x, auto p) { return elu(x, p[0]); }},
    {"celu",
     [](X x, auto p) {
       return apply("Celu", {x}, {{"alpha", p[0]}});
     }},
    {"selu",
     [](X x, auto) {
       return apply("Selu", {x},
                    {{"alpha", static_cast<float>(kernels::Selu::kAlpha)},
                     {"gamma", static_cast<float>(kernels::Selu::kScale)}});
     }},
    {"pelu", [](X x, auto p) { return p[0] / p[1] * relu(x) + p[0] * expm1(min(x, 0) / p[1]); }},
    {"xielu", [](X x, auto p) { return xielu(x, p[0], p[1], p[2]); }},
    {"isrlu", [](X x, auto p) { return where(x > 0, x, x / sqrt(1 + p[0] * square(x))); }},
    {"exponential", [](X x, auto) { return exp(x); }},
    {"softplus", [](X x, auto p) { return p[0] == 1 ? softplus(x) : softplus(p[0] * x) / p[0]; }},
    {"squareplus", [](X x, auto p) { return squareplus(x, p[0]); }},
    {"sparse_plus", [](X x, auto) { return where(x >= 1, x, 0.25 * square(max(x + 1, 0))); }},
    {"soft_exponential", [](X x, auto p) { return expm1(p[0] * x) / p[0] + p[0]; }},
    {"bent_identity", [](X x, auto) { return 0.5 * (sqrt(square(x) + 1) - 1) + x; }},
    {"log_modulus", [](X x, auto) { return sign(x) * log(1 + abs(x)); }},
    {"asinh", [](X x, auto) { return asinh(x); }},

    {"silu", [](X x, auto) { return x * sigmoid(x); }},
    {"swish", [](X x, auto p) { return x * sigmoid(p[0] * x); }},
    {"e_swish", [](X x, auto p) { return p[0] * x * sigmoid(x); }},
    {"golu", [](X x, auto p) { return p[0] * x * exp(-p[1] * exp(-p[2] * x)); }},
    {"quick_gelu", [](X x, auto) { return x * sigmoid(1.702 * x); }},
    {"gelu", [](X x, auto) { return gelu(x); }},
    {"gelu_tanh",
     [](X x, auto) {
       const double scale = std::sqrt(2 / std::numbers::pi);
       return 0.5 * x * (1 + tanh(scale * (x + 0.044715 * x * square(x))));
     }},
    {"dsilu", [](X x, auto) { return dsilu(x); }},
    {"ftswish", [](X x, auto p) { return relu(x) * sigmoid(x) + p[0]; }},
    {"acon_c",
     [](X x, auto p) {
       const Expression y = (p[0] - p[1]) * x;
       return y * sigmoid(p[2] * y) + p[1] * x;
     }},
    {"elish", [](X x, auto) { return elu(x, 1) * sigmoid(x); }},
    {"hard_elish", [](X x, auto) { return elu(x, 1) * hard_sigmoid(x, 0.5, 0.5); }},
    {"soft_root_sign", [](X x, auto p) { return x / (x / p[0] + exp(-x / p[1])); }},
    {"gcu", [](X x, auto) { return x * cos(x); }},

    {"hard_silu", [](X x, auto) { return apply("HardSwish", {x}); }},
    {"hard_mish", [](X x, auto) { return x * hard_sigmoid(x, 0.5, 1); }},
    {"mish", [](X x, auto) { return x * tanh(softplus(x)); }},
    {"tanhexp", [](X x, auto) { return x * tanh(exp(x)); }},
    {"lisht", [](X x, auto) { return x * tanh(x); }},
    {"phish", [](X x, auto) { return x * tanh(gelu(x)); }},
    {"logish", [](X x, auto) { return x * log(1 + sigmoid(x)); }},
    {"smish", [](X x, auto) { return x * tanh(log(1 + sigmoid(x))); }},
    {"serf", [](X x, auto) { return x * erf(softplus(x)); }},

    {"sine", [](X x, auto p) { return sin(p[0] * x); }},
    {"cosine", [](X x, auto p) { return cos(p[0] * x); }},
    {"sinc", [](X x, auto) { return sinc(x); }},
    {"snake", [](X x, auto p) { return x + square(sin(p[0] * x)) / p[0]; }},

    {"gelu_sine", [](X x, auto) { return gelu(x) + 0.1 * sin(x); }},
    {"gelu_sinc", [](X x, auto) { return gelu(x) * (1 + 0.5 * sinc(std::numbers::pi * x)); }},

    {"soft_shrink", [](X x, auto p) { return shrink(x, p[0], p[0]); }},
    {"hard_shrink", [](X x, auto p) { return shrink(x, p[0], 0); }},
    {"tanh_shrink", [](X x, auto) { return x - tanh(x); }},
};

}  // namespace

Expression onnx_listed(const kernels::ActivationRef& f, const Expression& x) {
  const std::string_view name = activation_list()[static_cast<std::size_t>(f.id)].name;
  return std::ranges::find(kFormulas, name, &Formula::name)->function(x, f.parameters);
}

Expression onnx_activation(const Activation& activation, const Expression& x,
                           std::string_view layer) {
  const kernels::ActivationRef ref = runnable(activation.ref());
  if (const formula::Formula* formula = find_formula(ref.id)) {
    std::vector<Expression> parameters;
    for (const float value : values_of(ref)) parameters.emplace_back(shortest(value));
    return onnx_formula(formula->graph(), formula->value(), parameters, x);
  }
  if (is_custom_activation(ref.id)) {
    throw InvalidArgument(
        fmt::format("{}: activation {} is a C++ function, which ONNX cannot hold; choose another "
                    "activation",
                    layer, activation.name()));
  }
  return onnx_listed(ref, x);
}

}  // namespace saltus::store
