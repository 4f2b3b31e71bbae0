#include "formula/listed.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <saltus/activation.h>

#include "core/text.h"

namespace saltus::formula {
namespace {

constexpr ListedFormula kListed[] = {
    {"sigmoid", "1 / (1 + exp(-x))"},
    {"log_sigmoid", "-log(1 + exp(-x))"},
    {"hard_sigmoid", "min(max(x + 3, 0), 6) / 6"},
    {"classic_hard_sigmoid", "min(max(alpha * x + beta, 0), 1)"},
    {"sparse_sigmoid", "min(max((x + 1) / 2, 0), 1)"},
    {"aria2", "(1 + exp(-beta * x))^(-alpha)"},
    {"laplace", "(1 + erf((x - mu) / (sigma * sqrt(2)))) / 2"},
    {"cloglog", "1 - exp(-exp(x))"},
    {"gaussian", "exp(-x^2)"},
    {"soft_clipping", "log((1 + exp(alpha * x)) / (1 + exp(alpha * (x - 1)))) / alpha"},
    {"tanh", "tanh(x)"},
    {"hard_tanh", "min(max(x, low), high)"},
    {"softsign", "x / (1 + abs(x))"},
    {"arctan", "atan(x)"},
    {"lecun_tanh", "1.7159 * tanh(2 * x / 3)"},
    {"weighted_tanh", "tanh(w * x)"},
    {"penalized_tanh", "where(x > 0, tanh(x), a * tanh(x))"},
    {"half_tanh", "tanh(x / 2)"},
    {"isru", "x / sqrt(1 + alpha * x^2)"},
    {"sqnl", "where(abs(x) < 2, x - sign(x) * x^2 / 4, sign(x))"},
    {"erf", "erf(x)"},
    {"derf", "erf(alpha * x + s)"},
    {"linear", "x"},
    {"relu", "max(x, 0)"},
    {"relu6", "min(max(x, 0), 6)"},
    {"threshold", "where(x > theta, x, value)"},
    {"leaky_relu", "where(x > 0, x, alpha * x)"},
    {"squared_relu", "max(x, 0)^2"},
    {"star_relu", "scale * max(x, 0)^2 + bias"},
    {"srelu",
     "where(x >= high, high + right * (x - high), where(x <= low, low + left * (x - low), x))"},
    {"abs", "abs(x)"},
    {"sine_relu", "where(x > 0, x, epsilon * (sin(x) - cos(x)))"},
    {"ramp", "where(x > 0, 1.1 * x, 0.1 * x)"},
    {"plse", "where(x <= -4, 0.01 * (x + 4), where(x >= 4, 1 + 0.01 * (x - 4), x / 8 + 1 / 2))"},
    {"leaky_hard_tanh", "where(x <= 0, 0.001 * x, where(x >= 1, 1 + 0.001 * (x - 1), x))"},
    {"stair", "floor(x / 2) + where(floor(x) - 2 * floor(floor(x) / 2) == 1, x - floor(x), 0)"},
    {"soft_shrink", "sign(x) * max(abs(x) - lambda, 0)"},
    {"hard_shrink", "where(abs(x) > lambda, x, 0)"},
    {"tanh_shrink", "x - tanh(x)"},
    {"elu", "where(x > 0, x, alpha * (exp(x) - 1))"},
    {"celu", "where(x > 0, x, alpha * (exp(x / alpha) - 1))"},
    {"selu",
     "where(x > 0, 1.0507009873554805 * x, 1.0507009873554805 * 1.6732632423543772 * (exp(x) - "
     "1))"},
    {"pelu", "where(x > 0, a / b * x, a * (exp(x / b) - 1))"},
    {"xielu", "where(x > 0, alpha_p * x^2 + beta * x, alpha_n * (exp(x) - 1 - x) + beta * x)"},
    {"isrlu", "where(x > 0, x, x / sqrt(1 + alpha * x^2))"},
    {"exponential", "exp(x)"},
    {"softplus", "log(1 + exp(beta * x)) / beta"},
    {"squareplus", "(x + sqrt(x^2 + b)) / 2"},
    {"sparse_plus", "where(x <= -1, 0, where(x >= 1, x, (x + 1)^2 / 4))"},
    {"soft_exponential", "(exp(alpha * x) - 1) / alpha + alpha"},
    {"bent_identity", "(sqrt(x^2 + 1) - 1) / 2 + x"},
    {"log_modulus", "sign(x) * log(1 + abs(x))"},
    {"asinh", "asinh(x)"},
    {"silu", "x / (1 + exp(-x))"},
    {"swish", "x / (1 + exp(-beta * x))"},
    {"e_swish", "beta * x / (1 + exp(-x))"},
    {"golu", "alpha * x * exp(-beta * exp(-gamma * x))"},
    {"quick_gelu", "x / (1 + exp(-1.702 * x))"},
    {"gelu", "x * (1 + erf(x / sqrt(2))) / 2"},
    {"gelu_tanh", "x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))) / 2"},
    {"dsilu", "sigmoid(x) * (1 + x * (1 - sigmoid(x)))"},
    {"ftswish", "where(x > 0, x * sigmoid(x) + t, t)"},
    {"acon_c", "(p1 - p2) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x"},
    {"elish", "where(x >= 0, x * sigmoid(x), (exp(x) - 1) * sigmoid(x))"},
    {"hard_elish", "where(x >= 0, x, exp(x) - 1) * min(max((x + 1) / 2, 0), 1)"},
    {"soft_root_sign", "x / (x / alpha + exp(-x / beta))"},
    {"gcu", "x * cos(x)"},
    {"sine", "sin(omega * x)"},
    {"cosine", "cos(omega * x)"},
    {"sinc", "where(x == 0, 1, sin(x) / x)"},
    {"snake", "x + sin(a * x)^2 / a"},
    {"gelu_sine", "gelu(x) + 0.1 * sin(x)"},
    {"gelu_sinc", "gelu(x) * (1 + where(x == 0, 1 / 2, sin(pi * x) / (2 * pi * x)))"},
    {"hard_silu", "x * min(max(x + 3, 0), 6) / 6"},
    {"hard_mish", "x * min(2, max(0, x + 2)) / 2"},
    {"mish", "x * tanh(log(1 + exp(x)))"},
    {"tanhexp", "x * tanh(exp(x))"},
    {"lisht", "x * tanh(x)"},
    {"phish", "x * tanh(gelu(x))"},
    {"logish", "x * log(1 + sigmoid(x))"},
    {"smish", "x * tanh(log(1 + sigmoid(x)))"},
    {"serf", "x * erf(log(1 + exp(x)))"},
};

const ActivationInfo& info_of(int id) {
  return activation_list()[static_cast<std::size_t>(id)];
}

int id_of(std::string_view name) {
  const auto& list = activation_list();
  return static_cast<int>(std::ranges::find(list, name, &ActivationInfo::name) - list.begin());
}

kernels::ActivationRef with_defaults(int id) {
  return formula::with_defaults(id, info_of(id));
}

/// Formulas of the list call activations of it with their defaults alone.
Id call_listed(Graph& graph, std::string_view name,
               std::span<const std::pair<std::string_view, float>>, Id operand) {
  return graph.listed(with_defaults(id_of(name)), operand);
}

struct Known {
  int id;
  Definition definition;
};

const std::vector<Known>& known_definitions() {
  static const auto all = [] {
    std::vector<Known> result;
    for (const auto& [name, formula] : kListed) {
      const int id = id_of(name);
      std::string text(formula);
      for (const kernels::Parameter& parameter : info_of(id).parameters)
        text += fmt::format("; {} = {}", parameter.name, parameter.default_value);
      result.push_back({id, read_definition(text, call_listed)});
    }
    return result;
  }();
  return all;
}

const Definition* definition_of(int id) {
  const auto known = std::ranges::find(known_definitions(), id, &Known::id);
  return known != known_definitions().end() ? &known->definition : nullptr;
}

std::size_t place_in_list(int id, std::string_view parameter) {
  const auto& all = info_of(id).parameters;
  const auto found = std::ranges::find(all, parameter, &kernels::Parameter::name);
  return static_cast<std::size_t>(found - all.begin());
}

/// Takes a definition up, with `variable` for x and parameters(i) for each parameter, and the
/// activations that it calls written out.
Id expand(Graph& graph, const Definition& definition, Id variable,
          const std::function<Id(int place)>& parameters) {
  const Graph& from = definition.graph;
  std::map<Id, Id> taken;
  const std::array<Id, 1> roots = {definition.root};
  for (const Id id : from.needed(roots)) {
    const Node& node = from[id];
    const Definition* called = nullptr;
    if (node.kind == Kind::listed)
      called = definition_of(from.listed()[static_cast<std::size_t>(node.code)].id);
    if (node.kind == Kind::variable) {
      taken[id] = variable;
    } else if (node.kind == Kind::parameter) {
      taken[id] = parameters(node.code);
    } else if (called != nullptr) {
      const kernels::ActivationRef& f = from.listed()[static_cast<std::size_t>(node.code)];
      taken[id] = expand(graph, *called, taken.at(node.operands[0]), [&](int place) {
        const std::string& name = called->parameters[static_cast<std::size_t>(place)].name;
        return graph.constant(shortest(f.parameters[place_in_list(f.id, name)]));
      });
    } else {
      graph.take(from, id, taken);
    }
  }
  return taken.at(definition.root);
}

}  // namespace

kernels::ActivationRef with_defaults(int id, const kernels::Traits& info) {
  kernels::ActivationRef ref{id, {}};
  std::ranges::transform(info.parameters, ref.parameters, &kernels::Parameter::default_value);
  return ref;
}

std::string label_of(const kernels::ActivationRef& f, const EachLearned& learned,
                     const kernels::Traits& info) {
  std::string text(info.name);
  for (std::size_t i = 0; i < info.parameters.size(); ++i) {
    std::string value;
    if (f.parameters[i] != info.parameters[i].default_value)
      value = fmt::format("{}", f.parameters[i]);
    value += text_of(learned[i]);
    if (value.empty()) continue;
    text += fmt::format(":{}={}", info.parameters[i].name,
                        std::string_view(value).substr(value[0] == ' '));
  }
  return text;
}

std::span<const ListedFormula> listed_formulas() {
  return kListed;
}

Expanded expanded(const Definition& definition) {
  Expanded result;
  Graph& graph = result.graph;
  result.root = expand(graph, definition, graph.variable(),
                       [&](int place) { return graph.parameter(place); });
  return result;
}

bool has_closed_form(int id) {
  return definition_of(id) != nullptr;
}

Expanded expanded(int id) {
  const Definition& definition = *definition_of(id);
  Expanded result;
  Graph& graph = result.graph;
  result.root = expand(graph, definition, graph.variable(), [&](int place) {
    const std::string& name = definition.parameters[static_cast<std::size_t>(place)].name;
    return graph.parameter(static_cast<int>(place_in_list(id, name)));
  });
  return result;
}

std::optional<kernels::ActivationRef> Twin::with(const ParameterValues& values) const {
  kernels::ActivationRef ref = with_defaults(id);
  bool is_legal = true;
  const auto& known = info_of(id).parameters;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (parameters[i] < 0) continue;
    ref.parameters[i] = values[static_cast<std::size_t>(parameters[i])];
    is_legal = is_legal && ref.parameters[i] >= known[i].low && ref.parameters[i] <= known[i].high;
  }
  return is_legal ? std::optional(ref) : std::nullopt;
}

std::optional<Twin> find_twin(const Definition& definition) {
  Expanded formula = expanded(definition);
  Graph& graph = formula.graph;
  for (const Known& known : known_definitions()) {
    const int id = known.id;
    const Definition& listed = known.definition;
    const bool has_parameters = !definition.parameters.empty();
    if (has_parameters && definition.parameters.size() != listed.parameters.size()) continue;
    const kernels::ActivationRef usual = with_defaults(id);
    Twin twin{.id = id};
    const Id root = expand(graph, listed, graph.variable(), [&](int place) {
      const std::string& name = listed.parameters[static_cast<std::size_t>(place)].name;
      const std::size_t in_list = place_in_list(id, name);
      if (!has_parameters) return graph.constant(shortest(usual.parameters[in_list]));
      twin.parameters[in_list] = place;
      return graph.parameter(place);
    });
    if (root == formula.root) return twin;
  }
  return std::nullopt;
}

}  // namespace saltus::formula
