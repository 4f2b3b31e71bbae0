#include "textbook.h"

#include <algorithm>
#include <map>
#include <string>

namespace saltus::test {
namespace {

using Parameters = std::span<const float>;
using Formula = Real (*)(const Real& x, Parameters p);

const Real kPi = boost::multiprecision::acos(Real(-1));

Real sigmoid(const Real& x) {
  return 1 / (1 + exp(-x));
}
Real softplus(const Real& x) {
  return x > 0 ? x + log(1 + exp(-x)) : log(1 + exp(x));
}
Real clip(const Real& x, const Real& low, const Real& high) {
  return x < low ? low : (x > high ? high : x);
}
Real gelu(const Real& x) {
  return x / 2 * (1 + erf(x / sqrt(Real(2))));
}
Real elu(const Real& x, const Real& alpha) {
  return x > 0 ? x : alpha * (exp(x) - 1);
}

// Numbers that the formulas fix are decimal there; strings keep them so.
Real decimal(const char* digits) {
  return Real(digits);
}

Real stair(const Real& x) {
  const Real n = floor(x);
  const Real half = floor(n / 2);
  return half + (half * 2 == n ? Real(0) : x - n);
}

Real sinc(const Real& x) {
  return x == 0 ? Real(1) : sin(x) / x;
}

Real xielu(const Real& x, Parameters p) {
  return p[2] * x + (x > 0 ? p[0] * x * x : p[1] * (exp(x) - 1 - x));
}

Real soft_root_sign(const Real& x, Parameters p) {
  return x / (x / p[0] + exp(-x / p[1]));
}

Real srelu(const Real& x, Parameters p) {
  if (x >= p[2]) return p[2] + p[3] * (x - p[2]);
  return x <= p[0] ? p[0] + p[1] * (x - p[0]) : x;
}

const std::map<std::string, Formula, std::less<>> kFormulas = {
    {"sigmoid", [](const Real& x, Parameters) { return sigmoid(x); }},
    {"log_sigmoid", [](const Real& x, Parameters) -> Real { return -softplus(-x); }},
    {"hard_sigmoid", [](const Real& x, Parameters) -> Real { return clip(x + 3, 0, 6) / 6; }},
    {"classic_hard_sigmoid",
     [](const Real& x, Parameters p) { return clip(p[0] * x + p[1], 0, 1); }},
    {"sparse_sigmoid", [](const Real& x, Parameters) { return clip((x + 1) / 2, 0, 1); }},
    {"aria2",
     [](const Real& x, Parameters p) -> Real { return pow(1 + exp(-p[1] * x), -Real(p[0])); }},
    {"laplace",
     [](const Real& x, Parameters p) -> Real {
       return (1 + erf((x - p[0]) / (p[1] * sqrt(Real(2))))) / 2;
     }},
    {"cloglog", [](const Real& x, Parameters) -> Real { return 1 - exp(-exp(x)); }},
    {"gaussian", [](const Real& x, Parameters) -> Real { return exp(-x * x); }},
    {"soft_clipping",
     [](const Real& x, Parameters p) -> Real {
       return (softplus(p[0] * x) - softplus(p[0] * (x - 1))) / p[0];
     }},
    {"binary_step", [](const Real& x, Parameters) -> Real { return x > 0 ? 1 : 0; }},

    {"tanh", [](const Real& x, Parameters) -> Real { return tanh(x); }},
    {"hard_tanh",
     [](const Real& x, Parameters p) -> Real {
       return std::min<Real>(std::max<Real>(x, p[0]), p[1]);
     }},
    {"softsign", [](const Real& x, Parameters) -> Real { return x / (1 + abs(x)); }},
    {"arctan", [](const Real& x, Parameters) -> Real { return atan(x); }},
    {"lecun_tanh",
     [](const Real& x, Parameters) -> Real { return decimal("1.7159") * tanh(2 * x / 3); }},
    {"weighted_tanh", [](const Real& x, Parameters p) -> Real { return tanh(p[0] * x); }},
    {"penalized_tanh",
     [](const Real& x, Parameters p) -> Real { return x > 0 ? tanh(x) : p[0] * tanh(x); }},
    {"half_tanh", [](const Real& x, Parameters) -> Real { return 2 * sigmoid(x) - 1; }},
    {"isru", [](const Real& x, Parameters p) -> Real { return x / sqrt(1 + p[0] * x * x); }},
    {"sqnl",
     [](const Real& x, Parameters) -> Real {
       if (abs(x) >= 2) return x > 0 ? 1 : -1;
       return x > 0 ? x - x * x / 4 : x + x * x / 4;
     }},
    {"erf", [](const Real& x, Parameters) -> Real { return erf(x); }},
    {"derf", [](const Real& x, Parameters p) -> Real { return erf(p[0] * x + p[1]); }},

    {"linear", [](const Real& x, Parameters) { return x; }},
    {"relu", [](const Real& x, Parameters) -> Real { return x > 0 ? x : 0; }},
    {"relu6", [](const Real& x, Parameters) { return clip(x, 0, 6); }},
    {"threshold", [](const Real& x, Parameters p) -> Real { return x > p[0] ? x : Real(p[1]); }},
    {"leaky_relu", [](const Real& x, Parameters p) -> Real { return x > 0 ? x : p[0] * x; }},
    {"squared_relu", [](const Real& x, Parameters) -> Real { return x > 0 ? x * x : Real(0); }},
    {"star_relu",
     [](const Real& x, Parameters p) -> Real { return (x > 0 ? p[0] * x * x : Real(0)) + p[1]; }},
    {"srelu", srelu},
    {"abs", [](const Real& x, Parameters) -> Real { return abs(x); }},
    {"sine_relu",
     [](const Real& x, Parameters p) -> Real { return x > 0 ? x : p[0] * (sin(x) - cos(x)); }},
    {"ramp", [](const Real& x, Parameters) -> Real { return (x > 0 ? x : Real(0)) + x / 10; }},
    {"plse",
     [](const Real& x, Parameters) -> Real {
       if (x < -4) return (x + 4) / 100;
       return x > 4 ? (x - 4) / 100 + 1 : x / 8 + Real(1) / 2;
     }},
    {"leaky_hard_tanh",
     [](const Real& x, Parameters) -> Real {
       if (x < 0) return x / 1000;
       return x > 1 ? (x - 1) / 1000 + 1 : x;
     }},
    {"stair", [](const Real& x, Parameters) { return stair(x); }},

    {"elu", [](const Real& x, Parameters p) { return elu(x, p[0]); }},
    {"celu",
     [](const Real& x, Parameters p) -> Real { return x > 0 ? x : p[0] * (exp(x / p[0]) - 1); }},
    {"selu",
     [](const Real& x, Parameters) -> Real {
       return decimal("1.0507009873554804934193349852946") *
              elu(x, decimal("1.6732632423543772848170429916717"));
     }},
    {"pelu",
     [](const Real& x, Parameters p) -> Real {
       return x > 0 ? Real(p[0]) / p[1] * x : p[0] * (exp(x / p[1]) - 1);
     }},
    {"xielu", xielu},
    {"isrlu",
     [](const Real& x, Parameters p) -> Real { return x > 0 ? x : x / sqrt(1 + p[0] * x * x); }},
    {"exponential", [](const Real& x, Parameters) -> Real { return exp(x); }},
    {"softplus", [](const Real& x, Parameters p) -> Real { return softplus(p[0] * x) / p[0]; }},
    {"squareplus",
     [](const Real& x, Parameters p) -> Real { return (x + sqrt(x * x + p[0])) / 2; }},
    {"sparse_plus",
     [](const Real& x, Parameters) -> Real {
       if (x <= -1) return 0;
       return x < 1 ? (x + 1) * (x + 1) / 4 : x;
     }},
    {"soft_exponential",
     [](const Real& x, Parameters p) -> Real { return (exp(p[0] * x) - 1) / p[0] + p[0]; }},
    {"bent_identity",
     [](const Real& x, Parameters) -> Real { return (sqrt(x * x + 1) - 1) / 2 + x; }},
    {"log_modulus",
     [](const Real& x, Parameters) -> Real { return x > 0 ? log(1 + x) : -log(1 - x); }},
    {"asinh", [](const Real& x, Parameters) -> Real { return log(x + sqrt(x * x + 1)); }},

    {"silu", [](const Real& x, Parameters) -> Real { return x * sigmoid(x); }},
    {"swish", [](const Real& x, Parameters p) -> Real { return x * sigmoid(p[0] * x); }},
    {"e_swish", [](const Real& x, Parameters p) -> Real { return p[0] * x * sigmoid(x); }},
    {"golu",
     [](const Real& x, Parameters p) -> Real { return p[0] * x * exp(-p[1] * exp(-p[2] * x)); }},
    {"quick_gelu",
     [](const Real& x, Parameters) -> Real { return x * sigmoid(decimal("1.702") * x); }},
    {"gelu", [](const Real& x, Parameters) { return gelu(x); }},
    {"gelu_tanh",
     [](const Real& x, Parameters) -> Real {
       return x / 2 * (1 + tanh(sqrt(2 / kPi) * (x + decimal("0.044715") * x * x * x)));
     }},
    {"dsilu",
     [](const Real& x, Parameters) -> Real { return sigmoid(x) * (1 + x * (1 - sigmoid(x))); }},
    {"ftswish",
     [](const Real& x, Parameters p) -> Real { return (x > 0 ? x * sigmoid(x) : Real(0)) + p[0]; }},
    {"acon_c",
     [](const Real& x, Parameters p) -> Real {
       const Real d = Real(p[0]) - p[1];
       return d * x * sigmoid(p[2] * d * x) + p[1] * x;
     }},
    {"elish",
     [](const Real& x, Parameters) -> Real { return (x < 0 ? exp(x) - 1 : x) * sigmoid(x); }},
    {"hard_elish",
     [](const Real& x, Parameters) -> Real {
       return (x < 0 ? exp(x) - 1 : x) * clip((x + 1) / 2, 0, 1);
     }},
    {"soft_root_sign", soft_root_sign},
    {"gcu", [](const Real& x, Parameters) -> Real { return x * cos(x); }},

    {"hard_silu", [](const Real& x, Parameters) -> Real { return x * clip(x + 3, 0, 6) / 6; }},
    {"hard_mish", [](const Real& x, Parameters) -> Real { return x * clip(x + 2, 0, 2) / 2; }},
    {"mish", [](const Real& x, Parameters) -> Real { return x * tanh(softplus(x)); }},
    {"tanhexp", [](const Real& x, Parameters) -> Real { return x * tanh(exp(x)); }},
    {"lisht", [](const Real& x, Parameters) -> Real { return x * tanh(x); }},
    {"phish", [](const Real& x, Parameters) -> Real { return x * tanh(gelu(x)); }},
    {"logish", [](const Real& x, Parameters) -> Real { return x * log(1 + sigmoid(x)); }},
    {"smish", [](const Real& x, Parameters) -> Real { return x * tanh(log(1 + sigmoid(x))); }},
    {"serf", [](const Real& x, Parameters) -> Real { return x * erf(softplus(x)); }},

    {"sine", [](const Real& x, Parameters p) -> Real { return sin(p[0] * x); }},
    {"cosine", [](const Real& x, Parameters p) -> Real { return cos(p[0] * x); }},
    {"sinc", [](const Real& x, Parameters) { return sinc(x); }},
    {"snake",
     [](const Real& x, Parameters p) -> Real {
       const Real s = sin(p[0] * x);
       return x + s * s / p[0];
     }},

    {"gelu_sine", [](const Real& x, Parameters) -> Real { return gelu(x) + sin(x) / 10; }},
    {"gelu_sinc", [](const Real& x, Parameters) -> Real { return gelu(x) * (1 + sinc(kPi * x) / 2); }},

    {"soft_shrink",
     [](const Real& x, Parameters p) -> Real {
       if (x > p[0]) return x - p[0];
       return x < -p[0] ? x + p[0] : Real(0);
     }},
    {"hard_shrink",
     [](const Real& x, Parameters p) -> Real { return abs(x) > p[0] ? x : Real(0); }},
    {"tanh_shrink", [](const Real& x, Parameters) -> Real { return x - tanh(x); }},
};

}  // namespace

Real textbook(std::string_view name, const Real& x, std::span<const float> parameters) {
  const auto found = kFormulas.find(name);
  if (found == kFormulas.end())
    throw std::out_of_range("no textbook formula: " + std::string(name));
  return found->second(x, parameters);
}

Real textbook_slope(std::string_view name, const Real& x, std::span<const float> parameters) {
  static const Real kStep("1e-70");
  const Real h = x == 0 ? kStep : abs(x) * kStep;
  return (textbook(name, x + h, parameters) - textbook(name, x - h, parameters)) / (2 * h);
}

}  // namespace saltus::test
