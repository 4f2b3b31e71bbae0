#include "sweep/trial_id.h"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>

#include <fmt/format.h>

#include "core/json.h"
#include "store/layer_json.h"
#include "sweep/settings.h"

namespace saltus {
namespace {

/// To be raised whenever the same description begins to give other numbers.
constexpr int kFormatVersion = 3;

/// The namespace of trials among name-based UUIDs: drawn once.
constexpr boost::uuids::uuid kTrials = {{0x5a, 0x17, 0x05, 0x9c, 0x41, 0x2e, 0x4d, 0x83, 0x9f, 0x60,
                                         0x3b, 0xd2, 0x77, 0xc1, 0x08, 0xe4}};

// Descriptions have their keys sorted, as ReadJson keeps them.

/// What decides what a layer computes, except its kind, shape and weights.
ReadJson details_of(const Layer& layer) {
  const auto* activation = std::get_if<Activation>(&layer);
  if (activation == nullptr) return store::identity_of(layer);
  ReadJson parameters = ReadJson::object();
  const auto& names = activation->info().parameters;
  for (std::size_t i = 0; i < names.size(); ++i) {
    parameters[std::string(names[i].name)] = activation->ref().parameters[i];
  }
  ReadJson details = {{"function", activation->name()}, {"parameters", parameters}};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (activation->learned(i) == Learned::no) continue;
    details["learned"].push_back(std::string(names[i].name));
  }
  if (activation->is_formula()) details["formula"] = activation->info().formula;
  return details;
}

ReadJson json_of(const Graph& graph) {
  ReadJson layers = ReadJson::array();
  for (const Node& node : graph.nodes()) {
    ReadJson layer = details_of(node.layer);
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
    : config_(config),
      image_({data.train.height, data.train.width, data.train.channels}),
      outputs_(outputs_of(data)),
      task_(data.task) {
  json_ = {
      {"format", kFormatVersion},
      {"data",
       {{"train", json_of(data.train, config.train_limit)},
        {"test", json_of(data.test, config.test_limit)}}},
      {"recipe", to_string(config.recipe)},
      {"loss", to_string(config.loss)},
      {"precision", to_string(config.precision)},
  };
  // Only what was chosen, so that the default's trials keep their identity.
  if (config.libraries.gemm != Gemm::saltus) json_["gemm"] = to_string(config.libraries.gemm);
  if (config.libraries.conv != Conv::saltus) json_["conv"] = to_string(config.libraries.conv);
  if (config.validation_split > 0) json_["validation_split"] = config.validation_split;
  if (config.early_stopping) json_["early_stopping"] = text_of(*config.early_stopping);
}

std::string TrialDescriptions::of(const Setting& setting, std::uint64_t seed) {
  if (std::string choices =
          fmt::format("{} {} {} {}", setting.activation.str(), text_of(setting.initializer),
                      setting.batch_norm, dropout_text(setting.dropout));
      choices != choices_) {
    json_["network"] = json_of(network_of(config_, setting, image_, outputs_, task_));
    choices_ = std::move(choices);
  }
  json_["optimizer"] = saltus::json_of(optimizer_of(setting));
  json_.erase("schedule");
  if (!is_constant(setting.schedule)) json_["schedule"] = text_of(setting.schedule);
  json_.erase("ema_momentum");
  if (setting.ema_momentum > 0) json_["ema_momentum"] = setting.ema_momentum;
  json_["batch_size"] = setting.batch_size;
  json_["epochs"] = setting.epochs;
  json_["seed"] = seed;
  return json_.dump();
}

std::string hash_of(const std::string& text) {
  const boost::uuids::uuid id = boost::uuids::name_generator_sha1(kTrials)(text);
  std::string hex;
  for (std::size_t i = 0; i < 8; ++i) hex += fmt::format("{:02x}", id.data[i]);
  return hex;
}

}  // namespace saltus
