// saltus predict: what a saved model says to images.
#include <filesystem>
#include <memory>
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

struct Arguments {
  ModelRunArguments run;
  std::string out;
};

/// Throws DataError where no file can come to be, before there is anything to write.
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

int run_predict(const Arguments& arguments) {
  if (!arguments.out.empty()) check_output_file(arguments.out);
  catch_interrupts();
  Model model = Model::load(arguments.run.model, {.compile = false});
  // What it was trained with does not count, only that it has a device.
  model.compile({.loss = Loss::mean_squared_error,
                 .optimizer = SGD{},
                 .device = parse_device(arguments.run.device),
                 .threads = arguments.run.threads});
  const ImageSet images = load_images(arguments.run, model);
  std::vector<float> outputs;
  for_each_part(images, "predicting", [&](const Samples& part) {
    const std::vector<float> more = model.predict(part);
    outputs.insert(outputs.end(), more.begin(), more.end());
  });
  if (arguments.out.empty()) {
    write_output(predictions_csv(images.labels, outputs));
  } else {
    write_predictions_csv(arguments.out, images.labels, outputs);
    print("wrote predictions for {} images into {}\n", images.count, arguments.out);
  }
  return 0;
}

}  // namespace

void add_predict_command(CLI::App& program, Run& chosen) {
  CLI::App* command = program.add_subcommand(
      "predict",
      "Has a saved model predict images and writes CSV: number, label, predicted (the class of the "
      "largest output; none where there is one output only), output_0 and so on");
  const auto arguments = std::make_shared<Arguments>();
  add_model_run_options(*command, arguments->run);
  command
      ->add_option("--out", arguments->out,
                   "File for the CSV, which is replaced, instead of "
                   "standard output")
      ->type_name("FILE");
  command->footer(
      "Examples:\n"
      "  saltus predict digits.safetensors --data mnist --limit 10\n"
      "  saltus predict digits.safetensors --data mnist --out predictions.csv");
  command->callback(
      [arguments, &chosen] { chosen = [arguments] { return run_predict(*arguments); }; });
}

}  // namespace saltus::app
