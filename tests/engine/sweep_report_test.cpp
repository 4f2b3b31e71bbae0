// A stored sweep as a page and as tables.
#include <algorithm>
#include <filesystem>
#include <limits>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/report.h>

#include "core/file.h"
#include "report/charts.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

/// A sweep of these activations, as if it had run: setting i has 0.5 + i / 100 and a little for
/// the seed.
StoredSweep stored(const std::vector<std::string>& activations, int seeds) {
  SweepConfig config = test::small_config();
  config.activations.clear();
  for (const std::string& text : activations) {
    config.activations.push_back(Activation::parse(text));
  }
  config.seeds = seeds;
  StoredSweep sweep;
  sweep.plan = plan_sweep(config, test::small_data());
  std::vector<TrialResult> trials;
  for (const TrialSpec& trial : sweep.plan.trials) {
    const double last = 0.5 + 0.01 * static_cast<double>(trial.setting) +
                        0.0004 * static_cast<double>((trial.seed * 7 + trial.setting * 3) % 5);
    trials.push_back(test::finished(trial, {0.25, last}));
  }
  sweep.result = summarize_sweep(sweep.plan, trials);
  sweep.machine = machine_info();
  return sweep;
}

/// The same with other trials.
void replace_trials(StoredSweep& sweep, const auto& change) {
  std::vector<TrialResult> trials;
  for (const SettingResult& setting : sweep.result.settings) {
    for (TrialResult trial : setting.trials) {
      change(trial);
      trials.push_back(std::move(trial));
    }
  }
  sweep.result = summarize_sweep(sweep.plan, trials);
}

void diverge(TrialResult& trial) {
  trial.status = TrialStatus::diverged;
  trial.divergence = Divergence{.epoch = 1, .step = 3, .tensor = "dense/kernel"};
}

std::vector<std::string> found(const std::string& text, const char* pattern) {
  std::vector<std::string> all;
  const std::regex regex(pattern);
  for (auto it = std::sregex_iterator(text.begin(), text.end(), regex);
       it != std::sregex_iterator(); ++it) {
    all.push_back((*it)[1]);
  }
  return all;
}

TEST(StoredSweep, ComesBackFromItsFolder) {
  const ScratchFolder scratch{fs::temp_directory_path()};
  const fs::path& folder = scratch.path();
  const StoredSweep before = stored({"relu", "elu:alpha=0.2", "x * tanh(x)"}, 3);
  write_sweep_json(folder / "sweep.json", before.plan, before.machine);
  write_results_json(folder / "results.json", before.result);
  const StoredSweep after = read_sweep(folder);
  EXPECT_EQ(results_digest(after.result), results_digest(before.result));
  ASSERT_TRUE(results_digest(after.result).has_value());
  EXPECT_EQ(report_markdown(after), report_markdown(before));
  EXPECT_EQ(after.machine.compiler, before.machine.compiler);
  EXPECT_EQ(after.plan.data->test.count, 32);
}

TEST(StoredSweep, IsRefusedWhereThereIsNone) {
  const ScratchFolder scratch{fs::temp_directory_path()};
  const fs::path& folder = scratch.path();
  const auto said = [&] {
    try {
      read_sweep(folder);
    } catch (const DataError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(said(), HasSubstr("holds no sweep, as it has no sweep.json"));
  const StoredSweep one = stored({"relu"}, 1);
  const StoredSweep other = stored({"selu"}, 1);
  write_sweep_json(folder / "sweep.json", one.plan, {});
  EXPECT_EQ(said(), "");  // no trial has begun
  write_results_json(folder / "results.json", other.result);
  EXPECT_THAT(said(), HasSubstr("has 1 trials, none of which its sweep.json asks for"));
  // Data for which there is no network.
  SweepPlan damaged = one.plan;
  ImageDataset data = *damaged.data;
  data.train.height = 2;
  damaged.data = std::make_shared<ImageDataset>(data);
  write_sweep_json(folder / "sweep.json", damaged, {});
  EXPECT_THAT(said(), HasSubstr("sweep.json cannot be understood"));
}

TEST(RankingTable, HasEachNumberInItsColumn) {
  const StoredSweep sweep = stored({"relu", "selu"}, 3);
  const RankingTable table = ranking_table(sweep.result);
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.settings, (std::vector<std::size_t>{1, 0}));
  const auto cell = [&](std::size_t row, std::string_view name) {
    const auto column = std::ranges::find(table.columns, name, &RankingColumn::name);
    return table.rows[row].at(static_cast<std::size_t>(column - table.columns.begin()));
  };
  const SettingResult& relu = sweep.result.settings[0];
  EXPECT_EQ(cell(0, "setting").text, "selu");
  EXPECT_EQ(cell(1, "setting").text, "relu");
  EXPECT_EQ(cell(1, "rank").text, "2");
  EXPECT_EQ(cell(1, "n").text, "3");
  EXPECT_EQ(cell(1, "accuracy").order, relu.last.at("val_categorical_accuracy").mean);
  EXPECT_EQ(cell(1, "sd").order, relu.last.at("val_categorical_accuracy").sd);
  EXPECT_EQ(cell(1, "difference").order, relu.to_best->difference);
  EXPECT_THAT(cell(1, "difference").text, testing::StartsWith("−0.99"));
  EXPECT_EQ(cell(1, "p").order, relu.to_best->p_holm);
  EXPECT_EQ(cell(1, "d").order, relu.to_best->cohens_d);
  EXPECT_EQ(cell(0, "p").text, "-");
  EXPECT_EQ(cell(1, "time").text, "4.5 s");
  EXPECT_EQ(cell(1, "status").text, "ok");
}

TEST(ReportHtml, NeedsNothingElse) {
  const std::string page = report_html(stored({"relu", "selu", "gelu"}, 3), "saltus sweep 'a<b'");
  EXPECT_THAT(page, testing::StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("@import")));
  EXPECT_THAT(page, Not(HasSubstr("url(")));
  EXPECT_THAT(found(page, "href=\"([^\"]*)\""), testing::ElementsAre("data:,"));
  for (const std::string& address : found(page, "(https?://[^\"' ]*)")) {
    EXPECT_EQ(address, "http://www.w3.org/2000/svg");
  }
  for (const char* words : {"prefers-color-scheme: dark", "@media print", "aria-sort=\"ascending\"",
                            "<title>halves: 3 ", "selu", "digest of the results",
                            "saltus sweep &#39;a&lt;b&#39;", "64 training and 32 test",
                            "chance, 50 %", "Friedman", "Difference to rank 1, gelu", "images1"}) {
    EXPECT_THAT(page, HasSubstr(words));
  }
}

TEST(ReportHtml, EveryPictureHasWordsForIt) {
  const std::string page = report_html(stored({"relu", "selu", "gelu"}, 3));
  const std::vector<std::string> pictures = found(page, "(<svg[^>]*>\n<title>[^<]+</title>)");
  EXPECT_EQ(pictures.size(), 3u + 6);
  for (const std::string& picture : pictures) {
    EXPECT_THAT(picture, HasSubstr("role=\"img\" aria-label=\""));
  }
  EXPECT_EQ(found(page, "(<svg)").size(), pictures.size());
}

TEST(Reports, FormulasAreEscaped) {
  const StoredSweep sweep =
      stored({"where(x < 0, 0.1 * x, x^2) * (x >= -1)", "report_name_1 = x * tanh(x)"}, 2);
  const std::string page = report_html(sweep);
  EXPECT_THAT(page, HasSubstr("where(x &lt; 0, 0.1 * x, x^2)"));
  EXPECT_THAT(page, Not(HasSubstr("x < 0")));
  EXPECT_THAT(page, Not(HasSubstr("<= x")));
  EXPECT_THAT(page, HasSubstr("<dt>report_name_1</dt><dd>report_name_1 = x * tanh(x)</dd>"));
  const std::string latex = report_latex(sweep);
  EXPECT_THAT(latex, HasSubstr("\\texttt{where(x $<$ 0, 0.1 * x, x\\textasciicircum{}2)"));
  EXPECT_THAT(latex, HasSubstr("\\texttt{report\\_name\\_1} & 51."));
  const std::string markdown = report_markdown(sweep);
  EXPECT_THAT(markdown, HasSubstr("where(x &lt; 0, 0.1 \\* x, x\\^2) \\* (-1 &lt;= x)"));
  EXPECT_THAT(markdown, HasSubstr("report\\_name\\_1"));
}

TEST(Reports, TablesHaveAsManyCellsInEachRow) {
  StoredSweep sweep = stored({"relu", "selu", "gelu"}, 3);
  replace_trials(sweep, [&](TrialResult& trial) {
    if (trial.id == sweep.plan.trials[0].id) diverge(trial);
  });
  const std::string latex = report_latex(sweep);
  const auto alignment = found(latex, "begin\\{tabular\\}\\{([lr]+)\\}");
  ASSERT_EQ(alignment.size(), 1u);
  std::istringstream lines(latex);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.ends_with("\\\\")) continue;
    ++count;
    EXPECT_EQ(std::ranges::count(line, '&') + 1, static_cast<long>(alignment[0].size())) << line;
  }
  EXPECT_EQ(count, 4u);
  for (const char* command : {"\\toprule", "\\midrule", "\\bottomrule", "\\caption{halves: 3 "}) {
    EXPECT_THAT(latex, HasSubstr(command));
  }
  EXPECT_THAT(latex, HasSubstr("1 of 3 diverged"));
  std::istringstream markdown(report_markdown(sweep));
  std::set<long> bars;
  for (std::string line; std::getline(markdown, line);) {
    if (line.starts_with('|')) bars.insert(std::ranges::count(line, '|'));
  }
  EXPECT_EQ(bars.size(), 1u);
}

TEST(Reports, DivergedAndStoppedTrialsAreInWords) {
  StoredSweep sweep = stored({"relu", "selu"}, 3);
  replace_trials(sweep, [&](TrialResult& trial) {
    if (trial.id == sweep.plan.trials[0].id) diverge(trial);
    if (trial.id != sweep.plan.trials[1].id) return;
    trial.status = TrialStatus::stopped;
    trial.history.epoch.resize(1);
    for (auto& [name, values] : trial.history.history) values.resize(1);
  });
  const std::string page = report_html(sweep);
  EXPECT_THAT(page, HasSubstr("relu diverged in 1 of 3 trials (seed 0: dense/kernel was not finite "
                              "in epoch 2, after 3 steps)."));
  EXPECT_THAT(page, HasSubstr("selu is not complete: 2 of 3 trials ended; seed 0 was stopped after "
                              "1 of 2 epochs."));
  EXPECT_THAT(page, HasSubstr("none, as the sweep is not complete"));
}

TEST(Reports, NothingButDivergence) {
  StoredSweep sweep = stored({"relu", "selu"}, 2);
  replace_trials(sweep, [](TrialResult& trial) {
    diverge(trial);
    trial.history = {};
  });
  const std::string page = report_html(sweep);
  EXPECT_THAT(page, HasSubstr("Every trial diverged, so there is nothing to rank."));
  EXPECT_THAT(page, HasSubstr("no epoch ended with finite figures"));
  EXPECT_THAT(page, Not(HasSubstr("nan")));
  EXPECT_THAT(page, Not(HasSubstr("inf,")));
  EXPECT_THAT(report_latex(sweep), HasSubstr("2 of 2 diverged"));
}

TEST(Reports, OneSettingAndOneSeedHaveNoTests) {
  const std::string page = report_html(stored({"relu"}, 1));
  EXPECT_THAT(page, HasSubstr("There are no differences with intervals"));
  EXPECT_THAT(page, HasSubstr("There is no diagram of mean ranks"));
  EXPECT_THAT(page, HasSubstr("halves: relu, 1 seed"));
}

TEST(Reports, ManySettingsShowTheBestCurves) {
  std::vector<std::string> activations;
  for (const ActivationInfo& info : activation_list()) activations.emplace_back(info.name);
  activations.resize(40);
  const StoredSweep sweep = stored(activations, 3);
  const std::string page = report_html(sweep);
  EXPECT_THAT(page, HasSubstr("Only the 8 best of 40 settings are drawn"));
  EXPECT_THAT(page, HasSubstr("40 settings have no room in one"));
  EXPECT_EQ(found(page, "(<tr><td)").size(), 40u);
}

/// The y of each name beside the lines of a chart, from top to bottom.
std::vector<double> heights_of_names(const std::string& chart) {
  std::vector<double> heights;
  for (const std::string& y :
       found(chart, "class=\"leader\"/>\n<[^>]*/>\n<text x=\"[^\"]*\" y=\"([0-9.]+)\"")) {
    heights.push_back(std::stod(y));
  }
  return heights;
}

TEST(CurveChart, NamesOfEqualLinesStandApart) {
  StoredSweep sweep = stored({"relu", "selu", "gelu", "elu", "celu", "mish", "silu", "tanh"}, 2);
  replace_trials(sweep, [](TrialResult& trial) {
    for (auto& [name, values] : trial.history.history) values = {0.5, 0.75};
  });
  const std::vector<Series> series = make_series(sweep.result, by_rank(sweep.result));
  const std::string chart = curve_chart(series, {.title = "Accuracy",
                                                 .metric = "val_categorical_accuracy",
                                                 .axis_name = "accuracy, %",
                                                 .axis = &Axis::accuracy,
                                                 .chance = 0.5});
  const std::vector<double> heights = heights_of_names(chart);
  ASSERT_EQ(heights.size(), 8u);
  for (std::size_t i = 1; i < heights.size(); ++i) {
    EXPECT_GE(heights[i] - heights[i - 1], 12) << "names are 12 high";
  }
  EXPECT_GT(heights.front(), 0);
  const double height = std::stod(found(chart, "viewBox=\"0 0 480 ([0-9]+)\"").at(0));
  EXPECT_LT(heights.back(), height);
}

TEST(Axis, TicksDoNotStandInEachOther) {
  for (const Axis& axis : {Axis::loss({1e-7, 3e3}), Axis::loss({1e-30, 2e30}),
                           Axis::loss({0.1, 0.13}), Axis::loss({2, 30}), Axis::accuracy({0, 1}),
                           Axis::accuracy({0.5, 0.99}), Axis::accuracy({}), Axis::plain({-3, 1e6}),
                           Axis::plain({7, 7}), Axis::difference({-1, 1}, true)}) {
    const std::vector<Tick>& ticks = axis.ticks();
    EXPECT_GE(ticks.size(), 2u);
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        EXPECT_GE(
            std::abs(axis.share_of_place(ticks[i].place) - axis.share_of_place(ticks[j].place)),
            0.05)
            << ticks[i].label << " and " << ticks[j].label;
      }
    }
  }
}

TEST(Axis, DifferencesOfManySizesAreOnALogarithm) {
  const Axis plain = Axis::difference({-0.1, 0.02}, false);
  EXPECT_EQ(plain.remark(), "");
  EXPECT_NEAR(plain.share(-0.04), (plain.share(-0.1) + plain.share(0.02)) / 2, 1e-12);
  const Axis wide = Axis::difference({-0.8, 0.02}, true);
  EXPECT_EQ(wide.remark(), " (log scale)");
  EXPECT_GT(wide.share(0.0) - wide.share(-0.01), wide.share(-0.7) - wide.share(-0.8));
  for (const Axis& axis : {plain, wide}) {
    EXPECT_TRUE(axis.shows(0));
    EXPECT_GE(axis.ticks().size(), 3u);
    EXPECT_TRUE(std::ranges::any_of(axis.ticks(), [](const Tick& t) { return t.label == "0"; }));
  }
}

}  // namespace
}  // namespace saltus
