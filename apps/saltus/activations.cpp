// saltus activations: the list.
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <saltus/activation.h>

#include "commands.h"
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

/// The activations that the user asked for, or all.
std::vector<ActivationInfo> chosen_activations(const std::vector<std::string>& names) {
  if (names.empty()) return activation_list();
  std::vector<ActivationInfo> chosen;
  chosen.reserve(names.size());
  for (const std::string& name : names) chosen.push_back(Activation::parse(name).info());
  return chosen;
}

void print_table(const std::vector<ActivationInfo>& activations) {
  TextTable table;
  for (const char* title : {"name", "parameters", "range", "shape", "saturates", "initializer",
                            "dropout", "formula", "aliases"}) {
    table.add_column(title);
  }
  for (const ActivationInfo& info : activations) {
    table.add_row({std::string(info.name), parameters(info), std::string(info.range),
                   std::string(words(info.shape)), std::string(words(info.saturation)),
                   std::string(info.initializer), std::string(info.dropout),
                   std::string(info.formula), aliases(info)});
  }
  write_output(table.str(static_cast<std::size_t>(output_columns())));
}

void print_json(const std::vector<ActivationInfo>& activations) {
  Json list = Json::array();
  for (const ActivationInfo& info : activations) list.push_back(json_of(info));
  print("{}\n", list.dump(2));
}

}  // namespace

Run make_activations(CLI::App& command) {
  struct Arguments {
    std::vector<std::string> names;
    bool json = false;
  };
  const auto arguments = std::make_shared<Arguments>();
  command.add_option("ACTIVATION", arguments->names, "Which; all without a name")
      ->type_name("ACTIVATION");
  command.add_flag("--json", arguments->json, "As JSON");
  return [arguments] {
    const std::vector<ActivationInfo> activations = chosen_activations(arguments->names);
    arguments->json ? print_json(activations) : print_table(activations);
    return 0;
  };
}

}  // namespace saltus::app
