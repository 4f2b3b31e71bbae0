#include "commands.h"

namespace saltus::app {

/// Each is in the file of its command, the last two in documents.cpp.
Make make_sweep, make_merge, make_status, make_replay, make_report, make_plot, make_reproduce,
    make_check_table, make_curves, make_map, make_depth, make_activations, make_accuracy,
    make_speed, make_predict, make_evaluate, make_summary, make_export, make_data, make_info,
    make_help, make_man_page, make_bash_completion;

namespace {

struct Command {
  const char* name;
  const char* description;  ///< empty: help does not list it
  Make* make;
};

/// In the order in which help lists them.
constexpr Command kCommands[] = {
    {"sweep",
     "Trains the tutorial's convolutional network once for each activation, setting and seed, "
     "ranks them with intervals, and writes tables and pictures",
     make_sweep},
    {"report",
     "Makes a page of HTML of a sweep's results, that needs nothing else: table, curves, "
     "differences with intervals, every seed, what ran. Trains nothing",
     make_report},
    {"merge",
     "Makes the results of a sweep that several programs trained, on one machine or on many that "
     "share its folder",
     make_merge},
    {"status", "Says how far a sweep is, whoever trains it", make_status},
    {"replay",
     "Trains an epoch of a sweep's trials again and says whether it gives the same bits, or where "
     "they first differ: on this machine, with this driver, in this version",
     make_replay},
    {"plot",
     "Draws the pictures of a sweep again, of chosen activations or without the first epoch. "
     "Trains "
     "nothing",
     make_plot},
    {"reproduce",
     "Trains published claims about activations again, in a size that takes minutes, and says of "
     "each whether it was reproduced, with intervals",
     make_reproduce},
    {"check-table",
     "Computes a published table of means and deviations again: intervals, tests of pairs with "
     "Holm's correction, and the rows that cannot be right",
     make_check_table},
    {"curves",
     "Draws activations with their derivatives, computed in float32 by the code that trains: "
     "curves.csv (activation,x,f,df), curves.svg and curves.png",
     make_curves},
    {"map",
     "What activations do to signals in deep networks, by theory: where lengths and gradients are "
     "kept, gain, how deep a network can be trained with the activation's initializer: a table, "
     "map.csv, critical_lines.csv, map.svg and map.png",
     make_map},
    {"depth",
     "Sends signals forward and gradients back through a deep network that has just been "
     "initialized: how they vanish, explode or are kept, by layer, beside what theory says: a "
     "table, depth.csv, depth.svg and depth.png",
     make_depth},
    {"activations",
     "The list of activations: names, parameters with defaults, formulas and properties. With "
     "parameters an activation is written elu:alpha=0.2, threshold:theta=1:value=0",
     make_activations},
    {"accuracy",
     "Measures the rounding errors of activations and their derivatives against double precision "
     "and prints a Markdown table",
     make_accuracy},
    {"speed",
     "Measures what activations cost on this CPU, forward and in training, and what that is of "
     "relu's",
     make_speed},
    {"predict",
     "Lets a saved model predict images and writes CSV: number, label, predicted (the class of the "
     "largest output; none if there is only one output), output_0 and so on",
     make_predict},
    {"evaluate",
     "Evaluates a saved model on images: the loss and every metric that it was compiled with",
     make_evaluate},
    {"summary",
     "Prints the layers of a saved model, with shapes and numbers of weights; or those of the "
     "network that a sweep trains on MNIST, and what differs between activations",
     make_summary},
    {"export",
     "Writes a saved model as an ONNX file, for prediction with onnxruntime and others, which feed "
     "it floats: bytes divided by 255",
     make_export},
    {"data", "Lists, fetches and shows data sets", make_data},
    {"info", "What this program is and runs on: version, CPU, devices", make_info},
    {"help", "Tells what a command does and takes", make_help},
    // The build makes of these two what is installed beside the program.
    {"man-page", "", make_man_page},
    {"bash-completion", "", make_bash_completion},
};

}  // namespace

void add_commands(CLI::App& program, Run& chosen) {
  for (const auto& [name, description, make] : kCommands) {
    CLI::App* command = program.add_subcommand(name, description);
    if (*description == '\0') command->group("");
    command->callback([run = make(*command), &chosen] { chosen = run; });
  }
}

}  // namespace saltus::app
