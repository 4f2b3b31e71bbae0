// Saves and loads models and weights, for the scripts that try these files with other readers.
//
//   model_files save FOLDER                   model.safetensors, weights.safetensors, weights.npz,
//   and
//                                             their values as plain floats: NUMBER.floats,
//                                             weights.json
//   model_files load MODEL WEIGHTS FOLDER     loads both and writes the values so
//   model_files log FOLDER                    trains, with logs/ for TensorBoard and log.jsonl
//   model_files predict INPUTS OUTPUTS MODEL [WEIGHTS]
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "floats_file.h"
#include "networks.h"

namespace saltus::formats {
namespace {

namespace fs = std::filesystem;

void write_values(const Model& model, const fs::path& folder) {
  nlohmann::json listed;
  for (const Weight& weight : model.weights()) {
    write_floats(folder / (std::to_string(listed.size()) + ".floats"),
                 model.get_weights(weight.name));
    listed.push_back({{"name", weight.name}, {"shape", weight.shape}});
  }
  std::ofstream(folder / "weights.json") << listed;
}

void save(const fs::path& folder) {
  const std::vector<Example> examples = layer_examples();
  const Model& model = examples.at(1).model;
  model.save(folder / "model.safetensors");
  model.save_weights(folder / "weights.safetensors");
  model.save_weights(folder / "weights.npz");
  write_values(model, folder);
}

Model loaded(const fs::path& file) {
  return Model::load(file, {.device = Device::cpu, .threads = 1});
}

void load(const fs::path& model_file, const fs::path& weights, const fs::path& folder) {
  Model model = loaded(model_file);
  model.load_weights(weights);
  write_values(model, folder);
}

void predict(const fs::path& inputs_file, const fs::path& outputs, Model model) {
  model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cpu, .threads = 1});
  const std::vector<float> inputs = read_floats(inputs_file);
  const auto count =
      static_cast<std::int64_t>(inputs.size()) / element_count(model.graph().nodes().front().shape);
  write_floats(outputs, model.predict({.count = count, .inputs = inputs, .targets = {}}));
}

void log_training(const fs::path& folder) {
  const std::vector<float> inputs = {0, 0, 0, 1, 1, 0, 1, 1};
  const std::vector<std::int32_t> classes = {0, 1, 1, 0};
  const Samples samples{
      .count = 4, .inputs = inputs, .targets = std::span<const std::int32_t>(classes)};
  Model model = Sequential({2}, {layers::Dense{.units = 2}, layers::Softmax{}});
  model.compile({.metrics = {metrics::CategoricalAccuracy{}}, .device = Device::cpu});
  model.fit(samples, {.epochs = 3,
                      .validation_data = samples,
                      .callbacks = {TensorBoard{.log_dir = folder / "logs"},
                                    json_lines_logger(folder / "log.jsonl")}});
}

void run(const std::vector<std::string>& words) {
  if (words.size() == 2 && words[0] == "save") return save(words[1]);
  if (words.size() == 2 && words[0] == "log") return log_training(words[1]);
  if (words.size() == 4 && words[0] == "load") return load(words[1], words[2], words[3]);
  if (words.size() >= 4 && words[0] == "predict") {
    Model model = loaded(words[3]);
    if (words.size() == 5) model.load_weights(words[4]);
    return predict(words[1], words[2], std::move(model));
  }
  throw std::invalid_argument("see the comment at the head of model_files.cpp");
}

}  // namespace
}  // namespace saltus::formats

int main(int argc, char** argv) try {
  saltus::formats::run({argv + 1, argv + argc});
} catch (const std::exception& error) {
  std::cerr << "model_files: " << error.what() << '\n';
  return 1;
}
