// saltus summary: the layers of a saved model, or of the networks of a sweep.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/model.h>
#include <saltus/progress.h>
#include <saltus/sweep.h>

#include "commands.h"
#include "lists.h"
#include "model_run.h"
#include "networks.h"
#include "output.h"
#include "terminal.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

struct SummaryArguments {
  std::string model;
  std::string activations;
  std::string recipe{to_string(SweepConfig{}.recipe)};
  std::string batch_norm = "no";
  std::string network = text_of(SweepConfig{}.architecture);
};

/// A network of a sweep, with what goes with its activation.
struct Network {
  std::string activation;
  std::string initializer;
  std::string dropout;
  std::string
      parameters;  ///< how many there are: more where activations have some that are learned
  std::string summary;
};

Network described(const SummaryArguments& arguments, const Activation& activation) {
  const std::vector<bool> batch_norm = parse_yes_or_no("--batch-norm", arguments.batch_norm);
  if (batch_norm.size() > 1) throw InvalidArgument("--batch-norm takes one value here: no or yes");
  SweepConfig config;
  config.recipe = parse_recipe(arguments.recipe);
  config.architecture = parse_architecture(arguments.network);
  const Graph graph =
      network_of(config, {.activation = activation, .batch_norm = batch_norm.front()}, kMnistImage,
                 kMnistClasses);
  Network network{.activation = activation.label(),
                  .initializer = {},
                  .dropout = {},
                  .parameters = grouped(graph.weight_count()),
                  .summary = graph.summary()};
  for (const Node& node : graph.nodes()) {
    if (network.initializer.empty() && !node.weights.empty()) {
      network.initializer = to_string(node.weights.front().initializer);
    }
    if (std::holds_alternative<layers::Dropout>(node.layer) ||
        std::holds_alternative<layers::AlphaDropout>(node.layer)) {
      network.dropout = kind_name(node.layer);
    }
  }
  return network;
}

/// The table of the first, and below it how the others differ.
void print_networks(const std::vector<Network>& networks) {
  const Network& first = networks.front();
  print("{}", first.summary);
  if (networks.size() == 1) return;
  struct Column {
    const char* title;
    std::string Network::*content;
  };
  std::vector<Column> columns = {{"activation", &Network::activation}};
  for (const Column& column :
       {Column{"initializer", &Network::initializer}, Column{"dropout", &Network::dropout},
        Column{"parameters", &Network::parameters}}) {
    if (std::ranges::any_of(networks, [&](const Network& network) {
          return network.*column.content != first.*column.content;
        })) {
      columns.push_back(column);
    }
  }
  if (columns.size() == 1) {
    std::vector<std::string> others;
    for (const Network& network : networks) {
      if (&network != &first) others.push_back(network.activation);
    }
    print("\nThis is the network with {}; with {} it differs in the activation only.\n",
          first.activation, fmt::format("{}", fmt::join(others, ", ")));
    return;
  }
  TextTable table;
  for (const Column& column : columns) table.add_column(column.title);
  for (const Network& network : networks) {
    std::vector<std::string> cells;
    for (const Column& column : columns) cells.push_back(network.*column.content);
    table.add_row(cells);
  }
  print("\nThis is the network with {}. What differs by activation:\n\n", first.activation);
  write_output(table.str(static_cast<std::size_t>(output_columns())));
}

int run_summary(const SummaryArguments& arguments) {
  if (!arguments.model.empty()) {
    print("{}", Model::load(arguments.model, {.compile = false}).summary());
    return 0;
  }
  if (arguments.activations.empty()) {
    throw InvalidArgument(
        "saltus summary needs a model's file, or --activations for the networks of a sweep: give "
        "one of the two");
  }
  std::vector<Network> networks;
  for (const Activation& activation : parse_activations("--activations", arguments.activations)) {
    networks.push_back(described(arguments, activation));
  }
  print_networks(networks);
  return 0;
}

}  // namespace

Run make_summary(CLI::App& command) {
  const auto arguments = std::make_shared<SummaryArguments>();
  CLI::Option* model = add_model_file(command, arguments->model);
  CLI::Option* activations =
      command
          .add_option("--activations", arguments->activations,
                      "Instead: with which; parameters as in elu:alpha=0.2; see saltus "
                      "activations")
          ->type_name("all|ACTIVATION,...")
          ->excludes(model);
  command
      .add_option("--recipe", arguments->recipe,
                  "What goes with an activation, as for saltus sweep")
      ->type_name("tutorial|matched|critical")
      ->capture_default_str()
      ->needs(activations);
  command
      .add_option("--batch-norm", arguments->batch_norm,
                  "yes: with a BatchNormalization in front of each activation")
      ->type_name("no|yes")
      ->capture_default_str()
      ->needs(activations);
  command
      .add_option("--network", arguments->network,
                  "Which network, as for saltus sweep; parameters as in mlp:depth=5")
      ->type_name("NETWORK")
      ->capture_default_str()
      ->needs(activations);
  command.footer(
      "Examples:\n"
      "  saltus summary digits.safetensors\n"
      "  saltus summary --activations relu,selu,gelu --recipe matched\n"
      "  saltus summary --activations gelu --network resnet:blocks=1 --batch-norm yes");
  return [arguments] { return run_summary(*arguments); };
}

}  // namespace saltus::app
