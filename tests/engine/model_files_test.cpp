// Models that are saved, loaded and continued.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/model.h>

#include "core/file.h"
#include "store/npz.h"
#include "store/safetensors.h"
#include "tests/engine/error_of.h"
#include "tests/engine/striped_images.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

Graph network() {
  Graph graph({6, 6, 1});
  graph.add(layers::Conv2D{.filters = 3, .activation = "elu:alpha=0.5"});
  graph.add(layers::BatchNormalization{.momentum = 0.5});
  graph.add(layers::Dropout{0.25});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 3});
  graph.add(layers::Softmax{});
  return graph;
}

class ModelFiles : public testing::Test {
 protected:
  ModelFiles() : folder_(testing::TempDir()) {}

  fs::path file(const std::string& name) const { return folder_.path() / name; }

  static Model compiled(const Optimizer& optimizer, int threads = 1) {
    Model model = network();
    model.compile({.optimizer = optimizer,
                   .metrics = {metrics::CategoricalAccuracy{}},
                   .device = Device::cpu,
                   .threads = threads,
                   .seed = 7});
    return model;
  }
  History fit(Model& model, int epochs, int initial, std::vector<CallbackPtr> callbacks = {}) {
    return model.fit(data_.samples(), {.epochs = epochs,
                                       .initial_epoch = initial,
                                       .batch_size = 4,
                                       .validation_split = 0.2,
                                       .callbacks = std::move(callbacks)});
  }

  /// Weights, predictions and figures but for the times.
  void expect_same(Model& a, Model& b) {
    for (const Weight& weight : a.weights()) {
      EXPECT_EQ(a.get_weights(weight.name), b.get_weights(weight.name)) << weight.name;
    }
    EXPECT_EQ(a.predict(data_.samples()), b.predict(data_.samples()));
    EXPECT_EQ(a.history().epoch, b.history().epoch);
    for (const char* name : {"loss", "val_loss", "categorical_accuracy", "learning_rate"}) {
      EXPECT_EQ(a.history().at(name), b.history().at(name)) << name;
    }
  }

  ScratchFolder folder_;
  tests::StripedImages data_;
};

TEST_F(ModelFiles, AreContinuedWithTheSameBits) {
  const Clipping value{.clipvalue = 0.01};
  std::vector<Optimizer> optimizers = optimizer_list();
  optimizers.insert(optimizers.end(), {Adam{.clipping = value}, SGD{.learning_rate = 0.1},
                                       SGD{.momentum = 0.9, .nesterov = true}});
  for (const Optimizer& optimizer : optimizers) {
    SCOPED_TRACE(to_string(optimizer));
    Model whole = compiled(optimizer);
    fit(whole, 4, 0);
    Model first = compiled(optimizer);
    fit(first, 2, 0);
    first.save(file("m.safetensors"));
    Model second = Model::load(file("m.safetensors"), {.device = Device::cpu, .threads = 2});
    expect_same(first, second);
    fit(second, 4, 2);
    expect_same(whole, second);
  }
}

TEST_F(ModelFiles, HoldTheAveragesAndWhatTrainingGoesOnFrom) {
  const auto begun = [&] {
    Model model = network();
    model.compile({.optimizer = Adam{.learning_rate = 0.02},
                   .ema_momentum = 0.75,
                   .metrics = {metrics::CategoricalAccuracy{}},
                   .device = Device::cpu,
                   .threads = 1});
    return model;
  };
  Model whole = begun();
  fit(whole, 4, 0);
  Model stopped = begun();
  fit(stopped, 2, 0);
  stopped.save(file("model"));
  Model continued = Model::load(file("model"), {.device = Device::cpu});
  expect_same(stopped, continued);
  fit(continued, 4, 2);
  expect_same(whole, continued);

  // What a file calls a weight is what predicts: for those who only want the weights, too.
  const std::vector<float> average = stopped.get_weights("dense/kernel");
  const store::TensorFile tensors = store::read_safetensors(file("model"));
  const auto values = [&](const std::string& name) {
    const auto found = std::ranges::find(tensors.tensors, name, &store::Tensor::name);
    return found == tensors.tensors.end() ? std::vector<float>() : found->values;
  };
  EXPECT_EQ(values("dense/kernel"), average);
  EXPECT_EQ(values("optimizer/dense/kernel/weight").size(), average.size());
  EXPECT_NE(values("optimizer/dense/kernel/weight"), average);
  EXPECT_TRUE(values("optimizer/batch_normalization/moving_mean/weight").empty());
  Model alone = Model::load(file("model"), {.compile = false});
  EXPECT_EQ(alone.get_weights("dense/kernel"), average);
  Model other = network();
  other.load_weights(file("model"));
  EXPECT_EQ(other.get_weights("dense/kernel"), average);
  stopped.save_weights(file("weights"));
  other.load_weights(file("weights"));
  EXPECT_EQ(other.get_weights("dense/kernel"), average);
}

TEST_F(ModelFiles, WithAMomentumThatCannotBeAreRefused) {
  Model model = network();
  model.compile({.ema_momentum = 0.75, .device = Device::cpu, .threads = 1});
  model.save(file("model"));
  store::TensorFile tensors = store::read_safetensors(file("model"));
  std::string& compiled = tensors.metadata.at("compiled");
  const std::string momentum = "\"ema_momentum\":0.75";
  compiled.replace(compiled.find(momentum), momentum.size(), "\"ema_momentum\":1");
  store::write_safetensors(file("model"), tensors);
  EXPECT_THAT(error_of<DataError>([&] { Model::load(file("model")); }),
              HasSubstr("ema_momentum is 1, but must be at least 0 and less than 1"));
}

TEST_F(ModelFiles, GoOnInTheirSchedule) {
  const auto scheduled = [&](std::string_view schedule) {
    Model model = network();
    model.compile({.optimizer = SGD{.learning_rate = 0.1},
                   .schedule = parse_schedule(schedule),
                   .metrics = {metrics::CategoricalAccuracy{}},
                   .device = Device::cpu});
    return model;
  };
  Model whole = scheduled("cosine_decay:alpha=0.1");
  fit(whole, 3, 0);
  EXPECT_EQ(whole.history().at("learning_rate").back(), 0.1 * 0.1) << "of the step behind the last";
  Model first = scheduled("cosine_decay:alpha=0.1");
  const CallbackPtr save = ModelCheckpoint{.filepath = file("b{batch}.safetensors").string(),
                                           .save_freq = {.batches = 7}};
  fit(first, 3, 0, {save});
  Model second = Model::load(file("b2.safetensors"), {.device = Device::cpu});
  fit(second, 3, 1);
  expect_same(whole, second);
  const CallbackPtr halve = LearningRateScheduler{[](int, double rate) { return rate / 2; }};
  EXPECT_THROW(fit(second, 4, 3, {halve}), InvalidArgument);
}

TEST_F(ModelFiles, WrittenByACallbackInsideAnEpochGoOnThere) {
  Model whole = compiled(Adam{});
  fit(whole, 3, 0);
  Model first = compiled(Adam{});
  const CallbackPtr save = ModelCheckpoint{.filepath = file("b{batch}.safetensors").string(),
                                           .save_freq = {.batches = 7}};
  fit(first, 2, 0, {save});
  Model second = Model::load(file("b2.safetensors"), {.device = Device::cpu});
  EXPECT_THAT(second.history().epoch, ElementsAre(0)) << "5 batches each";
  fit(second, 3, 1);
  expect_same(whole, second);
}

TEST_F(ModelFiles, HoldWhatIsNotFinite) {
  Model model = compiled(Adam{});
  std::vector<float> kernel = model.get_weights("dense/kernel");
  kernel[0] = std::numeric_limits<float>::infinity();
  model.set_weights("dense/kernel", kernel);
  fit(model, 1, 0);
  EXPECT_FALSE(std::isfinite(model.history().at("loss")[0]));
  model.save(file("m.safetensors"));
  const Model back = Model::load(file("m.safetensors"), {.device = Device::cpu});
  const double was = model.history().at("loss")[0];
  const double is = back.history().at("loss")[0];
  EXPECT_TRUE(was == is || (std::isnan(was) && std::isnan(is)));
}

TEST_F(ModelFiles, OfModelsThatWereNotCompiledHoldTheirWeights) {
  Model model = network();
  const std::vector<float> bias = {1, 2, 3};
  const std::vector<float> drawn = model.get_weights("dense/kernel");
  model.set_weights("dense/bias", bias);
  model.save(file("m.safetensors"));
  Model back = Model::load(file("m.safetensors"));
  EXPECT_EQ(back.get_weights("dense/bias"), bias);
  EXPECT_EQ(back.get_weights("dense/kernel"), drawn);
  back.compile({.device = Device::cpu, .seed = 9});
  EXPECT_EQ(back.get_weights("dense/kernel"), drawn) << "loaded weights stay";
  model.compile({.device = Device::cpu, .seed = 9});
  EXPECT_NE(model.get_weights("dense/kernel"), drawn) << "drawn anew";
  EXPECT_EQ(model.get_weights("dense/bias"), bias) << "set before";
}

TEST_F(ModelFiles, NeedCustomLossesAgain) {
  const auto zero = [](std::span<const float>, std::span<const float>, std::span<float> gradient) {
    std::ranges::fill(gradient, 0.0F);
    return 1.0;
  };
  const auto one = [](std::span<const float>, std::span<const float>) { return 1.0; };
  Model model = network();
  model.compile({.loss = Loss::custom("mine", zero),
                 .metrics = {Metric::custom("own", one)},
                 .device = Device::cpu});
  model.save(file("m.safetensors"));
  const auto load = [&](const LoadOptions& options) {
    Model::load(file("m.safetensors"), options);
  };
  EXPECT_THAT(error_of([&] { load({.device = Device::cpu}); }),
              HasSubstr("compiled with the custom loss 'mine'"));
  EXPECT_THAT(
      error_of([&] { load({.device = Device::cpu, .losses = {Loss::custom("mine", zero)}}); }),
      HasSubstr("the custom metric 'own'"));
  load({.device = Device::cpu,
        .losses = {Loss::custom("mine", zero)},
        .metrics = {Metric::custom("own", one)}});
}

TEST_F(ModelFiles, GiveNetworkAndWeightsAloneWhereThatIsAskedFor) {
  Model model = network();
  EXPECT_FALSE(model.compiled());
  model.compile({.loss = Loss::custom("mine", [](auto, auto, auto) { return 1.0; }),
                 .device = Device::cpu,
                 .seed = 7});
  EXPECT_TRUE(model.compiled());
  model.save(file("m.safetensors"));
  Model bare = Model::load(file("m.safetensors"), {.compile = false});
  EXPECT_FALSE(bare.compiled());
  EXPECT_THAT(error_of([&] { bare.predict(data_.samples()); }), HasSubstr("is not compiled"));
  bare.compile({.device = Device::cpu, .seed = 8});
  EXPECT_EQ(bare.predict(data_.samples()), model.predict(data_.samples()));
  bare.save(file("n.safetensors"));
  EXPECT_TRUE(Model::load(file("n.safetensors"), {.device = Device::cpu}).compiled());
}

TEST_F(ModelFiles, ThatLieAreRefused) {
  Model model = compiled(Adam{});
  model.save(file("m.safetensors"));
  const store::TensorFile good = store::read_safetensors(file("m.safetensors"));
  const auto refusal = [&](auto change) {
    store::TensorFile bad = good;
    change(bad);
    store::write_safetensors(file("bad.safetensors"), bad);
    return error_of<DataError>([&] { Model::load(file("bad.safetensors")); });
  };
  EXPECT_THAT(refusal([](auto& bad) { bad.tensors.erase(bad.tensors.begin()); }),
              HasSubstr("it has no conv2d/kernel"));
  EXPECT_THAT(refusal([](auto& bad) {
                bad.tensors.push_back({"more", {1}, {1}});
              }),
              HasSubstr("it has \"more\" besides"));
  EXPECT_THAT(refusal([](auto& bad) {
                bad.tensors[1].shape = {1, 3};
              }),
              HasSubstr("conv2d/bias is (1, 3), not (3,)"));
  EXPECT_THAT(refusal([](auto& bad) { bad.metadata["version"] = "2"; }),
              HasSubstr("is no model of format saltus-model 1"));
  EXPECT_THAT(refusal([](auto& bad) { bad.metadata.erase("history"); }),
              HasSubstr("lacks its training or history"));
  const auto replaced = [&](const char* key, const std::string& from, const std::string& to) {
    return refusal([&](auto& bad) {
      std::string& text = bad.metadata[key];
      const std::size_t at = text.find(from);
      ASSERT_NE(at, std::string::npos) << text;
      text.replace(at, from.size(), to);
    });
  };
  EXPECT_THAT(replaced("graph", "Softmax", "Softmix"), HasSubstr("the graph in "));
  EXPECT_THAT(replaced("compiled", "\"adam\"", "\"eve\""), HasSubstr("unknown optimizer 'eve'"));
  EXPECT_THAT(replaced("compiled", "0.9", "1.5"), HasSubstr("beta_1 is 1.5"));
  EXPECT_THAT(replaced("training", "\"steps\":0", "\"steps\":-1"), HasSubstr("-1 is not a whole"));
  EXPECT_THAT(replaced("history", "[]", "[0,1,2"), HasSubstr("the history in "));
}

TEST_F(ModelFiles, OfWeightsAloneComeBack) {
  Model model = compiled(Adam{});
  fit(model, 1, 0);
  model.save(file("whole.safetensors"));
  for (const char* name : {"w.npz", "w.safetensors"}) model.save_weights(file(name));
  for (const char* name : {"w.npz", "w.safetensors", "whole.safetensors"}) {
    SCOPED_TRACE(name);
    Model other = network();
    other.load_weights(file(name));
    for (const Weight& weight : model.weights()) {
      EXPECT_EQ(model.get_weights(weight.name), other.get_weights(weight.name));
    }
  }
  EXPECT_EQ(store::read_npz(file("w.npz")).tensors.front().name, "conv2d/kernel");
  Model smaller = Sequential({36}, {layers::Dense{.units = 3}});
  const std::vector<float> before = smaller.get_weights("dense/kernel");
  EXPECT_THAT(error_of<DataError>([&] { smaller.load_weights(file("w.npz")); }),
              HasSubstr("it has \"batch_normalization/beta\", \"batch_normalization/gamma\""));
  EXPECT_THAT(error_of<DataError>([&] { Model::load(file("w.safetensors")); }),
              HasSubstr("is no model of format"));
  EXPECT_EQ(smaller.get_weights("dense/kernel"), before);
}

TEST_F(ModelFiles, BackupsGoOnWhereTheTrainingWasKilled) {
  Model whole = compiled(Adam{});
  fit(whole, 4, 0);
  struct Killed {};
  struct Killer : Callback {
    int left = 13;
    bool wants_batches() const override { return true; }
    void on_train_batch_end(std::int64_t, const Logs&, TrainingControl&) override {
      if (--left == 0) throw Killed{};
    }
  };
  const fs::path folder = file("backup");
  for (const SaveFrequency& frequency : {SaveFrequency{.epochs = 1}, SaveFrequency{.batches = 3}}) {
    const CallbackPtr backup = BackupAndRestore{.backup_dir = folder, .save_freq = frequency};
    Model first = compiled(Adam{});
    EXPECT_THROW(fit(first, 4, 0, {backup, std::make_shared<Killer>()}), Killed);
    EXPECT_TRUE(fs::exists(folder / "backup.safetensors"));
    write_file_atomic(folder / ".backup.safetensors.12-3.tmp", "of a program that was killed");
    Model second = compiled(Adam{});
    const History history = fit(second, 4, 0, {backup});
    EXPECT_THAT(history.epoch, ElementsAre(2, 3)) << "what this call ran";
    expect_same(whole, second);
    EXPECT_TRUE(fs::is_empty(folder));
  }
}

TEST_F(ModelFiles, BackupsStayWhereTrainingIsInterrupted) {
  Model whole = compiled(Adam{});
  fit(whole, 2, 0);
  const CallbackPtr backup = BackupAndRestore{.backup_dir = file("backup")};
  std::atomic<bool> interrupt = false;
  const CallbackPtr stop =
      LambdaCallback{.on_train_batch_end = [&](std::int64_t batch, const Logs&, TrainingControl&) {
        if (batch == 2) interrupt = true;
      }};
  Model first = compiled(Adam{});
  first.fit(data_.samples(), {.epochs = 2,
                              .batch_size = 4,
                              .validation_split = 0.2,
                              .callbacks = {backup, stop},
                              .interrupt = &interrupt});
  Model other = compiled(SGD{});
  EXPECT_THAT(error_of([&] { fit(other, 2, 0, {backup}); }),
              HasSubstr("is of another network, or compiled in another way"));
  Model second = compiled(Adam{});
  fit(second, 2, 0, {backup});
  expect_same(whole, second);
}

}  // namespace
}  // namespace saltus
