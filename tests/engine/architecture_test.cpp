// The networks that a sweep can train.
#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/architecture.h>
#include <saltus/error.h>
#include <saltus/machine.h>
#include <saltus/sweep.h>

#include "report/sweep_texts.h"
#include "tests/engine/error_of.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Graph graph(const char* text, bool batch_norm = false, Shape image = {28, 28, 1}) {
  SweepConfig config;
  config.recipe = Recipe::matched;
  config.architecture = parse_architecture(text);
  return network_of(config, {.activation = Activation("relu"), .batch_norm = batch_norm}, image,
                    10);
}

std::vector<std::string> kinds(const Graph& graph) {
  std::vector<std::string> kinds;
  for (const Node& node : graph.nodes()) kinds.emplace_back(kind_name(node.layer));
  return kinds;
}

template <class L>
std::ptrdiff_t count(const Graph& graph) {
  return std::ranges::count_if(
      graph.nodes(), [](const Node& node) { return std::holds_alternative<L>(node.layer); });
}

TEST(Architecture, AnMlpIsDenseLayers) {
  EXPECT_THAT(kinds(graph("mlp:depth=2:width=64:dropout=0.1")),
              ElementsAre("InputLayer", "Flatten", "Dense", "Activation", "Dropout", "Dense",
                          "Activation", "Dropout", "Dense", "Softmax"));
  // 784 x 64 + 64, 64 x 64 + 64, 64 x 10 + 10.
  EXPECT_EQ(graph("mlp:depth=2:width=64").trainable_count(), 50240 + 4160 + 650);
}

TEST(Architecture, AnMlpOfNoLayerIsLinear) {
  EXPECT_THAT(kinds(graph("mlp:depth=0")),
              ElementsAre("InputLayer", "Flatten", "Dense", "Softmax"));
}

TEST(Architecture, AnMlpCanAddWhatCameIn) {
  const Graph net = graph("mlp:depth=3:width=64:residual=1");
  EXPECT_THAT(kinds(net),
              ElementsAre("InputLayer", "Flatten", "Dense", "Activation", "Dense", "Activation",
                          "Add", "Dense", "Activation", "Add", "Dense", "Softmax"));
  EXPECT_THAT(net.nodes()[6].inputs, ElementsAre(5, 3));
  EXPECT_THAT(net.nodes()[9].inputs, ElementsAre(8, 6));
}

TEST(Architecture, ACnnDoublesItsFilters) {
  // 3 x 3: 1 to 8, 8 to 8, 8 to 16, 16 to 16; then 16 to 10.
  EXPECT_EQ(graph("cnn:filters=8").trainable_count(), 80 + 584 + 1168 + 2320 + 170);
  EXPECT_EQ(count<layers::MaxPooling2D>(graph("cnn:blocks=3")), 3);
  EXPECT_EQ(graph("cnn:blocks=3:filters=4").nodes()[4].shape, (Shape{28, 28, 4}));
}

// Table 6 of He et al. counts 6 n + 2 layers with weights; with channels that double there are two
// projections beside them.
TEST(Architecture, AResnetIsThatOfThePaper) {
  const Graph net = graph("resnet:blocks=3", true, {32, 32, 3});
  EXPECT_EQ(count<layers::Conv2D>(net), 6 * 3 + 1 + 2);
  EXPECT_EQ(count<layers::Dense>(net), 1);
  EXPECT_EQ(count<layers::Add>(net), 9);
  // 0.27 M in the paper, whose shortcuts have no weights: 269,722. Two projections, 16 x 32 and 32
  // x 64, with their normalizations are more.
  EXPECT_EQ(net.trainable_count(), 269'722 + 16 * 32 + 32 * 64 + 2 * (32 + 64));
  const auto pooled = std::ranges::find_if(net.nodes(), [](const Node& node) {
    return std::holds_alternative<layers::GlobalAveragePooling2D>(node.layer);
  });
  EXPECT_EQ(pooled->shape, (Shape{64}));
  EXPECT_EQ((pooled - 1)->shape, (Shape{8, 8, 64}));
}

TEST(Architecture, SignalsAreConvolvedAlongThemselves) {
  for (const Shape& image : {Shape{1, 40, 1}, Shape{40, 1, 1}}) {
    const bool is_row = image[0] == 1;
    const auto along = [&](std::int64_t size) { return is_row ? Size2{1, size} : Size2{size, 1}; };
    for (const char* text : {"tutorial", "cnn", "resnet:blocks=1"}) {
      const Graph net = graph(text, false, image);
      std::int64_t extent = 40;
      for (const Node& node : net.nodes()) {
        if (const auto* layer = std::get_if<layers::Conv2D>(&node.layer)) {
          EXPECT_TRUE(layer->kernel_size == along(3) || layer->kernel_size == along(1)) << text;
        }
        if (const auto* layer = std::get_if<layers::MaxPooling2D>(&node.layer)) {
          EXPECT_EQ(layer->pool_size, along(2)) << text;
        }
        if (node.shape.size() == 3) extent = node.shape[is_row ? 1 : 0];
      }
      // Without margins and halved; halved twice; twice in steps of two.
      EXPECT_EQ(extent, std::string(text) == "tutorial" ? 18 : 10) << text;
    }
  }
  SweepConfig config = test::small_config();
  config.architecture = parse_architecture("cnn:blocks=4:filters=2");
  ImageDataset data = test::small_data();
  for (ImageSet* set : {&data.train, &data.test}) {
    set->width *= set->height;
    set->height = 1;
  }
  EXPECT_TRUE(run_sweep(plan_sweep(config, data)).complete);
  config.architecture = parse_architecture("cnn:blocks=8:filters=1");
  EXPECT_THAT(error_of<DataError>([&] { plan_sweep(config, data); }),
              HasSubstr("images of 1 x 64 are too small for the network cnn:blocks=8:filters=1, "
                        "which takes 1 x 256 or more"));
}

TEST(Architecture, RowsOfATableAreForDenseLayers) {
  SweepConfig config = test::small_config();
  ImageDataset data = test::small_data();
  for (ImageSet* set : {&data.train, &data.test}) {
    set->channels = set->height * set->width;
    set->height = set->width = 1;
  }
  for (const char* text : {"tutorial", "cnn", "resnet"}) {
    config.architecture = parse_architecture(text);
    EXPECT_THAT(error_of<DataError>([&] { plan_sweep(config, data); }),
                HasSubstr("choose --network mlp"));
  }
  config.architecture = parse_architecture("mlp:depth=1:width=8");
  EXPECT_TRUE(run_sweep(plan_sweep(config, data)).complete);
}

TEST(Architecture, TextsGiveItBack) {
  for (const char* text : {"tutorial", "mlp:depth=5", "cnn:blocks=1:dropout=0.25", "resnet"}) {
    EXPECT_EQ(text_of(parse_architecture(text)), text);
  }
  const auto complaint = [](const char* text) {
    return error_of([&] { parse_architecture(text); });
  };
  EXPECT_THAT(complaint("resnt"), HasSubstr("did you mean resnet"));
  EXPECT_THAT(complaint("mlp:depth=-1"), HasSubstr("must be 0 to 1024"));
  EXPECT_THAT(complaint("mlp:width=0"), HasSubstr("must be 1 to 1024"));
  EXPECT_THAT(complaint("mlp:depth=2.5"), HasSubstr("whole numbers"));
  EXPECT_THAT(complaint("mlp:hidden=5"), HasSubstr("no parameter 'hidden'"));
}

TEST(Architecture, IsPartOfASweepAndItsTrials) {
  SweepConfig config = test::small_config();
  const std::string tutorial = plan_sweep(config, test::small_data()).trials[0].id;
  config.architecture = parse_architecture("mlp:depth=1:width=8");
  const SweepPlan plan = plan_sweep(config, test::small_data());
  EXPECT_NE(plan.trials[0].id, tutorial);
  EXPECT_EQ(network_text(config), "mlp:depth=1:width=8, tutorial recipe");
  const RecordedSweep read = parse_sweep_json(sweep_json_text(plan, machine_info()), "sweep.json");
  EXPECT_EQ(text_of(read.config.architecture), "mlp:depth=1:width=8");
  EXPECT_TRUE(run_sweep(plan).complete);

  config.architecture = parse_architecture("resnet:blocks=1:filters=2");
  config.batch_norms = {false, true};
  EXPECT_TRUE(run_sweep(plan_sweep(config, test::small_data())).complete);
}

TEST(Architecture, SaysWhichImagesAreTooSmall) {
  SweepConfig config = test::small_config();
  config.architecture = parse_architecture("cnn:blocks=4");  // 8, 4, 2, 1 pixels
  EXPECT_THAT(error_of<DataError>([&] { plan_sweep(config, test::small_data()); }),
              HasSubstr("too small for the network cnn:blocks=4, which takes 16 x 16 or more"));
}

}  // namespace
}  // namespace saltus
