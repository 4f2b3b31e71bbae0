// A residual network, which is no chain: a Graph, where layers are added behind those that they
// read.
#include <iostream>

#include <saltus/saltus.h>

using namespace saltus;
using namespace saltus::layers;

/// Two convolutions, and the input added to what they give.
NodeId block(Graph& graph, NodeId input, std::int64_t filters) {
  const Conv2D convolution = {.filters = filters, .padding = Padding::same, .use_bias = false};
  graph.add_to({input}, convolution);
  graph.add(BatchNormalization{});
  graph.add(Activation("relu"));
  graph.add(convolution);
  const NodeId branch = graph.add(BatchNormalization{});
  graph.add_to({input, branch}, Add{});
  return graph.add(Activation("relu"));
}

int main(int argc, char** argv) {
  const ImageDataset data = load_dataset(argc > 1 ? argv[1] : "mnist");
  const ImageSet train = data.train.first(2000);
  Graph graph({train.height, train.width, train.channels});
  NodeId end = graph.add(Conv2D{.filters = 8, .strides = {2, 2}, .activation = "relu"});
  for (int i = 0; i < 2; ++i) end = block(graph, end, 8);
  graph.add(GlobalAveragePooling2D{});
  graph.add(Dense{.units = data.classes});
  graph.add(Softmax{});

  Model model(graph);
  std::cout << model.summary();
  model.compile({.metrics = {metrics::CategoricalAccuracy{}}});
  model.fit(train, {.epochs = 2, .callbacks = {progress_bar(std::cout)}});
}
