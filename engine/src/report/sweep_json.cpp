#include <algorithm>

#include <saltus/report.h>

#include "report/json.h"

namespace saltus {
namespace {

constexpr std::string_view kFormat = "saltus-sweep";

Json json_of(const SweepConfig& config) {
  Json activations = Json::array();
  for (const Activation& activation : config.activations) activations.push_back(activation.str());
  Json clippings = Json::array();
  for (const Clipping& clipping : config.clippings) clippings.push_back(saltus::json_of(clipping));
  Json json = {{"activations", activations},
               {"learning_rates", config.learning_rates},
               {"clippings", clippings},
               {"batch_sizes", config.batch_sizes},
               {"epochs", config.epochs},
               {"seeds", config.seeds},
               {"seed", config.seed},
               {"recipe", to_string(config.recipe)},
               {"loss", to_string(config.loss)},
               {"precision", to_string(config.precision)},
               {"device", to_string(config.device)},
               {"threads", config.threads},
               {"train_limit", nullptr},
               {"test_limit", nullptr}};
  if (config.libraries.gemm != Gemm::saltus) json["gemm"] = to_string(config.libraries.gemm);
  if (config.libraries.conv != Conv::saltus) json["conv"] = to_string(config.libraries.conv);
  if (config.train_limit) json["train_limit"] = *config.train_limit;
  if (config.test_limit) json["test_limit"] = *config.test_limit;
  return json;
}

Json json_of(const ImageSet& set, const std::optional<std::int64_t>& limit) {
  return {{"images", set.count},
          {"images_used", std::min(set.count, limit.value_or(set.count))},
          {"images_md5", set.images_md5},
          {"labels_md5", set.labels_md5}};
}

Json json_of(const MachineInfo& machine) {
  return {{"saltus", machine.version}, {"compiler", machine.compiler},
          {"onednn", machine.onednn},  {"system", machine.system},
          {"cpu", machine.cpu},        {"cpu_features", machine.cpu_features},
          {"cores", machine.cores},    {"loops", machine.loops},
          {"cuda", machine.cuda}};
}

std::optional<std::int64_t> limit_of(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<std::int64_t>());
}

Clipping clipping_of(const Json& json) {
  Clipping clipping;
  for (const auto& [name, value] : json.items()) {
    if (name == "clipvalue") clipping.clipvalue = value;
    if (name == "clipnorm") clipping.clipnorm = value;
    if (name == "global_clipnorm") clipping.global_clipnorm = value;
  }
  return clipping;
}

}  // namespace

void write_sweep_json(const std::filesystem::path& file, const SweepConfig& config,
                      const ImageDataset& data, const MachineInfo& machine) {
  write_json(file, {{"format", kFormat},
                    {"version", kSchemaVersion},
                    {"config", json_of(config)},
                    {"data",
                     {{"name", data.name},
                      {"source", data.source},
                      {"classes", data.classes},
                      {"image", {data.train.height, data.train.width, data.train.channels}},
                      {"train", json_of(data.train, config.train_limit)},
                      {"test", json_of(data.test, config.test_limit)}}},
                    {"machine", json_of(machine)}});
}

SweepConfig read_sweep_json(const std::filesystem::path& file) {
  SweepConfig config;
  read_json(file, kFormat, [&](const Json& json) {
    const Json& from = json.at("config");
    config.activations.clear();
    for (const Json& name : from.at("activations")) {
      config.activations.push_back(Activation::parse(name.get<std::string>()));
    }
    config.clippings.clear();
    for (const Json& clipping : from.at("clippings")) {
      config.clippings.push_back(clipping_of(clipping));
    }
    from.at("learning_rates").get_to(config.learning_rates);
    from.at("batch_sizes").get_to(config.batch_sizes);
    from.at("epochs").get_to(config.epochs);
    from.at("seeds").get_to(config.seeds);
    from.at("seed").get_to(config.seed);
    config.recipe = parse_recipe(from.at("recipe").get<std::string>());
    config.loss = parse_loss(from.at("loss").get<std::string>());
    config.precision = parse_precision(from.at("precision").get<std::string>());
    config.libraries = {parse_gemm(from.value("gemm", "saltus")),
                        parse_conv(from.value("conv", "saltus"))};
    config.device = parse_device(from.at("device").get<std::string>());
    from.at("threads").get_to(config.threads);
    config.train_limit = limit_of(from.at("train_limit"));
    config.test_limit = limit_of(from.at("test_limit"));
  });
  return config;
}

}  // namespace saltus
