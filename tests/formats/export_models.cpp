// export_models FOLDER: writes networks as ONNX files, with inputs and what predict() makes of
// them, and models.json, which lists them.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "floats_file.h"
#include "networks.h"

namespace saltus::formats {
namespace {

namespace fs = std::filesystem;

/// What check_onnx.py is told of a model.
nlohmann::json written(const fs::path& folder, std::size_t number, const Example& example,
                       const std::vector<float>& outputs, bool is_activation) {
  const std::string stem = std::to_string(number);
  const Graph& graph = example.model.graph();
  example.model.export_onnx(folder / (stem + ".onnx"));
  write_floats(folder / (stem + ".inputs"), example.inputs);
  write_floats(folder / (stem + ".outputs"), outputs);
  nlohmann::json kinds;
  for (const Node& node : graph.nodes()) kinds.push_back(kind_name(node.layer));
  const Node& input = graph.nodes().front();
  return {{"name", example.name},
          {"stem", stem},
          {"activation", is_activation},
          {"kinds", kinds},
          {"input", {{"name", input.name}, {"shape", input.shape}}},
          {"output", {{"name", graph.output().name}, {"shape", graph.output().shape}}}};
}

std::int64_t count_of(const Example& example) {
  return static_cast<std::int64_t>(example.inputs.size()) /
         element_count(example.model.graph().nodes().front().shape);
}

/// The tutorial's network on bytes, which predict() divides by 255 and the file's reader must.
nlohmann::json written_on_bytes(const fs::path& folder, std::size_t number) {
  Example example = std::move(layer_examples().front());
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < example.inputs.size(); ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i * 89 % 256));
    example.inputs[i] = static_cast<float>(bytes.back()) / 255;
  }
  example.name = "bytes";
  return written(
      folder, number, example,
      example.model.predict({.count = count_of(example), .inputs = bytes, .targets = {}}), false);
}

void write_all(const fs::path& folder) {
  nlohmann::json models;
  for (const bool activations : {false, true}) {
    for (Example& example : activations ? activation_examples() : layer_examples()) {
      const std::int64_t count = count_of(example);
      const std::vector<float> outputs =
          example.model.predict({.count = count, .inputs = example.inputs, .targets = {}}, count);
      models.push_back(written(folder, models.size(), example, outputs, activations));
    }
  }
  models.push_back(written_on_bytes(folder, models.size()));
  std::ofstream(folder / "models.json") << models;
}

}  // namespace
}  // namespace saltus::formats

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: export_models FOLDER\n";
    return 2;
  }
  saltus::formats::write_all(argv[1]);
} catch (const std::exception& error) {
  std::cerr << "export_models: " << error.what() << '\n';
  return 1;
}
