// The commands over the files of models: predict, evaluate, summary, export.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/model.h>
#include <saltus/sweep.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Ended;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// A row of predictions.
struct Row {
  std::string number, label, predicted;
  std::vector<float> outputs;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<Row> rows_of(const std::string& csv) {
  std::vector<Row> rows;
  for (const std::string& line : lines_of(csv)) {
    std::istringstream cells(line);
    Row row;
    std::getline(cells, row.number, ',');
    std::getline(cells, row.label, ',');
    std::getline(cells, row.predicted, ',');
    for (std::string cell; std::getline(cells, cell, ',');) {
      float value = -1;
      std::from_chars(cell.data(), cell.data() + cell.size(), value);
      row.outputs.push_back(value);
    }
    rows.push_back(row);
  }
  if (!rows.empty()) rows.erase(rows.begin());  // the titles
  return rows;
}

class ModelCommands : public test::ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    write_model("m.safetensors");
  }

  Ended call(const std::string& command, const std::vector<std::string>& more = {},
             const std::string& model = "m.safetensors", const std::string& data = "data") {
    std::vector<std::string> arguments = {command, model, "--data", data, "--device", "cpu"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }

  Model load(const std::string& name = "m.safetensors") const {
    return Model::load(path(name), {.device = Device::cpu, .threads = 1});
  }
  ImageDataset data(const std::string& name = "data") const {
    return load_dataset(path(name).string());
  }

  /// Rows for all these images with the floats of the library and the larger of two as the class.
  static void expect_rows(const std::string& csv, const ImageSet& images, Model model) {
    const std::vector<float> outputs = model.predict(images);
    const std::vector<Row> rows = rows_of(csv);
    ASSERT_EQ(rows.size(), images.labels.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ASSERT_EQ(rows[i].number, std::to_string(i));
      ASSERT_EQ(rows[i].label, std::to_string(images.labels[i]));
      ASSERT_THAT(rows[i].outputs, ElementsAre(outputs[2 * i], outputs[2 * i + 1]));
      ASSERT_EQ(rows[i].predicted, outputs[2 * i + 1] > outputs[2 * i] ? "1" : "0");
    }
  }

  /// More images than are predicted at once.
  void write_many(const std::string& name, int count) const {
    ImageDataset many = data();
    ImageSet& test = many.test;
    auto& pixels = std::get<std::vector<std::uint8_t>>(test.pixels);
    pixels.resize(static_cast<std::size_t>(count) * 64);
    test.labels.resize(static_cast<std::size_t>(count));
    for (std::size_t i = 32 * 64; i < pixels.size(); ++i) {
      pixels[i] = static_cast<std::uint8_t>(pixels[i - 31 * 64] + i % 3);
    }
    for (std::size_t i = 32; i < test.labels.size(); ++i) test.labels[i] = i % 3 == 0 ? 1 : 0;
    test.count = count;
    write_data(name, many);
  }
};

TEST_F(ModelCommands, PredictWritesWhatTheLibraryPredicts) {
  const Ended test = call("predict");
  ASSERT_EQ(test.code, 0) << test.err;
  EXPECT_EQ(test.err, "");
  EXPECT_THAT(test.out, testing::StartsWith("number,label,predicted,output_0,output_1\n0,0,"));
  expect_rows(test.out, data().test, load());
  expect_rows(call("predict", {"--set", "train"}).out, data().train, load());
  expect_rows(call("predict", {"--limit", "5", "--threads", "2"}).out, data().test.first(5),
              load());
  EXPECT_EQ(call("predict", {"--limit", "1000"}).out, test.out);
}

TEST_F(ModelCommands, PredictReplacesAFileWholeOrNotAtAll) {
  const std::string all = call("predict").out;
  write("p.csv", "old");
  const Ended ended = call("predict", {"--out", "p.csv"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out, "wrote predictions for 32 images into p.csv\n");
  EXPECT_EQ(text("p.csv"), all);
  const Ended limited = run({"predict", "m.safetensors", "--data", "data", "--out", "p.csv"}, {},
                            "ulimit -f 1");  // of 512 bytes
  EXPECT_EQ(limited.code, 1);
  EXPECT_THAT(limited.err, HasSubstr("cannot write p.csv: "));
  EXPECT_EQ(text("p.csv"), all);
  for (const auto& [name, content] : files("")) EXPECT_THAT(name, Not(testing::EndsWith(".tmp")));
}

TEST_F(ModelCommands, ManyImagesAreOneWhole) {
  write_many("many", 2500);
  const Ended predicted = call("predict", {}, "m.safetensors", "many");
  ASSERT_EQ(predicted.code, 0) << predicted.err;
  expect_rows(predicted.out, data("many").test, load());
  const Ended evaluated = call("evaluate", {"--json"}, "m.safetensors", "many");
  ASSERT_EQ(evaluated.code, 0) << evaluated.err;
  const json figures = json::parse(evaluated.out);
  // Means of means are rounded otherwise, but no more than that.
  for (const auto& [name, value] : load().evaluate(data("many").test)) {
    EXPECT_DOUBLE_EQ(figures.at(name).get<double>(), value) << name;
  }
}

TEST_F(ModelCommands, EvaluateGivesTheLossAndEveryMetric) {
  Model model = load();
  for (const char* set : {"test", "train"}) {
    const ImageDataset all = data();
    const Logs logs = model.evaluate(set == std::string("test") ? all.test : all.train);
    const Ended ended = call("evaluate", {"--json", "--set", set});
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(json::parse(ended.out), json(logs));
    const std::vector<std::string> lines = lines_of(call("evaluate", {"--set", set}).out);
    ASSERT_EQ(lines.size(), 3u);
    const char* names[] = {"loss                  ", "binary_accuracy       ",
                           "categorical_accuracy  "};
    for (std::size_t i = 0; i < 3; ++i) {
      ASSERT_THAT(lines[i], testing::StartsWith(names[i]));
      const std::string name = lines[i].substr(0, lines[i].find(' '));
      // Six digits.
      EXPECT_NEAR(std::stod(lines[i].substr(22)), logs.at(name), 1e-6 * logs.at(name));
    }
  }
}

TEST_F(ModelCommands, EvaluateGivesTheFiguresOfTheSweepThatKeptTheModel) {
  ASSERT_EQ(run(small_sweep({"--save", "last", "--device", "cpu"})).code, 0);
  int models = 0;
  for (const std::string& line : lines_of(text("out/history.csv"))) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
    if (cells.front() == "activation") continue;
    const std::string model = "out/models/" + cells.back() + ".safetensors";
    const Ended ended = call("evaluate", {"--json"}, model);
    ASSERT_EQ(ended.code, 0) << ended.err;
    const json figures = json::parse(ended.out);
    // Batches of another size are summed up otherwise.
    const char* names[] = {"loss", "binary_accuracy", "categorical_accuracy"};
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(figures.at(names[i]).get<double>(), std::stod(cells[7 + i]), 1e-6) << names[i];
    }
    ++models;
  }
  EXPECT_EQ(models, 4);
}

TEST_F(ModelCommands, EvaluateNeedsNotThePrecisionOfTheTraining) {
  const std::string before = call("evaluate").out;
  std::string file = text("m.safetensors");
  const std::size_t at = file.find(R"(\"precision\":\"fp32\")");
  ASSERT_NE(at, std::string::npos);
  write("m.safetensors", file.replace(at, 22, R"(\"precision\":\"tf32\")"));
  const Ended ended = call("evaluate");
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out, before);
}

TEST_F(ModelCommands, WhatWasCompiledCountsForEvaluateAlone) {
  Model bare = load();
  Model plain(bare.graph());
  for (const Weight& weight : bare.weights()) {
    plain.set_weights(weight.name, bare.get_weights(weight.name));
  }
  plain.save(path("plain.safetensors"));
  plain.compile({.loss = Loss::custom("mine", [](auto, auto, auto) { return 1.0; }),
                 .metrics = {Metric::custom("own", [](auto, auto) { return 1.0; })},
                 .device = Device::cpu});
  plain.save(path("custom.safetensors"));
  const std::string predictions = call("predict").out;
  ASSERT_EQ(run({"export", "m.safetensors", "--onnx", "m.onnx"}).code, 0);
  for (const std::string name : {"plain.safetensors", "custom.safetensors"}) {
    EXPECT_EQ(call("predict", {}, name).out, predictions);
    EXPECT_EQ(run({"summary", name}).out, bare.summary());
    EXPECT_EQ(run({"export", name, "--onnx", "other.onnx"}).out, "wrote other.onnx\n");
    EXPECT_EQ(text("other.onnx"), text("m.onnx"));
    const Ended evaluated = call("evaluate", {}, name);
    EXPECT_EQ(evaluated.code, 2);
    EXPECT_THAT(evaluated.err, HasSubstr(name == "plain.safetensors" ? "was never compiled"
                                                                     : "custom loss 'mine'"));
  }
}

TEST_F(ModelCommands, OneOutputIsNoClass) {
  Sequential model({64}, {layers::Dense{.units = 1, .activation = "sigmoid"}});
  model.save(path("one.safetensors"));
  model.compile({.loss = losses::BinaryCrossentropy{}, .device = Device::cpu});
  const Ended ended = call("predict", {"--limit", "2"}, "one.safetensors");
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, testing::StartsWith("number,label,predicted,output_0\n0,0,,0."));
  const std::vector<float> outputs = model.predict(data().test);
  const std::vector<Row> rows = rows_of(ended.out);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0].outputs, ElementsAre(outputs[0]));
  EXPECT_THAT(rows[1].outputs, ElementsAre(outputs[1]));
}

TEST_F(ModelCommands, ExportWritesWhatTheLibraryDoes) {
  load().export_onnx(path("library.onnx"));
  write("m.onnx", "old");
  const Ended limited = run({"export", "m.safetensors", "--onnx", "m.onnx"}, {}, "ulimit -f 1");
  EXPECT_EQ(limited.code, 1);
  EXPECT_THAT(limited.err, HasSubstr("cannot write m.onnx: "));
  EXPECT_EQ(text("m.onnx"), "old");
  const Ended ended = run({"export", "m.safetensors", "--onnx", "m.onnx"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out, "wrote m.onnx\n");
  EXPECT_EQ(text("m.onnx"), text("library.onnx"));
}

TEST_F(ModelCommands, SummaryShowsTheLayers) {
  EXPECT_EQ(run({"summary", "m.safetensors"}).out, load().summary());
}

TEST_F(ModelCommands, SummaryShowsTheNetworksOfASweep) {
  // What stands below the table of the first activation.
  const auto below = [&](const std::string& activations, Recipe recipe) {
    const std::string out =
        run({"summary", "--activations", activations, "--recipe", std::string(to_string(recipe))})
            .out;
    const auto first = Activation::parse(activations.substr(0, activations.find(',')));
    SweepConfig config;
    config.recipe = recipe;
    const std::string table = network_of(config, {.activation = first}, {28, 28, 1}, 10).summary();
    EXPECT_TRUE(out.starts_with(table)) << out;
    return out.substr(std::min(table.size(), out.size()));
  };
  EXPECT_EQ(below("selu", Recipe::tutorial), "");
  EXPECT_EQ(below("relu", Recipe::matched), "");
  EXPECT_EQ(below("relu,elu,tanh", Recipe::tutorial),
            "\nThis is the network with relu; with elu, tanh it differs in the activation only.\n");
  EXPECT_EQ(below("relu,selu,elu:alpha=0.2", Recipe::tutorial),
            "\nThis is the network with relu. What differs by activation:\n\n"
            "activation     initializer\n"
            "relu           glorot_uniform\n"
            "selu           lecun_normal\n"
            "elu:alpha=0.2  glorot_uniform\n");
  EXPECT_EQ(below("silu,swish:beta=learned channel", Recipe::tutorial),
            "\nThis is the network with silu. What differs by activation:\n\n"
            "activation                  parameters\n"
            "silu                        1,199,882\n"
            "swish:beta=learned channel  1,200,106\n");
  EXPECT_EQ(run({"summary", "--activations", "relu", "--batch-norm", "yes"}).out,
            network_of({}, {.activation = Activation("relu"), .batch_norm = true}, {28, 28, 1}, 10)
                .summary());
  EXPECT_EQ(below("relu,selu", Recipe::matched),
            "\nThis is the network with relu. What differs by activation:\n\n"
            "activation  initializer   dropout\n"
            "relu        he_normal     Dropout\n"
            "selu        lecun_normal  AlphaDropout\n");
}

}  // namespace
}  // namespace saltus
