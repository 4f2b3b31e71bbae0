#include "sweep/trial_id.h"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>

#include <fmt/format.h>

#include "core/json.h"

namespace saltus {
namespace {

/// To be raised whenever the same description begins to give other numbers.
constexpr int kFormatVersion = 3;

/// The namespace of trials among name-based UUIDs: drawn once.
constexpr boost::uuids::uuid kTrials = {{0x5a, 0x17, 0x05, 0x9c, 0x41, 0x2e, 0x4d, 0x83, 0x9f, 0x60,
                                         0x3b, 0xd2, 0x77, 0xc1, 0x08, 0xe4}};

// Descriptions have their keys sorted, as ReadJson keeps them.

ReadJson json_of(Size2 size) {
  return {size.height, size.width};
}

ReadJson json_of(layers::Padding padding) {
  return padding == layers::Padding::same ? "same" : "valid";
}

template <class Pooling>
ReadJson json_of_pooling(const Pooling& layer) {
  return {{"pool_size", json_of(layer.pool_size)},
          {"strides", json_of(layer.strides)},
          {"padding", json_of(layer.padding)}};
}

/// What a layer computes beyond its kind, its shape and its weights.
struct Details {
  ReadJson operator()(const layers::Conv2D& layer) const {
    return {{"strides", json_of(layer.strides)}, {"padding", json_of(layer.padding)}};
  }
  ReadJson operator()(const Activation& layer) const {
    ReadJson parameters = ReadJson::object();
    const auto& names = layer.info().parameters;
    for (std::size_t i = 0; i < names.size(); ++i) {
      parameters[std::string(names[i].name)] = layer.ref().parameters[i];
    }
    return {{"function", layer.name()}, {"parameters", parameters}};
  }
  ReadJson operator()(const layers::MaxPooling2D& layer) const { return json_of_pooling(layer); }
  ReadJson operator()(const layers::AveragePooling2D& layer) const {
    return json_of_pooling(layer);
  }
  ReadJson operator()(const layers::Dropout& layer) const { return {{"rate", layer.rate}}; }
  ReadJson operator()(const layers::AlphaDropout& layer) const { return {{"rate", layer.rate}}; }
  ReadJson operator()(const layers::BatchNormalization& layer) const {
    return {{"momentum", layer.momentum}, {"epsilon", layer.epsilon}};
  }
  ReadJson operator()(const layers::Input&) const { return ReadJson::object(); }
  ReadJson operator()(const layers::Dense&) const { return ReadJson::object(); }
  ReadJson operator()(const layers::Flatten&) const { return ReadJson::object(); }
  ReadJson operator()(const layers::Reshape&) const { return ReadJson::object(); }
  ReadJson operator()(const layers::Softmax&) const { return ReadJson::object(); }
  ReadJson operator()(const layers::LogSoftmax&) const { return ReadJson::object(); }
  ReadJson operator()(const layers::PReLU&) const { return ReadJson::object(); }
  ReadJson operator()(const layers::GlobalAveragePooling2D&) const { return ReadJson::object(); }
  ReadJson operator()(const layers::Add&) const { return ReadJson::object(); }
};

ReadJson json_of(const Graph& graph) {
  ReadJson layers = ReadJson::array();
  for (const Node& node : graph.nodes()) {
    ReadJson layer = std::visit(Details{}, node.layer);
    layer["kind"] = kind_name(node.layer);
    layer["inputs"] = node.inputs;
    layer["shape"] = node.shape;
    for (const Weight& weight : node.weights) {
      layer["weights"].push_back(
          {{"shape", weight.shape}, {"initializer", to_string(weight.initializer)}});
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

ReadJson json_of(const ImageSet& set, const std::optional<std::int64_t>& limit) {
  return {{"images_md5", set.images_md5},
          {"labels_md5", set.labels_md5},
          {"count", std::min(set.count, limit.value_or(set.count))}};
}

}  // namespace

TrialDescriptions::TrialDescriptions(const SweepConfig& config, const ImageDataset& data)
    : recipe_(config.recipe),
      image_({data.train.height, data.train.width, data.train.channels}),
      classes_(data.classes) {
  const Adam adam;
  json_ = {
      {"format", kFormatVersion},
      {"data",
       {{"train", json_of(data.train, config.train_limit)},
        {"test", json_of(data.test, config.test_limit)}}},
      {"recipe", to_string(config.recipe)},
      {"loss", to_string(config.loss)},
      {"precision", to_string(config.precision)},
      {"optimizer",
       {{"name", "adam"},
        {"beta_1", adam.beta_1},
        {"beta_2", adam.beta_2},
        {"epsilon", adam.epsilon}}},
  };
  // Only what was chosen, so that the default's trials keep their identity.
  if (config.libraries.gemm != Gemm::saltus) json_["gemm"] = to_string(config.libraries.gemm);
  if (config.libraries.conv != Conv::saltus) json_["conv"] = to_string(config.libraries.conv);
}

std::string TrialDescriptions::of(const Setting& setting, std::uint64_t seed) {
  if (std::string activation = setting.activation.str(); activation != activation_) {
    json_["network"] = json_of(recipe_graph(recipe_, setting.activation, image_, classes_));
    activation_ = std::move(activation);
  }
  json_["optimizer"]["learning_rate"] = setting.learning_rate;
  json_["optimizer"]["clipping"] = saltus::json_of(setting.clipping);
  json_["batch_size"] = setting.batch_size;
  json_["epochs"] = setting.epochs;
  json_["seed"] = seed;
  return json_.dump();
}

std::string trial_id(const std::string& description) {
  const boost::uuids::uuid id = boost::uuids::name_generator_sha1(kTrials)(description);
  std::string hex;
  for (std::size_t i = 0; i < 8; ++i) hex += fmt::format("{:02x}", id.data[i]);
  return hex;
}

}  // namespace saltus
