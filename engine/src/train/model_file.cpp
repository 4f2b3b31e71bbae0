#include "train/model_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>

#include "core/json.h"
#include "store/graph_json.h"
#include "store/npz.h"
#include "store/safetensors.h"
#include "train/trainer.h"

namespace saltus::train {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "saltus-model";
constexpr std::string_view kVersion = "1";

/// Moments are "optimizer/dense/kernel/moment_1", and where "dense/kernel" is an average, the
/// weight is "optimizer/dense/kernel/weight". With "before" at its end it is what the epoch at hand
/// began with. No weight of a layer has such a last part.
constexpr std::string_view kOptimizerPrefix = "optimizer/";
constexpr std::string_view kTrained = "weight";
constexpr std::string_view kBefore = "before";

std::string optimizer_name(const Weight& weight, std::string_view last) {
  return fmt::format("{}{}/{}", kOptimizerPrefix, weight.name, last);
}

/// The names of the moments that an optimizer can have. It has the first moments_of() of them.
std::span<const std::string_view> moments_in(const Optimizer& optimizer) {
  return std::visit([](const auto& o) { return std::span<const std::string_view>(o.kMoments); },
                    optimizer);
}

/// Whether it is named as what any optimizer keeps beside the weights.
bool is_of_optimizer(std::string_view name) {
  const auto ends = [&](std::string_view last) { return name.ends_with(fmt::format("/{}", last)); };
  return name.starts_with(kOptimizerPrefix) &&
         (ends(kTrained) || ends(kBefore) ||
          std::ranges::any_of(optimizer_list(), [&](const Optimizer& optimizer) {
            return std::ranges::any_of(moments_in(optimizer), ends);
          }));
}

std::vector<Weight> weights_in(const Graph& graph) {
  std::vector<Weight> weights;
  for (const Node& node : graph.nodes()) {
    weights.insert(weights.end(), node.weights.begin(), node.weights.end());
  }
  return weights;
}

/// Numbers keep all their bits; what JSON has no number for is a text.
Json exact(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

double exact_of(const ReadJson& json) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (json.is_number()) return json.get<double>();
  if (json == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (json == "inf") return kInfinity;
  if (json == "-inf") return -kInfinity;
  throw InvalidArgument(fmt::format("{} is no number", json.type_name()));
}

Json list_of(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(exact(value));
  return list;
}

std::vector<double> values_of(const ReadJson& json) {
  std::vector<double> values;
  for (const ReadJson& value : json.get_ref<const ReadJson::array_t&>()) {
    values.push_back(exact_of(value));
  }
  return values;
}

/// A whole number that counts.
template <std::integral T>
T count(const ReadJson& json) {
  const T value = whole<T>(json);
  if (value < 0) throw InvalidArgument(fmt::format("{} is negative", value));
  return value;
}

Json json_of(const CompiledWith& compiled) {
  Json json = {{"loss", compiled.loss},
               {"metrics", compiled.metrics},
               {"optimizer", saltus::json_of(compiled.optimizer)},
               {"precision", to_string(compiled.precision)},
               {"seed", compiled.seed},
               {"terminate_on_nan", compiled.terminate_on_nan}};
  if (!is_constant(compiled.schedule)) json["schedule"] = saltus::text_of(compiled.schedule);
  if (compiled.ema_momentum > 0) json["ema_momentum"] = compiled.ema_momentum;
  return json;
}

CompiledWith compiled_of(const ReadJson& json) {
  Members members(json);
  CompiledWith compiled;
  compiled.loss = members.at("loss").get<std::string>();
  for (const ReadJson& metric : members.at("metrics").get_ref<const ReadJson::array_t&>()) {
    compiled.metrics.push_back(metric.get<std::string>());
  }
  compiled.optimizer = optimizer_of(members.at("optimizer"));
  compiled.precision = parse_precision(members.at("precision").get_ref<const std::string&>());
  compiled.seed = whole<std::uint64_t>(members.at("seed"));
  compiled.terminate_on_nan = flag(members.at("terminate_on_nan"));
  if (const ReadJson* schedule = members.find("schedule"))
    compiled.schedule = parse_schedule(schedule->get_ref<const std::string&>());
  if (const ReadJson* momentum = members.find("ema_momentum")) {
    compiled.ema_momentum = real(*momentum);
    check_ema_momentum(compiled.ema_momentum);
  }
  members.require_no_more();
  return compiled;
}

Json json_of(const backend::BatchSums& sums) {
  Json metrics = Json::object();
  for (std::size_t i = 0; i < sums.metrics.size(); ++i) {
    metrics[std::string(ListedMetrics::kNames[i])] = exact(sums.metrics[i]);
  }
  return {{"rows", sums.rows},
          {"loss", exact(sums.loss)},
          {"metrics", metrics},
          {"clipped", sums.clipped},
          {"custom", list_of(sums.custom)}};
}

backend::BatchSums sums_of(const ReadJson& json) {
  Members members(json);
  backend::BatchSums sums;
  sums.rows = count<std::int64_t>(members.at("rows"));
  sums.loss = exact_of(members.at("loss"));
  Members metrics(members.at("metrics"));
  for (std::size_t i = 0; i < sums.metrics.size(); ++i) {
    sums.metrics[i] = exact_of(metrics.at(std::string(ListedMetrics::kNames[i])));
  }
  metrics.require_no_more();
  sums.clipped = count<std::int64_t>(members.at("clipped"));
  sums.custom = values_of(members.at("custom"));
  members.require_no_more();
  return sums;
}

/// What is done of the training, but for the tensors.
Json json_of(const TrainingState& state) {
  const Position& position = state.position;
  Json json = {{"steps", state.steps},
               {"learning_rate", state.learning_rate},
               {"epoch", position.epoch},
               {"order", position.order}};
  if (position.batch > 0) {
    json["inside_epoch"] = {{"batch", position.batch},
                            {"batch_size", position.batch_size},
                            {"samples", position.samples},
                            {"shuffle", position.shuffle},
                            {"sums", json_of(position.sums)},
                            {"seconds", exact(position.seconds)},
                            {"training_seconds", exact(position.training_seconds)}};
  }
  return json;
}

void read(const ReadJson& json, TrainingState& state) {
  Members members(json);
  Position& position = state.position;
  state.steps = whole<std::uint32_t>(members.at("steps"));
  state.learning_rate = real(members.at("learning_rate"));
  position.epoch = count<int>(members.at("epoch"));
  position.order = count<int>(members.at("order"));
  if (const ReadJson* inside = members.find("inside_epoch")) {
    Members rest(*inside);
    position.batch = count<std::int64_t>(rest.at("batch"));
    position.batch_size = count<std::int64_t>(rest.at("batch_size"));
    position.samples = count<std::int64_t>(rest.at("samples"));
    position.shuffle = flag(rest.at("shuffle"));
    position.sums = sums_of(rest.at("sums"));
    position.seconds = exact_of(rest.at("seconds"));
    position.training_seconds = exact_of(rest.at("training_seconds"));
    rest.require_no_more();
  }
  members.require_no_more();
}

Json json_of(const History& history) {
  Json figures = Json::object();
  for (const auto& [name, values] : history.history) figures[name] = list_of(values);
  return {{"epoch", history.epoch}, {"history", std::move(figures)}};
}

History history_of(const ReadJson& json) {
  Members members(json);
  History history;
  history.epoch = wholes<int>(members.at("epoch"));
  for (const auto& [name, values] : members.at("history").get_ref<const ReadJson::object_t&>()) {
    std::vector<double>& figure = history.history[name] = values_of(values);
    if (figure.size() != history.epoch.size()) {
      throw InvalidArgument(fmt::format("{} has {} values in {} epochs", ReadJson(name).dump(),
                                        figure.size(), history.epoch.size()));
    }
  }
  members.require_no_more();
  return history;
}

std::string joined(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 5;
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMost));
  std::string text = fmt::format("{}", fmt::join(names.begin(), end, ", "));
  if (names.size() > kMost) text += fmt::format(" and {} more", names.size() - kMost);
  return text;
}

/// Takes the tensors out that are named, in their order. Throws DataError where some are missing,
/// left over or of another shape.
std::vector<std::vector<float>> take(store::TensorFile& file,
                                     const std::vector<std::pair<std::string, Shape>>& wanted,
                                     const fs::path& path) {
  std::map<std::string, store::Tensor*, std::less<>> tensors;
  for (store::Tensor& tensor : file.tensors) tensors[tensor.name] = &tensor;
  std::vector<std::string> missing;
  std::vector<std::string> others;
  std::vector<std::vector<float>> values;
  for (const auto& [name, shape] : wanted) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      missing.push_back(name);
      continue;
    }
    store::Tensor& tensor = *found->second;
    tensors.erase(found);
    if (tensor.shape != shape) {
      others.push_back(
          fmt::format("{} is {}, not {}", name, to_string(tensor.shape), to_string(shape)));
    }
    values.push_back(std::move(tensor.values));
  }
  std::vector<std::string> left;
  for (const auto& [name, tensor] : tensors) left.push_back(ReadJson(name).dump());
  std::vector<std::string> problems;
  if (!missing.empty()) problems.push_back(fmt::format("it has no {}", joined(missing)));
  if (!left.empty()) problems.push_back(fmt::format("it has {} besides", joined(left)));
  if (!others.empty()) problems.push_back(joined(others));
  if (!problems.empty()) {
    throw DataError(fmt::format("{} does not hold the weights of this model: {}", path.string(),
                                fmt::join(problems, "; ")));
  }
  return values;
}

bool is_npz(const fs::path& path) {
  return path.extension() == ".npz";
}

store::TensorFile tensors_of(const std::vector<Weight>& weights,
                             std::vector<std::vector<float>> values) {
  store::TensorFile file;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    file.tensors.push_back({weights[i].name, weights[i].shape, std::move(values[i])});
  }
  return file;
}

}  // namespace

void write_model(const fs::path& path, const ModelFile& model) {
  const std::vector<Weight> weights = weights_in(model.graph);
  store::TensorFile file = tensors_of(weights, model.state.weights);
  const auto add = [&](std::string_view last, const std::vector<std::vector<float>>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!weights[i].trainable) continue;
      file.tensors.push_back({optimizer_name(weights[i], last), weights[i].shape, values[i]});
    }
  };
  for (std::size_t moment = 0; moment < model.state.moments.size(); ++moment)
    add(moments_in(model.compiled.value().optimizer)[moment], model.state.moments[moment]);
  add(kTrained, model.state.trained);
  add(kBefore, model.state.before);
  file.metadata = {{"format", std::string(kFormat)}, {"version", std::string(kVersion)}};
  try {
    file.metadata["graph"] = store::json_of(model.graph).dump();
    if (model.compiled) {
      file.metadata["compiled"] = json_of(*model.compiled).dump();
      file.metadata["training"] = json_of(model.state).dump();
      file.metadata["history"] = json_of(model.state.history).dump();
    }
  } catch (const Json::type_error&) {
    throw InvalidArgument(
        "a layer, loss or metric has a name that is not UTF-8; give it another to save the model");
  }
  store::write_safetensors(path, file);
}

ModelFile read_model(const fs::path& path) {
  store::TensorFile file = store::read_safetensors(path);
  const auto text = [&](const char* key) -> const std::string* {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? nullptr : &found->second;
  };
  const auto says = [&](const char* key, std::string_view value) {
    return text(key) != nullptr && *text(key) == value;
  };
  if (!says("format", kFormat) || !says("version", kVersion) || text("graph") == nullptr) {
    throw DataError(
        fmt::format("{} is no model of format {} {}; weights alone are read by load_weights()",
                    path.string(), kFormat, kVersion));
  }
  std::optional<Graph> graph;
  std::optional<CompiledWith> compiled;
  TrainingState state;
  const auto part = [&](const char* key, auto read_part) {
    understand(fmt::format("the {} in {}", key, path.string()),
               [&] { read_part(parse_unique_json(*text(key))); });
  };
  part("graph", [&](const ReadJson& json) { graph = store::graph_of(json); });
  if (text("compiled") != nullptr) {
    if (text("training") == nullptr || text("history") == nullptr) {
      throw DataError(fmt::format("{} lacks its training or history", path.string()));
    }
    part("compiled", [&](const ReadJson& json) { compiled = compiled_of(json); });
    part("training", [&](const ReadJson& json) {
      read(json, state);
      validate(with_learning_rate(compiled->optimizer, state.learning_rate));
    });
    part("history", [&](const ReadJson& json) { state.history = history_of(json); });
  }
  const std::vector<Weight> weights = weights_in(*graph);
  const auto moments =
      compiled ? static_cast<std::size_t>(backend::moments_of(compiled->optimizer)) : 0;
  std::vector<std::pair<std::string, Shape>> wanted;
  for (const Weight& weight : weights) wanted.emplace_back(weight.name, weight.shape);
  const auto want = [&](std::string_view last) {
    for (const Weight& weight : weights)
      if (weight.trainable) wanted.emplace_back(optimizer_name(weight, last), weight.shape);
  };
  for (std::size_t moment = 0; moment < moments; ++moment)
    want(moments_in(compiled->optimizer)[moment]);
  const bool averages = compiled && compiled->ema_momentum > 0;
  if (averages) want(kTrained);
  const bool diagnosed =
      state.position.batch > 0 && std::ranges::any_of(file.tensors, [](const auto& tensor) {
        return tensor.name.starts_with(kOptimizerPrefix) &&
               tensor.name.ends_with(fmt::format("/{}", kBefore));
      });
  if (diagnosed) want(kBefore);
  std::vector<std::vector<float>> values = take(file, wanted, path);
  auto next = values.begin();
  for (std::size_t i = 0; i < weights.size(); ++i) state.weights.push_back(std::move(*next++));
  const auto taken = [&] {
    std::vector<std::vector<float>> of_weights;
    for (const Weight& weight : weights)
      of_weights.push_back(weight.trainable ? std::move(*next++) : std::vector<float>());
    return of_weights;
  };
  for (std::size_t moment = 0; moment < moments; ++moment) state.moments.push_back(taken());
  if (averages) state.trained = taken();
  if (diagnosed) state.before = taken();
  return {std::move(*graph), std::move(compiled), std::move(state)};
}

std::string text_of(const Graph& graph, const CompiledWith& compiled) {
  return store::json_of(graph).dump() + json_of(compiled).dump();
}

std::vector<std::vector<float>> weights_of(store::TensorFile file,
                                           const std::vector<Weight>& weights,
                                           const fs::path& path) {
  // A model's file counts for its weights.
  std::erase_if(file.tensors,
                [](const store::Tensor& tensor) { return is_of_optimizer(tensor.name); });
  std::vector<std::pair<std::string, Shape>> wanted;
  for (const Weight& weight : weights) wanted.emplace_back(weight.name, weight.shape);
  return take(file, wanted, path);
}

store::TensorFile read_weights(const fs::path& path) {
  return is_npz(path) ? store::read_npz(path) : store::read_safetensors(path);
}

void write_weights(const fs::path& path, const std::vector<Weight>& weights,
                   std::vector<std::vector<float>> values) {
  const store::TensorFile file = tensors_of(weights, std::move(values));
  if (is_npz(path)) {
    store::write_npz(path, file);
  } else {
    store::write_safetensors(path, file);
  }
}

}  // namespace saltus::train
