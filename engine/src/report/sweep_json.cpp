#include <algorithm>

#include <saltus/report.h>

#include "core/boundary.h"
#include "core/file.h"
#include "report/json.h"
#include "report/sweep_texts.h"

namespace saltus {
namespace {

constexpr std::string_view kSweepFormat = "saltus-sweep";

Json json_of(const UntilDecided& rules) {
  return {{"error", rules.error},
          {"epsilon", rules.epsilon ? Json(*rules.epsilon) : Json(nullptr)},
          {"max_trials", rules.max_trials}};
}

UntilDecided until_decided_of(const ReadJson& json) {
  UntilDecided rules;
  json.at("error").get_to(rules.error);
  if (!json.at("epsilon").is_null()) rules.epsilon = json.at("epsilon").get<double>();
  rules.max_trials = whole<std::size_t>(json.at("max_trials"));
  return rules;
}

Json json_of(const SweepConfig& config) {
  Json activations = Json::array();
  for (const Activation& activation : config.activations) activations.push_back(activation.str());
  Json initializers = Json::array();
  for (const auto& initializer : config.initializers) initializers.push_back(text_of(initializer));
  Json dropouts = Json::array();
  for (const auto& rate : config.dropouts) dropouts.push_back(rate ? Json(*rate) : Json(nullptr));
  Json optimizers = Json::array();
  for (const Optimizer& optimizer : config.optimizers) optimizers.push_back(text_of(optimizer));
  Json schedules = Json::array();
  for (const LearningRateSchedule& one : config.schedules)
    schedules.push_back(saltus::text_of(one));
  Json clippings = Json::array();
  for (const Clipping& clipping : config.clippings) clippings.push_back(saltus::json_of(clipping));
  Json json = {{"activations", activations},
               {"initializers", initializers},
               {"batch_norms", config.batch_norms},
               {"dropouts", dropouts},
               {"optimizers", optimizers},
               {"learning_rates", config.learning_rates},
               {"schedules", schedules},
               {"ema_momenta", config.ema_momenta},
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
  if (config.baseline) json["baseline"] = config.baseline->str();
  if (config.libraries.gemm != Gemm::saltus) json["gemm"] = to_string(config.libraries.gemm);
  if (config.libraries.conv != Conv::saltus) json["conv"] = to_string(config.libraries.conv);
  if (!std::holds_alternative<architectures::Tutorial>(config.architecture))
    json["network"] = text_of(config.architecture);
  if (config.standardize) json["standardize"] = true;
  if (config.validation_split > 0) json["validation_split"] = config.validation_split;
  if (config.early_stopping) json["early_stopping"] = saltus::text_of(*config.early_stopping);
  if (config.until_decided) json["until_decided"] = json_of(*config.until_decided);
  if (!config.diagnostics) json["diagnostics"] = false;
  if (config.train_limit) json["train_limit"] = *config.train_limit;
  if (config.test_limit) json["test_limit"] = *config.test_limit;
  return json;
}

/// So that the folder is found from everywhere.
std::string absolute(const std::string& folder) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(folder, error);
  return error ? folder : path.string();
}

Json json_of(const ImageSet& set, const std::optional<std::int64_t>& limit) {
  return {{"images", set.count},
          {"images_used", std::min(set.count, limit.value_or(set.count))},
          {"images_md5", set.images_md5},
          {"labels_md5", set.labels_md5}};
}

Json json_of(const ImageDataset& data, const SweepConfig& config) {
  Json json = {{"name", data.name},
               {"title", data.title},
               {"source", absolute(data.source)},
               {"classes", data.classes},
               {"image", {data.train.height, data.train.width, data.train.channels}},
               {"train", json_of(data.train, config.train_limit)},
               {"test", json_of(data.test, config.test_limit)}};
  if (!data.class_names.empty()) json["class_names"] = data.class_names;
  if (!data.target.empty()) json["target"] = data.target;
  if (data.task != Task::multi_class) json["task"] = to_string(data.task);
  if (!data.target_names.empty()) json["targets"] = data.target_names;
  if (!data.test_source.empty()) json["test_source"] = absolute(data.test_source);
  return json;
}

Json json_of(const MachineInfo& machine) {
  return {{"saltus", machine.version}, {"compiler", machine.compiler},
          {"onednn", machine.onednn},  {"system", machine.system},
          {"cpu", machine.cpu},        {"cpu_features", machine.cpu_features},
          {"cores", machine.cores},    {"loops", machine.loops},
          {"cuda", machine.cuda}};
}

std::optional<std::int64_t> limit_of(const ReadJson& json) {
  return json.is_null() ? std::nullopt : std::optional(whole<std::int64_t>(json));
}

SweepConfig config_of(const ReadJson& json) {
  const auto text = [&](const char* key) { return json.at(key).get<std::string>(); };
  SweepConfig config;
  config.activations.clear();
  for (const ReadJson& name : json.at("activations").get_ref<const ReadJson::array_t&>()) {
    config.activations.push_back(Activation::parse(name.get<std::string>()));
  }
  if (const auto baseline = json.find("baseline"); baseline != json.end())
    config.baseline = Activation::parse(baseline->get<std::string>());
  if (const auto initializers = json.find("initializers"); initializers != json.end()) {
    config.initializers.clear();  // files of earlier versions have none: all was the recipe's
    for (const ReadJson& text_of_one : initializers->get_ref<const ReadJson::array_t&>()) {
      config.initializers.push_back(parse_initializer_or_recipe(text_of_one.get<std::string>()));
    }
  }
  if (const auto batch_norms = json.find("batch_norms"); batch_norms != json.end()) {
    config.batch_norms.clear();  // files of earlier versions have none: no network had any
    for (const ReadJson& one : batch_norms->get_ref<const ReadJson::array_t&>()) {
      config.batch_norms.push_back(flag(one));
    }
  }
  if (const auto dropouts = json.find("dropouts"); dropouts != json.end()) {
    config.dropouts.clear();  // files of earlier versions have none: all were the network's
    for (const ReadJson& one : dropouts->get_ref<const ReadJson::array_t&>()) {
      config.dropouts.push_back(one.is_null() ? std::nullopt : std::optional(real(one)));
    }
  }
  if (const auto optimizers = json.find("optimizers"); optimizers != json.end()) {
    config.optimizers.clear();  // files of earlier versions have none: all was Adam
    for (const ReadJson& text_of_one : optimizers->get_ref<const ReadJson::array_t&>()) {
      config.optimizers.push_back(parse_optimizer(text_of_one.get<std::string>()));
    }
  }
  if (const auto schedules = json.find("schedules"); schedules != json.end()) {
    config.schedules.clear();  // files of earlier versions have none: all were constant
    for (const ReadJson& text_of_one : schedules->get_ref<const ReadJson::array_t&>()) {
      config.schedules.push_back(parse_schedule(text_of_one.get<std::string>()));
    }
  }
  if (const auto momenta = json.find("ema_momenta"); momenta != json.end()) {
    momenta->get_to(config.ema_momenta);  // files of earlier versions have none, nor averages
  }
  config.clippings.clear();
  for (const ReadJson& clipping : json.at("clippings").get_ref<const ReadJson::array_t&>()) {
    config.clippings.push_back(clipping_of(clipping));
  }
  json.at("learning_rates").get_to(config.learning_rates);
  config.batch_sizes = wholes<std::int64_t>(json.at("batch_sizes"));
  config.epochs = wholes<int>(json.at("epochs"));
  config.seeds = whole<int>(json.at("seeds"));
  config.seed = whole<std::uint64_t>(json.at("seed"));
  config.recipe = parse_recipe(text("recipe"));
  config.loss = parse_loss(text("loss"));
  config.precision = parse_precision(text("precision"));
  config.libraries = {parse_gemm(json.value("gemm", "saltus")),
                      parse_conv(json.value("conv", "saltus"))};
  config.device = parse_device(text("device"));
  config.threads = whole<int>(json.at("threads"));
  config.train_limit = limit_of(json.at("train_limit"));
  config.test_limit = limit_of(json.at("test_limit"));
  config.architecture = parse_architecture(json.value("network", "tutorial"));
  config.validation_split = json.value("validation_split", 0.0);
  if (const auto standardize = json.find("standardize"); standardize != json.end())
    config.standardize = flag(*standardize);
  if (const auto early = json.find("early_stopping"); early != json.end())
    config.early_stopping = parse_early_stopping(early->get<std::string>());
  if (const auto rules = json.find("until_decided"); rules != json.end())
    config.until_decided = until_decided_of(*rules);
  config.diagnostics = json.value("diagnostics", true);
  validate(config);
  return config;
}

/// Of images of this shape.
ImageSet set_of(const ReadJson& json, const std::vector<std::int64_t>& image) {
  ImageSet set;
  set.count = whole<std::int64_t>(json.at("images"));
  set.height = image.at(0);
  set.width = image.at(1);
  set.channels = image.at(2);
  json.at("images_md5").get_to(set.images_md5);
  json.at("labels_md5").get_to(set.labels_md5);
  return set;
}

ImageDataset data_of(const ReadJson& json) {
  ImageDataset data;
  json.at("name").get_to(data.name);
  data.title = json.value("title", "");
  json.at("source").get_to(data.source);
  data.classes = whole<int>(json.at("classes"));
  data.class_names = json.value("class_names", std::vector<std::string>{});
  data.target = json.value("target", "");
  data.test_source = json.value("test_source", "");
  if (const auto task = json.find("task"); task != json.end())
    data.task = parse_task(task->get<std::string>());
  data.target_names = json.value("targets", std::vector<std::string>{});
  const auto image = wholes<std::int64_t>(json.at("image"));
  if (image.size() != 3) {
    throw InvalidArgument(
        fmt::format("\"image\" has {} numbers; it takes height, width and channels", image.size()));
  }
  data.train = set_of(json.at("train"), image);
  data.test = set_of(json.at("test"), image);
  return data;
}

/// Earlier versions did not write all of it.
MachineInfo machine_of(const ReadJson& json) {
  const auto text = [&](const char* key) { return json.value(key, ""); };
  return {.version = text("saltus"),
          .compiler = text("compiler"),
          .system = text("system"),
          .cpu = text("cpu"),
          .cpu_features = text("cpu_features"),
          .cores = json.contains("cores") ? whole<int>(json.at("cores")) : 0,
          .loops = text("loops"),
          .onednn = text("onednn"),
          .cuda = text("cuda")};
}

}  // namespace

std::string sweep_json_text(const SweepPlan& plan, const MachineInfo& machine) {
  const SweepConfig& config = plan.config;
  return text_of({{"format", kSweepFormat},
                  {"version", kSchemaVersion},
                  {"config", json_of(config)},
                  {"data", json_of(*plan.data, config)},
                  {"machine", json_of(machine)}});
}

void write_sweep_json(const std::filesystem::path& file, const SweepPlan& plan,
                      const MachineInfo& machine) try {
  write_file_atomic(file, sweep_json_text(plan, machine));
} catch (...) {
  throw_as_promised();
}

RecordedSweep parse_sweep_json(std::string_view text, const std::string& name) {
  RecordedSweep sweep;
  understand(name, [&] {
    const ReadJson json = parse_json(text);
    check_format(json, kSweepFormat, kSchemaVersion);
    sweep.config = config_of(json.at("config"));
    sweep.data = data_of(json.at("data"));
    sweep.machine = machine_of(json.at("machine"));
  });
  return sweep;
}

RecordedSweep read_sweep_json(const std::filesystem::path& file) try {
  return parse_sweep_json(read_file(file, kMaxFileBytes), file.string());
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
