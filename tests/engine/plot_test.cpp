// The pictures of a sweep, drawn again.
#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/report.h>

#include "core/file.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

class Plot : public testing::Test {
 protected:
  static SweepPlan plan(int epochs = 3) {
    SweepConfig config = test::small_config();
    config.seeds = 2;
    config.epochs = {epochs};
    return plan_sweep(config, test::small_data());
  }

  /// Accuracies of 1 % in the first epoch, above 50 % later.
  static SweepResult result(const SweepPlan& plan) {
    std::vector<TrialResult> trials;
    for (const TrialSpec& trial : plan.trials) {
      std::vector<double> accuracies(static_cast<std::size_t>(plan.setting_of(trial).epochs), 0.6);
      accuracies[0] = 0.01;
      accuracies.back() += 0.01 * static_cast<double>(trial.seed);
      trials.push_back(test::finished(trial, accuracies));
    }
    return summarize_sweep(plan, trials);
  }

  std::vector<std::string> draw(const DrawOptions& options) const {
    const SweepPlan plan = Plot::plan();
    return draw_sweep(folder_, plan, result(plan), options);
  }

  std::string error_of(const DrawOptions& options, int epochs = 3) const {
    const SweepPlan plan = Plot::plan(epochs);
    try {
      draw_sweep(folder_, plan, result(plan), options);
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "";
  }

  std::string text(const char* name) const { return read_file(folder_ / name, 1 << 24); }

  /// The texts in a picture.
  std::vector<std::string> words(const char* name) const {
    const std::string svg = text(name);
    std::vector<std::string> all;
    for (std::size_t at = svg.find("<text>"); at != svg.npos; at = svg.find("<text>", at + 1)) {
      all.push_back(svg.substr(at + 6, svg.find("</text>", at) - at - 6));
    }
    return all;
  }

  ScratchFolder scratch_{fs::temp_directory_path()};
  const fs::path& folder_ = scratch_.path();
};

TEST_F(Plot, DrawsWhatIsChosen) {
  EXPECT_THAT(draw({.figures = {"loss"}}), ElementsAre("loss.svg", "loss.png"));
  EXPECT_FALSE(fs::exists(folder_ / "accuracy.svg"));
  EXPECT_THAT(words("loss.svg"), Contains("selu"));
  draw({.figures = {"loss"}, .activations = {"relu"}});
  EXPECT_THAT(words("loss.svg"), Contains("relu"));
  EXPECT_THAT(words("loss.svg"), Not(Contains("selu")));
  EXPECT_THAT(draw({}), ElementsAre("accuracy.svg", "accuracy.png", "loss.svg", "loss.png"));
}

TEST_F(Plot, WritesPdf) {
  EXPECT_THAT(draw({.svg_and_png = false, .pdf = true}), ElementsAre("accuracy.pdf", "loss.pdf"));
  EXPECT_THAT(text("loss.pdf"), testing::StartsWith("%PDF-"));
  EXPECT_FALSE(fs::exists(folder_ / "loss.svg"));
}

TEST_F(Plot, LeavesTheFirstEpochOut) {
  draw({.figures = {"accuracy"}});
  EXPECT_THAT(words("accuracy.svg"), IsSupersetOf({"1", "2", "3", "20"}));  // epochs, percent
  draw({.figures = {"accuracy"}, .drop_first_epoch = true});
  EXPECT_THAT(words("accuracy.svg"), IsSupersetOf({"2", "3"}));
  EXPECT_THAT(words("accuracy.svg"), Not(Contains(AnyOf("1", "20"))));
}

TEST_F(Plot, RefusesWhatIsNotThere) {
  EXPECT_THAT(error_of({.figures = {"acuracy"}}),
              HasSubstr("there is no picture 'acuracy': did you mean accuracy?"));
  EXPECT_THAT(error_of({.activations = {"gelu"}}),
              HasSubstr("gelu is not in the sweep, which has relu, selu"));
  EXPECT_THAT(error_of({.figures = {"parameters"}}), HasSubstr("has learned parameters"));
  EXPECT_THAT(error_of({.drop_first_epoch = true}, 1), HasSubstr("the sweep has one epoch"));
}

TEST_F(Plot, SvgsSayWhatTheyAre) {
  draw({});
  const std::string svg = text("accuracy.svg");
  for (const char* part :
       {"<svg role=\"img\" aria-label=\"halves: accuracy by activation\"",
        "<title>halves: accuracy by activation</title>", "<title>relu</title>"}) {
    EXPECT_TRUE(svg.find(part) != svg.npos) << part;
  }
  for (const char* part : {"<title>Gnuplot", "<title>gnuplot_plot", "$line0"}) {
    EXPECT_TRUE(svg.find(part) == svg.npos) << part;
  }
  EXPECT_THAT(words("accuracy.svg"), Contains("chance, 50 %"));
  EXPECT_THAT(words("accuracy.svg"), Contains(HasSubstr("64 training and 32 test images")));
  EXPECT_THAT(words("loss.svg"), Not(Contains(HasSubstr("chance"))));
}

/// A sweep of so many activations, whose lines all end at one place.
SweepPlan plan_of_many(std::size_t count) {
  SweepConfig config = test::small_config();
  config.activations.clear();
  for (const ActivationInfo& info : activation_list()) {
    if (config.activations.size() == count) break;
    config.activations.emplace_back(Activation::parse(info.name));
  }
  return plan_sweep(config, test::small_data());
}

/// Where the words stand, in points from the top.
std::vector<double> heights_of(const std::string& svg, const std::string& words) {
  std::vector<double> heights;
  const std::string text = "<text>" + words + "</text>";
  for (std::size_t at = svg.find(text); at != svg.npos; at = svg.find(text, at + 1)) {
    const std::size_t place = svg.rfind("translate(", at);
    heights.push_back(std::stod(svg.substr(svg.find(',', place) + 1)));
  }
  return heights;
}

TEST_F(Plot, LinesHaveTheirNamesAtTheirEnds) {
  for (const std::size_t count : {std::size_t{6}, std::size_t{12}}) {
    const SweepPlan plan = plan_of_many(count);
    draw_sweep(folder_, plan, result(plan), {.figures = {"accuracy"}});
    const std::string svg = text("accuracy.svg");
    EXPECT_EQ(svg.find("best first"), svg.npos);
    std::vector<double> upper_right;  // of the first panel on the right
    for (const Activation& activation : plan.config.activations) {
      const std::vector<double> heights = heights_of(svg, activation.label());
      ASSERT_EQ(heights.size(), 4u) << "one in each panel of " << activation.label();
      upper_right.push_back(heights[1]);
    }
    std::ranges::sort(upper_right);
    for (std::size_t i = 1; i < count; ++i)
      EXPECT_GT(upper_right[i] - upper_right[i - 1], 13) << "the height of a text is 12 points";
  }
  const SweepPlan many = plan_of_many(13);
  draw_sweep(folder_, many, result(many), {.figures = {"accuracy"}});
  EXPECT_THAT(words("accuracy.svg"), Contains("best first"));
  const std::string label = many.config.activations.front().label();
  EXPECT_EQ(heights_of(text("accuracy.svg"), label).size(), 1u);
}

TEST_F(Plot, NothingButDivergenceIsSaid) {
  const SweepPlan plan = Plot::plan();
  SweepResult result = Plot::result(plan);
  for (SettingResult& setting : result.settings) {
    for (TrialResult& trial : setting.trials) {
      for (auto& [name, values] : trial.history.history) {
        std::ranges::fill(values, std::numeric_limits<double>::quiet_NaN());
      }
    }
  }
  draw_sweep(folder_, plan, result);
  EXPECT_THAT(words("accuracy.svg"), Contains("no epoch ended with finite figures"));
}

}  // namespace
}  // namespace saltus
