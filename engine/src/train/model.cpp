#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/model.h>
#include <saltus/nearest.h>

#include "core/boundary.h"
#include "train/trainer.h"

namespace saltus {

struct Model::State {
  Graph graph;
  std::vector<Weight> weights;
  std::unique_ptr<train::Trainer> trainer = nullptr;

  train::Trainer& compiled() const {
    if (!trainer) throw InvalidArgument("the model is not compiled; call compile() first");
    return *trainer;
  }

  std::size_t place_of(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const Weight& weight : weights) {
      if (weight.name == name) return names.size();
      names.push_back(weight.name);
    }
    throw InvalidArgument(
        names.empty()
            ? fmt::format("the model has no weights, '{}' was asked for", name)
            : fmt::format("the model has no weight '{}'{}", name, suggestion(name, names)));
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
  const std::size_t place = state().place_of(name);
  return state().compiled().get_weight(0, place);
} catch (...) {
  throw_as_promised();
}

void Model::set_weights(std::string_view name, std::span<const float> values) try {
  const std::size_t place = state().place_of(name);
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
