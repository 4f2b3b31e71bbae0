#include <saltus/error.h>
#include <saltus/model.h>

#include "core/boundary.h"
#include "graph/structure.h"
#include "train/trainer.h"

namespace saltus {

struct Model::State {
  Graph graph;
  std::vector<Weight> weights;
  CompileOptions options = {};
  std::unique_ptr<train::Trainer> trainer = nullptr;

  train::Trainer& compiled() const {
    if (!trainer) throw InvalidArgument("the model is not compiled; call compile() first");
    return *trainer;
  }
};

Model::Model(Graph graph) : state_(std::make_unique<State>(State{std::move(graph), {}})) {
  for (const Node& node : state_->graph.nodes()) {
    state_->weights.insert(state_->weights.end(), node.weights.begin(), node.weights.end());
  }
}

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
  state.options = options;
  state.trainer = std::make_unique<train::Trainer>(
      std::vector<train::Entry>{{state.graph, options.optimizer, options.seed}}, options);
} catch (...) {
  throw_as_promised();
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
  CompileOptions options = state.options;
  options.loss = Loss::mean_squared_error;
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
  const std::size_t place = train::weight_named(state().weights, name);
  return state().compiled().get_weight(0, place);
} catch (...) {
  throw_as_promised();
}

void Model::set_weights(std::string_view name, std::span<const float> values) try {
  const std::size_t place = train::weight_named(state().weights, name);
  state().compiled().set_weight(0, place, values);
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
