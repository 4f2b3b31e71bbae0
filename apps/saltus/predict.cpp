// saltus predict: what a saved model says to images.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/report.h>

#include "commands.h"
#include "interrupt.h"
#include "model_run.h"
#include "output.h"

namespace saltus::app {
namespace {

namespace fs = std::filesystem;

struct PredictArguments {
  ModelRunArguments run;
  std::string out;
};

/// Throws DataError if the file cannot be created, before there is anything to write.
void check_output_file(const fs::path& file) {
  std::error_code error;
  if (fs::is_directory(file, error)) {
    throw DataError(
        fmt::format("cannot write {}: it is a folder: name a file in it", file.string()));
  }
  const fs::path parent = file.has_parent_path() ? file.parent_path() : ".";
  if (!fs::is_directory(parent, error)) {
    throw DataError(fmt::format("cannot write {}: {} is no folder: create it first", file.string(),
                                parent.string()));
  }
}

int run_predict(const PredictArguments& arguments) {
  if (!arguments.out.empty()) check_output_file(arguments.out);
  catch_interrupts();
  Model model = Model::load(arguments.run.model, {.compile = false});
  // Only the device matters here, not what the model was trained with.
  model.compile({.loss = losses::MeanSquaredError{},
                 .optimizer = SGD{},
                 .device = parse_device(arguments.run.device),
                 .threads = arguments.run.threads});
  const LoadedImages loaded = load_images(arguments.run, model);
  const ImageSet& images = loaded.images;
  std::vector<float> outputs;
  for_each_part(images, "predicting", [&](const Samples& part) {
    const std::vector<float> more = model.predict(part);
    outputs.insert(outputs.end(), more.begin(), more.end());
  });
  const std::string csv = images.targets.empty()
                              ? predictions_csv(images.labels, outputs, loaded.task)
                              : predictions_csv(loaded.target_names, images.targets, outputs);
  if (arguments.out.empty()) {
    write_output(csv);
  } else {
    write_report(arguments.out, csv);
    print("wrote predictions for {} images into {}\n", images.count, arguments.out);
  }
  return 0;
}

}  // namespace

Run make_predict(CLI::App& command) {
  const auto arguments = std::make_shared<PredictArguments>();
  add_model_run_options(command, arguments->run);
  command
      .add_option("--out", arguments->out,
                  "File for the CSV, which is replaced, instead of "
                  "standard output")
      ->type_name("FILE");
  command.footer(
      "Examples:\n"
      "  saltus predict digits.safetensors --data mnist --limit 10\n"
      "  saltus predict digits.safetensors --data mnist --out predictions.csv");
  return [arguments] { return run_predict(*arguments); };
}

}  // namespace saltus::app
