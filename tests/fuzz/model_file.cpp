// A model's file: all of Model::load() that comes before training.
#include "train/model_file.h"

#include "tests/fuzz/bytes_file.h"
#include "tests/fuzz/safetensors_mutator.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace saltus;
  static const fuzz::BytesFile file;
  try {
    const train::ModelFile model = train::read_model(file.holding(data, size));
    // There is a value for whatever the network has.
    std::size_t number = 0;
    std::size_t values = 0;
    for (const Node& node : model.graph.nodes()) {
      for (const Weight& weight : node.weights) {
        const auto count = static_cast<std::size_t>(element_count(weight.shape));
        fuzz::require(model.state.weights.at(number).size() == count);
        for (const auto& moment : model.state.moments) {
          fuzz::require(moment.at(number).size() == (weight.trainable ? count : 0));
        }
        ++number;
        values += count;
      }
    }
    fuzz::require(number == model.state.weights.size() && 4 * values <= size);
    for (const auto& [name, figure] : model.state.history.history) {
      fuzz::require(figure.size() == model.state.history.epoch.size());
    }
    if (model.compiled) static_cast<void>(train::text_of(model.graph, *model.compiled));
  } catch (const DataError&) {
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  return saltus::fuzz::mutate_safetensors(data, size, max_size, seed);
}
