// saltus activations: the list.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <saltus/activation.h>
#include <saltus/formula.h>

#include "commands.h"
#include "common_options.h"
#include "lists.h"
#include "output.h"
#include "terminal.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

using Json = nlohmann::ordered_json;

std::string_view words(kernels::Shape shape) {
  switch (shape) {
    case kernels::Shape::monotone:
      return "monotone";
    case kernels::Shape::one_minimum:
      return "one minimum";
    case kernels::Shape::other:
    case kernels::Shape::unstated:
      break;
  }
  return "other";
}

std::string_view words(kernels::Saturation saturation) {
  switch (saturation) {
    case kernels::Saturation::left:
      return "left";
    case kernels::Saturation::right:
      return "right";
    case kernels::Saturation::both:
      return "both";
    case kernels::Saturation::none:
    case kernels::Saturation::unstated:
      break;
  }
  return "no";
}

/// A float as the double with the same shortest text: 0.2, not 0.20000000298023224.
double shortest(float value) {
  return parse_number<double>("", fmt::format("{}", value));
}

Json json_of(const ActivationInfo& info) {
  Json json = {{"name", info.name},
               {"aliases", std::vector<std::string_view>(info.aliases.begin(), info.aliases.end())},
               {"formula", info.formula},
               {"derivative", info.derivative},
               {"parameters", Json::array()},
               {"range", info.range},
               {"monotone", info.shape == kernels::Shape::monotone},
               {"shape", words(info.shape)},
               {"saturates", words(info.saturation)},
               {"kinks", Json::array()},
               {"initializer", info.initializer},
               {"dropout", info.dropout}};
  for (const kernels::Parameter& parameter : info.parameters) {
    json["parameters"].push_back({{"name", parameter.name},
                                  {"default", shortest(parameter.default_value)},
                                  {"low", shortest(parameter.low)},
                                  {"high", shortest(parameter.high)}});
  }
  for (const kernels::Kink& kink : info.kinks.at) {
    json["kinks"].push_back({{"x", shortest(kink.x)}, {"df", shortest(kink.df)}});
  }
  if (info.kinks.period != 0) json["kink_period"] = shortest(info.kinks.period);
  if (info.surrogate_slope) json["surrogate_slope"] = true;
  return json;
}

std::string parameters(const ActivationInfo& info) {
  std::string text;
  for (const kernels::Parameter& parameter : info.parameters) {
    text +=
        fmt::format("{}{}={}", text.empty() ? "" : ":", parameter.name, parameter.default_value);
  }
  return text;
}

std::string aliases(const ActivationInfo& info) {
  return fmt::format("{}", fmt::join(info.aliases.begin(), info.aliases.end(), ", "));
}

std::string limits_text(double left, double right) {
  return fmt::format("{:.6g} and {:.6g}", left + 0.0, right + 0.0);
}

/// "0 (f' = 0.1 there), 1 (f' = 1 there)"
std::string kinks_text(const kernels::Kinks& kinks) {
  std::string text;
  for (const kernels::Kink& kink : kinks.at)
    text += fmt::format("{}{} (f' = {:.6g} there)", text.empty() ? "" : ", ", kink.x, kink.df);
  return text.empty() ? "none found" : text;
}

void print_formula(const Activation& activation) {
  const ActivationInfo& info = activation.info();
  const FormulaInfo formula = describe_formula(activation);
  const auto columns = static_cast<std::size_t>(output_columns());
  std::string text = fmt::format("{}\n", activation.label());
  const auto add = [&](std::string_view title, std::string_view value) {
    constexpr std::size_t kIndent = 16;
    text += entry(fmt::format("  {}", title), value, kIndent, columns);
  };
  add("definition", activation.str());
  add("derivative", info.derivative);
  add("range", info.range);
  add("shape", words(activation.shape()));
  add("saturates", words(info.saturation));
  add("limits of f", limits_text(formula.f_left, formula.f_right));
  add("limits of f'", limits_text(formula.df_left, formula.df_right));
  add("kinks", kinks_text(activation.kinks()));
  add("operations", fmt::format("{}, and {} with f'", formula.f_operations, formula.operations));
  add("gain", fmt::format("{:.6g}", formula.gain));
  add("the same as", formula.twins.empty() ? "none of the list"
                                           : fmt::format("{}", fmt::join(formula.twins, ", ")));
  write_output(text);
}

/// Of the whole list the derivatives would not fit beside the rest.
void print_table(const std::vector<Activation>& activations, bool with_derivatives) {
  TextTable table;
  for (const char* title : {"name", "parameters", "range", "shape", "saturates", "initializer",
                            "dropout", "formula", "aliases"}) {
    table.add_column(title);
  }
  if (with_derivatives) table.add_column("derivative");
  for (const Activation& activation : activations) {
    const ActivationInfo& info = activation.info();
    std::vector<std::string> row = {std::string(info.name),
                                    parameters(info),
                                    std::string(info.range),
                                    std::string(words(info.shape)),
                                    std::string(words(info.saturation)),
                                    std::string(info.initializer),
                                    std::string(info.dropout),
                                    std::string(info.formula),
                                    aliases(info)};
    if (with_derivatives) row.emplace_back(info.derivative);
    table.add_row(std::move(row));
  }
  write_output(table.str(static_cast<std::size_t>(output_columns())));
}

Json json_of(const FormulaInfo& formula) {
  const auto limit = [](double value) {
    return std::isinf(value) ? Json(value > 0 ? "inf" : "-inf") : Json(value);  // null for NaN
  };
  return {{"f_limits", {limit(formula.f_left), limit(formula.f_right)}},
          {"df_limits", {limit(formula.df_left), limit(formula.df_right)}},
          {"f_operations", formula.f_operations},
          {"operations", formula.operations},
          {"gain", formula.gain},
          {"twins", formula.twins}};
}

void print_json(const std::vector<Activation>& activations) {
  Json list = Json::array();
  for (const Activation& activation : activations) {
    list.push_back(json_of(activation.info()));
    if (activation.is_formula()) list.back().update(json_of(describe_formula(activation)));
  }
  print("{}\n", list.dump(2));
}

/// The activations of the list in one table, then each formula by itself.
void print_texts(const std::vector<Activation>& activations) {
  std::vector<Activation> listed;
  std::ranges::copy_if(activations, std::back_inserter(listed),
                       [](const Activation& activation) { return !activation.is_formula(); });
  if (!listed.empty()) print_table(listed, listed.size() < activation_list().size());
  for (const Activation& activation : activations) {
    if (activation.is_formula()) print_formula(activation);
  }
}

}  // namespace

Run make_activations(CLI::App& command) {
  struct Arguments {
    std::vector<std::string> names;
    bool json = false;
  };
  const auto arguments = std::make_shared<Arguments>();
  add_activation_names(command, arguments->names);
  command.add_flag("--json", arguments->json, "As JSON");
  return [arguments] {
    const std::vector<Activation> activations = named_activations(arguments->names);
    arguments->json ? print_json(activations) : print_texts(activations);
    return 0;
  };
}

}  // namespace saltus::app
