// A model as a file, docs/model-file.md: what Model::save() writes and Model::load() reads, and
// what is kept of a training that goes on later (see Trainer).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <saltus/graph.h>
#include <saltus/optimizer.h>
#include <saltus/precision.h>
#include <saltus/schedule.h>

#include "store/tensor_file.h"
#include "train/state.h"

namespace saltus::train {

/// What a model was compiled with, but for the machine: functions of the user's by their names.
struct CompiledWith {
  std::string loss;
  std::vector<std::string> metrics;
  Optimizer optimizer;  ///< with the learning rate that it began with
  LearningRateSchedule schedule = schedules::Constant{};
  double ema_momentum = 0;
  Precision precision = Precision::fp32;
  std::uint64_t seed = 0;
  bool terminate_on_nan = false;
};

/// What a file holds. A model that was not compiled has weights alone in its state.
struct ModelFile {
  Graph graph;
  std::optional<CompiledWith> compiled;
  TrainingState state;
};

/// Writes a file, whole or not at all. Throws InvalidArgument where a layer's name is no UTF-8,
/// DataError where the file cannot be written.
void write_model(const std::filesystem::path& path, const ModelFile& model);

/// Reads a file. All in it fits together: there is a tensor of the right shape for each weight and
/// moment, of those with averages for each trained weight beside, and no other. Throws DataError.
ModelFile read_model(const std::filesystem::path& path);

/// The network and the options as the file has them, to compare.
std::string text_of(const Graph& graph, const CompiledWith& compiled);

/// The values of these weights in their order, from a file of weights or of a model. Throws
/// DataError, which names them, where weights are missing, left over or of another shape.
std::vector<std::vector<float>> weights_of(store::TensorFile file,
                                           const std::vector<Weight>& weights,
                                           const std::filesystem::path& path);

/// Reads and writes weights alone, as .npz where the name ends so, else as safetensors. Throws
/// DataError.
store::TensorFile read_weights(const std::filesystem::path& path);
void write_weights(const std::filesystem::path& path, const std::vector<Weight>& weights,
                   std::vector<std::vector<float>> values);

}  // namespace saltus::train
