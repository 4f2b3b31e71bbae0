#include <saltus/sweep.h>

#include "core/names.h"

namespace saltus {
namespace {

constexpr Named<Recipe> kRecipes[] = {
    {Recipe::tutorial, "tutorial"},
    {Recipe::matched, "matched"},
};

/// The choices of a recipe for an activation.
struct Companions {
  Initializer initializer;
  bool alpha_dropout;
};

Companions companions(Recipe recipe, const Activation& activation) {
  using namespace initializers;
  if (recipe == Recipe::matched) {
    const ActivationInfo& info = activation.info();
    return {parse_initializer(info.initializer), info.dropout == "alpha_dropout"};
  }
  const bool selu = activation.name() == "selu";
  return {selu ? Initializer(LecunNormal()) : Initializer(GlorotUniform()), true};
}

}  // namespace

std::string_view to_string(Recipe recipe) {
  return name_in(kRecipes, recipe);
}
Recipe parse_recipe(std::string_view name) {
  return parse_in(kRecipes, "recipe", name);
}

std::string text_of(const std::optional<Initializer>& initializer) {
  return initializer ? to_string(*initializer) : "recipe";
}
std::optional<Initializer> parse_initializer_or_recipe(std::string_view text) {
  if (text == text_of(std::nullopt)) return std::nullopt;
  return parse_initializer(text);
}

Graph recipe_graph(Recipe recipe, const Activation& activation, const Shape& image,
                   std::int64_t classes, const std::optional<Initializer>& initializer,
                   bool batch_norm) {
  Companions with = companions(recipe, activation);
  if (initializer) with.initializer = *initializer;
  const auto convolution = [&](std::int64_t filters) {
    return layers::Conv2D{
        .filters = filters, .use_bias = !batch_norm, .kernel_initializer = with.initializer};
  };
  const auto dropout = [&](double rate) -> Layer {
    if (with.alpha_dropout) return layers::AlphaDropout{rate};
    return layers::Dropout{rate};
  };

  Graph graph(image);
  const auto activate = [&] {
    if (batch_norm) graph.add(layers::BatchNormalization{});
    graph.add(activation);
  };
  graph.add(convolution(32));
  activate();
  graph.add(convolution(64));
  activate();
  graph.add(layers::MaxPooling2D{});
  graph.add(dropout(0.25));
  graph.add(layers::Flatten{});
  graph.add(
      layers::Dense{.units = 128, .use_bias = !batch_norm, .kernel_initializer = with.initializer});
  activate();
  graph.add(dropout(0.5));
  graph.add(layers::Dense{.units = classes});
  graph.add(layers::Softmax{});
  return graph;
}

std::vector<Activation> tutorial_activations() {
  std::vector<Activation> activations;
  for (const char* name : {"sigmoid", "relu", "elu", "leaky_relu", "selu", "gelu_tanh"}) {
    activations.push_back(Activation::parse(name));
  }
  return activations;
}

}  // namespace saltus
