// Diagnostics of layers in sweeps: what they leave alone, their files, and what is said of them.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/report.h>
#include <saltus/sweep.h>

#include "core/file.h"
#include "tests/engine/sweep_support.h"
#include "train/epoch_diagnoses.h"

namespace saltus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

SweepConfig config() {
  SweepConfig config = test::small_config();  // relu and selu, two epochs
  config.batch_norms = {false, true};
  return config;
}

/// The figures of a trial that are neither times nor of layers.
History without_layers(const TrialResult& trial) {
  History history = trial.history;
  std::erase_if(history.history, [](const auto& one) {
    return one.first == "seconds" || one.first == "images_per_second" || is_layer_figure(one.first);
  });
  return history;
}

TEST(SweepDiagnostics, LeaveTrainingAlone) {
  const SweepResult with = run_sweep(plan_sweep(config(), test::small_data()));
  SweepConfig off = config();
  off.diagnostics = false;
  const SweepResult without = run_sweep(plan_sweep(off, test::small_data()));
  ASSERT_TRUE(results_digest(with).has_value());
  EXPECT_EQ(results_digest(with), results_digest(without));
  ASSERT_EQ(with.settings.size(), without.settings.size());
  for (std::size_t i = 0; i < with.settings.size(); ++i) {
    const TrialResult& a = with.settings[i].trials.at(0);
    const TrialResult& b = without.settings[i].trials.at(0);
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(without_layers(a).history, without_layers(b).history);
    EXPECT_FALSE(layer_diagnostics(a.history).empty());
    EXPECT_TRUE(layer_diagnostics(b.history).empty());
  }
}

TEST(SweepDiagnostics, DoNotDependOnThreadsAndCompany) {
  SweepConfig many = config();
  many.threads = 3;
  const auto figures = [](const SweepResult& result) {
    std::vector<Logs> all;
    for (const SettingResult& setting : result.settings) {
      for (std::size_t epoch = 0; epoch < 2; ++epoch) {
        Logs logs = setting.trials.at(0).history.logs(epoch);
        std::erase_if(logs, [](const auto& one) { return !is_layer_figure(one.first); });
        all.push_back(logs);
      }
    }
    return all;
  };
  const auto alone = figures(run_sweep(plan_sweep(config(), test::small_data())));
  EXPECT_EQ(figures(run_sweep(plan_sweep(many, test::small_data()))), alone);
  EXPECT_EQ(figures(run_sweep(plan_sweep(config(), test::small_data()), {.side_by_side = 4})),
            alone);
}

TEST(SweepDiagnostics, HaveALayerARowAndAnEpoch) {
  const SweepResult result = run_sweep(plan_sweep(config(), test::small_data()));
  const auto epochs = layer_diagnostics(result.settings.at(0).trials.at(0).history);
  ASSERT_EQ(epochs.size(), 2u);
  std::vector<std::string> names;
  for (const LayerDiagnostics& layer : epochs[0]) names.push_back(layer.layer);
  EXPECT_THAT(names, ElementsAre("conv2d", "conv2d_1", "dense", "dense_1"));
  for (const auto& layers : epochs) {
    for (const LayerDiagnostics& layer : layers) {
      const bool last = layer.layer == "dense_1";
      EXPECT_EQ(std::isnan(layer.dead), last);
      EXPECT_EQ(std::isnan(layer.a_norm), last);
      EXPECT_EQ(std::isnan(layer.effective_rank), layer.layer != "dense");
      EXPECT_GT(layer.dz_norm, 0);
      // Adam's steps of 0.001 change weights of some tenths by some thousandths.
      EXPECT_GT(layer.update_ratio, 1e-3);
      EXPECT_LT(layer.update_ratio, 0.5);
    }
  }

  const ScratchFolder folder{std::filesystem::temp_directory_path()};
  write_layers_csv(folder.path() / "layers.csv", result);
  std::ifstream stream(folder.path() / "layers.csv");
  std::string line;
  std::getline(stream, line);
  EXPECT_EQ(line,
            "setting,seed,trial,epoch,layer,dead,saturated,z_mean,z_sd,z_positive,a_mean,a_sd,"
            "a_positive,a_norm,dz_norm,weight_norm,dw_norm,update_ratio,clipped,effective_rank");
  std::vector<std::string> lines;
  while (std::getline(stream, line)) lines.push_back(line);
  ASSERT_EQ(lines.size(), 4u * 2 * 4);  // settings, epochs, layers
  const TrialResult& trial = result.settings[0].trials[0];
  EXPECT_THAT(lines[0], HasSubstr("," + trial.id + ",1,conv2d,"));
  EXPECT_THAT(lines[3], HasSubstr(",1,dense_1,,,"));
  EXPECT_EQ(std::stod(lines[2].substr(lines[2].rfind(',') + 1)), epochs[0][2].effective_rank);
}

TEST(SweepDiagnostics, AreReadAgain) {
  const SweepPlan plan = plan_sweep(test::small_config(), test::small_data());
  const SweepResult result = run_sweep(plan);
  const ScratchFolder folder{std::filesystem::temp_directory_path()};
  SweepWriter writer(folder.path(), plan, result.settings[0].trials);
  writer.write(result);
  for (const TrialResult& read : read_results_json(folder.path() / "results.json")) {
    const auto is_it = [&](const SettingResult& setting) {
      return setting.trials.at(0).id == read.id;
    };
    const auto setting = std::ranges::find_if(result.settings, is_it);
    ASSERT_NE(setting, result.settings.end());
    Logs want = setting->trials.at(0).history.logs(1);
    EXPECT_EQ(read.history.logs(1), want);
  }
}

TEST(SweepDiagnostics, MayBeOnInAPartOfATrial) {
  const ScratchFolder folder{std::filesystem::temp_directory_path()};
  const auto file = folder.path() / "history.jsonl";
  const std::string start = R"({"trial": "a", "setting": "relu", "seed": 0, "epoch": )";
  std::ofstream(file) << R"({"format": "saltus-history", "version": 1})" << '\n'
                      << start << R"(1, "loss": 0.5, "1:conv2d:dead": 0.25})" << '\n'
                      << start << R"(2, "loss": 0.4})" << '\n'
                      << start << R"(3, "loss": 0.3, "1:conv2d:z_sd": 2})" << '\n';
  const std::vector<TrialResult> trials = read_history_jsonl(file);
  ASSERT_EQ(trials.size(), 1u);
  const auto epochs = layer_diagnostics(trials[0].history);
  ASSERT_EQ(epochs.size(), 3u);
  EXPECT_EQ(epochs[0].at(0).dead, 0.25);
  EXPECT_TRUE(std::isnan(epochs[1].at(0).dead));
  EXPECT_TRUE(std::isnan(epochs[2].at(0).dead));
  EXPECT_EQ(epochs[2].at(0).z_sd, 2);
}

TEST(SweepDiagnostics, AreInTheRecordWhenTheyAreOff) {
  const ScratchFolder folder{std::filesystem::temp_directory_path()};
  SweepConfig off = test::small_config();
  for (const bool diagnostics : {true, false}) {
    off.diagnostics = diagnostics;
    write_sweep_json(folder.path() / "sweep.json", plan_sweep(off, test::small_data()), {});
    EXPECT_EQ(read_sweep_json(folder.path() / "sweep.json").config.diagnostics, diagnostics);
  }
}

TEST(SweepDiagnostics, TakeOneImageInTwoHundred) {
  EXPECT_EQ(train::diagnosed_samples(5), 5);
  EXPECT_EQ(train::diagnosed_samples(1000), 16);
  EXPECT_EQ(train::diagnosed_samples(6400), 32);
  EXPECT_EQ(train::diagnosed_samples(60000), 128);
}

/// A sweep of relu and selu with these figures of the layers conv and dense after each epoch.
class Sentences : public testing::Test {
 protected:
  Sentences() {
    SweepConfig config = test::small_config();
    config.epochs = {4};
    plan_ = plan_sweep(config, test::small_data());
    trials_.push_back(test::finished(plan_.trials[0], {0.5, 0.6, 0.7, 0.9}));  // relu
    trials_.push_back(test::finished(plan_.trials[1], {0.5, 0.6, 0.7, 0.8}));  // selu
    for (std::size_t trial : {0, 1}) {
      for (const char* layer : {"1:conv", "2:dense"}) {
        for (const char* figure : {"dead", "saturated", "clipped"}) {
          set(trial, std::string(layer) + ":" + figure, {0, 0, 0, 0});
        }
        set(trial, std::string(layer) + ":dz_norm", {1, 1, 1, 1});
      }
      set(trial, "2:dense:effective_rank", {10, 10, 10, 10});
    }
  }

  void set(std::size_t trial, const std::string& figure, const std::vector<double>& values) {
    trials_[trial].history.history[figure] = values;
  }
  SweepResult result() const { return summarize_sweep(plan_, trials_); }
  std::vector<std::string> say() const { return diagnostics_sentences(result()); }

  SweepPlan plan_;

 private:
  std::vector<TrialResult> trials_;
};

TEST_F(Sentences, SayNothingWhereNothingIsWrong) {
  EXPECT_THAT(say(), IsEmpty());
  set(0, "1:conv:dead", {0.9, 0.9, 0.9, 0.09});  // they came to life again
  set(0, "1:conv:saturated", {0.9, 0.9, 0.9, 0.49});
  set(1, "1:conv:dz_norm", {1, 1, 1, 1.1e-4});
  set(1, "2:dense:effective_rank", {1, 1, 1, 2});
  EXPECT_THAT(say(), IsEmpty());
}

TEST_F(Sentences, SaySinceWhenUnitsAreDead) {
  set(0, "1:conv:dead", {0.2, 0.05, 0.1, 0.41});
  EXPECT_THAT(say(),
              ElementsAre("relu: 41 % of conv's units are dead from epoch 3 on; selu: none."));
  set(0, "1:conv:dead", {0.2, 0.3, 0.1, 0.41});
  set(1, "1:conv:dead", {0, 0, 0, 0.004});
  EXPECT_THAT(say(), ElementsAre("relu: 41 % of conv's units are dead from the first epoch on."));
  set(0, "1:conv:dead", {0, 0, 0, 0.1});
  EXPECT_THAT(say(), ElementsAre("relu: 10 % of conv's units are dead in the last epoch."));
}

TEST_F(Sentences, SayWhatElseIsWrong) {
  set(1, "2:dense:saturated", {0, 0, 0.5, 0.75});
  set(1, "2:dense:clipped", {1, 1, 1, 1});
  set(1, "2:dense:effective_rank", {1, 1, 1, 1.25});
  set(1, "1:conv:dz_norm", {1, 1, 1, 5e-6});
  set(0, "1:conv:dz_norm", {1, 1, 1, 0});
  EXPECT_THAT(
      say(),
      ElementsAre("relu: no gradient reaches conv.",
                  "selu: 75 % of dense's units are saturated from epoch 3 on; relu: none.",
                  "selu: 100 % of dense's gradient is clipped from the first epoch on.",
                  "selu: gradients in dense are 2e+05 times as long as in conv.",
                  "selu: what the last layer reads has an effective rank of 1.2: images hardly "
                  "differ there but in length."));
}

TEST_F(Sentences, ShareOneWhereManyLayersHaveAFault) {
  for (const char* layer : {"3:a", "4:b", "5:c"}) {
    for (std::size_t trial : {0, 1}) set(trial, std::string(layer) + ":dead", {0, 0, 0, 0});
    set(0, std::string(layer) + ":dead", {0, 0.2, 0.2, 0.2});
  }
  set(0, "4:b:dead", {0, 0, 0.3, 0.6});
  EXPECT_THAT(say(), ElementsAre("relu: in 3 of 5 layers 10 % or more of the units are dead, in b "
                                 "60 % from epoch 3 on."));
}

TEST_F(Sentences, AreInTheReportBesideAPictureOfEachSetting) {
  set(0, "1:conv:dead", {0, 0, 0, 0.25});
  StoredSweep stored;
  stored.plan = plan_;
  stored.result = result();
  const std::string page = report_html(stored);
  EXPECT_THAT(
      page,
      HasSubstr("<li>relu: 25 % of conv&#39;s units are dead in the last epoch; selu: none.</li>"));
  EXPECT_THAT(page, HasSubstr("conv, epoch 4: dead 25 %, saturated 0 %, |dC/dz| 1, clipped 0 %"));
  EXPECT_THAT(page, HasSubstr("class=\"wrong2\""));  // two of eight steps
  EXPECT_THAT(page, HasSubstr("effective rank 10"));
  set(0, "1:conv:dead", {0, 0, 0, 0});
  stored.result = result();
  EXPECT_THAT(report_html(stored), HasSubstr("Nothing is wrong"));
}

TEST_F(Sentences, HaveAPictureOfLayersByEpochs) {
  set(0, "1:conv:dead", {0, 0, 1, 0.25});
  set(0, "2:dense:saturated", {0, 0, 0, 1});
  const ScratchFolder folder{std::filesystem::temp_directory_path()};
  const auto files = draw_sweep(folder.path(), plan_, result(), {.figures = {"diagnostics"}});
  EXPECT_THAT(files, ElementsAre("diagnostics.svg", "diagnostics.png"));
  const std::string svg = read_file(folder.path() / "diagnostics.svg", 1 << 20);
  for (const char* words : {"Dead and saturated units by layer and epoch", "relu", "selu", "conv",
                            "dense", "epoch", "all units dead"}) {
    EXPECT_THAT(svg, HasSubstr(words));
  }
  // All dead, all saturated, and a quarter dead between white and the first.
  EXPECT_THAT(svg, HasSubstr("rgb(157,  49,   6)"));
  EXPECT_THAT(svg, HasSubstr("rgb( 28, 174, 250)"));
  EXPECT_THAT(svg, HasSubstr("rgb(231, 204, 193)"));
  SweepResult none = result();
  for (SettingResult& setting : none.settings)
    for (TrialResult& trial : setting.trials)
      std::erase_if(trial.history.history,
                    [](const auto& one) { return is_layer_figure(one.first); });
  EXPECT_THROW(draw_sweep(folder.path(), plan_, none, {.figures = {"diagnostics"}}),
               InvalidArgument);
}

}  // namespace
}  // namespace saltus
