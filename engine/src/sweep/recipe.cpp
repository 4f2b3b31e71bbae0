#include <saltus/sweep.h>

#include "core/names.h"

namespace saltus {
namespace {

constexpr Named<Recipe> kRecipes[] = {
    {Recipe::tutorial, "tutorial"},
    {Recipe::matched, "matched"},
};

/// What a recipe says about an activation.
struct Companions {
  Initializer initializer;
  bool alpha_dropout;
};

Companions companions(Recipe recipe, const Activation& activation) {
  if (recipe == Recipe::matched) {
    const ActivationInfo& info = activation.info();
    return {parse_initializer(info.initializer), info.dropout == "alpha_dropout"};
  }
  const bool selu = activation.name() == "selu";
  return {selu ? Initializer::lecun_normal : Initializer::glorot_uniform, true};
}

}  // namespace

std::string_view to_string(Recipe recipe) {
  return name_in(kRecipes, recipe);
}
Recipe parse_recipe(std::string_view name) {
  return parse_in(kRecipes, "recipe", name);
}

Graph recipe_graph(Recipe recipe, const Activation& activation, const Shape& image,
                   std::int64_t classes) {
  const Companions with = companions(recipe, activation);
  const auto convolution = [&](std::int64_t filters) {
    return layers::Conv2D{.filters = filters, .kernel_initializer = with.initializer};
  };
  const auto dropout = [&](double rate) -> Layer {
    if (with.alpha_dropout) return layers::AlphaDropout{rate};
    return layers::Dropout{rate};
  };

  Graph graph(image);
  graph.add(convolution(32));
  graph.add(activation);
  graph.add(convolution(64));
  graph.add(activation);
  graph.add(layers::MaxPooling2D{});
  graph.add(dropout(0.25));
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 128, .kernel_initializer = with.initializer});
  graph.add(activation);
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
