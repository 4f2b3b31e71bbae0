// saltus export: a saved model for other programs.
#include <memory>
#include <string>

#include <saltus/model.h>

#include "commands.h"
#include "model_run.h"
#include "output.h"

namespace saltus::app {
namespace {

struct ExportArguments {
  std::string model;
  std::string onnx;
};

int run_export(const ExportArguments& arguments) {
  Model::load(arguments.model, {.compile = false}).export_onnx(arguments.onnx);
  print("wrote {}\n", arguments.onnx);
  return 0;
}

}  // namespace

Run make_export(CLI::App& command) {
  const auto arguments = std::make_shared<ExportArguments>();
  add_model_file(command, arguments->model)->required();
  command.add_option("--onnx", arguments->onnx, "The file to write, which is replaced")
      ->type_name("FILE")
      ->required();
  command.footer("Example:\n  saltus export digits.safetensors --onnx digits.onnx");
  return [arguments] { return run_export(*arguments); };
}

}  // namespace saltus::app
