#include <saltus/error.h>
#include <saltus/model.h>

#include "core/boundary.h"
#include "graph/structure.h"
#include "train/model_state.h"

namespace saltus {

Model::State::State(Graph network) : graph(std::move(network)) {
  for (const Node& node : graph.nodes()) {
    weights.insert(weights.end(), node.weights.begin(), node.weights.end());
  }
  given.resize(weights.size());
  values.resize(weights.size());
}

train::Trainer& Model::State::compiled() const {
  if (!trainer) throw InvalidArgument("the model is not compiled; call compile() first");
  return *trainer;
}

std::vector<float> Model::State::get_weights(std::size_t weight) const {
  if (trainer) return trainer->get_weight(0, weight);
  return given[weight] ? values[weight]
                       : train::initial_values(weights, CompileOptions{}.seed, weight);
}

void Model::State::set(std::size_t weight, std::span<const float> numbers) {
  train::check_values(weights[weight], numbers);
  given[weight] = true;
  if (trainer) {
    trainer->set_weight(0, weight, numbers);
  } else {
    values[weight].assign(numbers.begin(), numbers.end());
  }
}

std::vector<std::vector<float>> Model::State::all() const {
  std::vector<std::vector<float>> all;
  for (std::size_t i = 0; i < weights.size(); ++i) all.push_back(get_weights(i));
  return all;
}

Model::Model(Graph graph) : state_(std::make_unique<State>(std::move(graph))) {}

Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

Model::State& Model::state() const {
  if (!state_) {
    throw InvalidArgument("this Model was moved from; use the one that it was moved to");
  }
  return *state_;
}

void Model::compile(const CompileOptions& options) try {
  State& state = this->state();
  auto trainer = std::make_unique<train::Trainer>(
      std::vector<train::Entry>{
          {state.graph, options.optimizer, options.seed, options.schedule, options.ema_momentum}},
      options);
  for (std::size_t i = 0; i < state.weights.size(); ++i) {
    if (state.given[i]) trainer->set_weight(0, i, state.get_weights(i));
    state.values[i] = {};
  }
  state.trainer = std::move(trainer);
} catch (...) {
  throw_as_promised();
}

bool Model::compiled() const {
  return state().trainer != nullptr;
}

History Model::fit(const Samples& samples, const FitOptions& options) try {
  return state().compiled().fit(samples, options, std::span(&options.callbacks, 1)).front();
} catch (...) {
  throw_as_promised();
}

Logs Model::evaluate(const Samples& samples, std::int64_t batch_size,
                     const std::vector<CallbackPtr>& callbacks) try {
  return state().compiled().evaluate(samples, batch_size, std::span(&callbacks, 1)).front();
} catch (...) {
  throw_as_promised();
}

std::vector<float> Model::predict(const Samples& samples, std::int64_t batch_size) try {
  return state().compiled().predict(0, samples, batch_size);
} catch (...) {
  throw_as_promised();
}

std::vector<float> Model::outputs(std::string_view layer, const Samples& samples,
                                  std::int64_t batch_size) try {
  State& state = this->state();
  const train::Trainer& whole = state.compiled();
  // A network that ends there, on the same device, with the same weights.
  const Graph part = part_up_to(state.graph, node_named(state.graph, layer));
  CompileOptions options = whole.options();
  options.loss = losses::MeanSquaredError{};
  options.metrics.clear();
  train::Trainer trainer({{part, SGD{}, options.seed}}, options);
  for (std::size_t i = 0; i < trainer.weights().size(); ++i) {
    const std::size_t place = train::weight_named(state.weights, trainer.weights()[i].name);
    trainer.set_weight(0, i, whole.get_weight(0, place));
  }
  return trainer.predict(0, samples, batch_size);
} catch (...) {
  throw_as_promised();
}

std::vector<LayerDiagnostics> Model::diagnose(const Samples& samples) try {
  return state().compiled().diagnose(0, samples);
} catch (...) {
  throw_as_promised();
}

std::string Model::summary() const {
  return state().graph.summary();
}

const Graph& Model::graph() const {
  return state().graph;
}

const std::vector<Weight>& Model::weights() const {
  return state().weights;
}

std::vector<float> Model::get_weights(std::string_view name) const try {
  return state().get_weights(train::weight_named(state().weights, name));
} catch (...) {
  throw_as_promised();
}

void Model::set_weights(std::string_view name, std::span<const float> values) try {
  state().set(train::weight_named(state().weights, name), values);
} catch (...) {
  throw_as_promised();
}

std::optional<Divergence> Model::divergence() const {
  const State& state = this->state();
  return state.trainer ? state.trainer->divergence(0) : std::nullopt;
}

Sequential::Sequential(Shape input_shape, std::initializer_list<Layer> layers)
    : Model([&] {
        Graph graph(std::move(input_shape));
        for (const Layer& layer : layers) graph.add(layer);
        return graph;
      }()) {}

}  // namespace saltus
