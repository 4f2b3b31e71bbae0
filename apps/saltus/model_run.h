// The common part of saltus predict and saltus evaluate: a model that runs over images.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include <saltus/dataset.h>
#include <saltus/model.h>

#include "data_choice.h"

namespace saltus::app {

struct ModelRunArguments {
  std::string model;
  DataChoice data;
  std::string set = "test";
  std::string limit;
  std::string device{to_string(CompileOptions{}.device)};
  int threads = 0;
};

/// Adds the file of a model as the positional argument of a command.
CLI::Option* add_model_file(CLI::App& command, std::string& file);

/// Adds the options to the subcommand, which must not outlive the arguments.
void add_model_run_options(CLI::App& command, ModelRunArguments& arguments);

/// Images that a model runs over, and of a table with other targets than classes their names.
struct LoadedImages {
  ImageSet images;
  Task task = Task::multi_class;
  std::vector<std::string> target_names;
};

/// Loads the images that are asked for; `model` is to run over them. Throws InvalidArgument if
/// its input has another shape, or there are others outputs than targets, and as load_dataset().
LoadedImages load_images(const ModelRunArguments& arguments, const Model& model);

/// Calls `run` for one part of the images after another, in their order, with progress behind it
/// on standard error. Throws Interrupted between them.
void for_each_part(const ImageSet& images, const std::string& label,
                   const std::function<void(const Samples& part)>& run);

}  // namespace saltus::app
