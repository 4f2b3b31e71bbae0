#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/report.h>

#include "core/boundary.h"
#include "core/file.h"
#include "report/charts.h"
#include "report/html_style.h"
#include "report/layer_means.h"
#include "report/learned_parameters.h"
#include "report/numbers.h"
#include "report/report_words.h"
#include "report/svg.h"

namespace saltus {
namespace {

/// More lines than this cannot be told apart.
constexpr std::size_t kMostCurves = 12;
constexpr std::size_t kBestCurves = 8;

/// More settings than this have no room for their ranks.
constexpr std::size_t kMostRanked = 30;

std::string paragraph(std::string_view text, std::string_view classes = {}) {
  return fmt::format("<p{}>{}</p>\n", classes.empty() ? "" : fmt::format(" class=\"{}\"", classes),
                     escape_html(text));
}

std::string figure(std::string_view caption, std::string_view picture,
                   const std::string& remark = {}) {
  return fmt::format("<figure>\n<figcaption>{}</figcaption>\n{}{}</figure>\n", escape_html(caption),
                     remark.empty() ? "" : paragraph(remark), picture);
}

/// The colours of lines as variables p0 to p7, and all others.
std::string colours(std::span<const std::string_view> lines, std::string_view others) {
  std::string text = fmt::format(":root {{ {}", others);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    fmt::format_to(std::back_inserter(text), " --p{}: {};", i, lines[i]);
  }
  return text + " }\n";
}

/// The steps of what is right and wrong in a confusion matrix.
std::string shades() {
  std::string text;
  for (const auto& [name, colour] : {std::pair("right", "link"), std::pair("wrong", "alarm")}) {
    for (int step = 0; step <= 8; ++step) {
      fmt::format_to(std::back_inserter(text),
                     "svg .{0}{1} {{ fill: var(--{2}); fill-opacity: {3:.3f}; stroke: var(--rule); "
                     "stroke-width: .5; }}\n",
                     name, step, colour, step / 8.0);
    }
  }
  return text;
}

std::string style() {
  std::string text = colours(kColours,
                             "--paper: #ffffff; --ink: #1b1f24; --faint: #59636e; --rule: #d9dee3; "
                             "--stripe: #f3f5f7; --link: #0a5fa8; --alarm: #b3400f;");
  text += "@media screen and (prefers-color-scheme: dark) { " +
          colours(kColoursOnDark,
                  "--paper: #14171a; --ink: #e8eaed; --faint: #9aa4ae; --rule: #343a41; --stripe: "
                  "#1e2328; --link: #7fbef5; --alarm: #f08a5d;") +
          "}\n";
  for (std::size_t i = 0; i < kColours.size(); ++i) {
    fmt::format_to(std::back_inserter(text), ".c{0} {{ --c: var(--p{0}); }}\n", i);
  }
  return text + shades() + std::string(kStyle);
}

bool is_empty(const RankingTable& table, std::size_t column) {
  return std::ranges::all_of(
      table.rows, [&](const std::vector<RankingCell>& row) { return row[column].text == "-"; });
}

std::string table_of(const SweepResult& result) {
  const RankingTable table = ranking_table(result);
  std::string head;
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (is_empty(table, i)) continue;
    columns.push_back(i);
    fmt::format_to(std::back_inserter(head),
                   "<th scope=\"col\"{} aria-sort=\"{}\"><button type=\"button\">{}</button></th>",
                   table.columns[i].is_number ? " class=\"number\"" : "",
                   table.columns[i].name == "rank" ? "ascending" : "none",
                   escape_html(table.columns[i].title));
  }
  std::string body;
  for (const std::vector<RankingCell>& row : table.rows) {
    body += "<tr>";
    for (const std::size_t i : columns) {
      std::string attributes;
      if (table.columns[i].is_number) {
        attributes = fmt::format(" class=\"number\" data-order=\"{}\"",
                                 std::isnan(row[i].order) ? "" : fmt::to_string(row[i].order));
      } else if (table.columns[i].name == "setting") {
        attributes = " class=\"setting\"";
      }
      fmt::format_to(std::back_inserter(body), "<td{}>{}</td>", attributes,
                     row[i].text == "-" ? "–" : escape_html(row[i].text));
    }
    body += "</tr>\n";
  }
  return fmt::format(
      "<div class=\"box\" tabindex=\"0\" role=\"region\" aria-label=\"ranking\">\n<table "
      "class=\"sortable\">\n<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody>\n</table>\n</div>\n",
      head, body);
}

/// The settings whose curves are drawn: all, or of many the best and the baseline's.
std::vector<std::size_t> drawn_settings(const SweepResult& result) {
  std::vector<std::size_t> order = by_rank(result);
  if (order.size() <= kMostCurves) return order;
  const auto is_baseline = [&](std::size_t i) {
    return result.baseline && result.settings[i].setting.activation == *result.baseline;
  };
  const auto baseline = std::find_if(order.begin() + kBestCurves, order.end(), is_baseline);
  if (baseline != order.end()) order[kBestCurves] = *baseline;
  order.resize(kBestCurves + (baseline != order.end() ? 1 : 0));
  return order;
}

std::string curves_of(const StoredSweep& sweep) {
  const std::vector<std::size_t> drawn = drawn_settings(sweep.result);
  const std::vector<Series> series = make_series(sweep.result, drawn);
  const ImageDataset& data = *sweep.plan.data;
  const std::string loss = label_of(sweep.plan.config.loss);
  std::vector<CurveFigure> figures;
  const std::pair<std::string, const char*> sides[] = {
      {"on the " + evaluated_images(sweep.plan), "val_"}, {"in training, with dropout", ""}};
  for (const std::string_view metric : figures_of(data.task)) {
    if (metric == "loss") continue;
    const ShownFigure shown = shown_figure(metric, sweep.result.score);
    for (const auto& [where, prefix] : sides) {
      figures.push_back({.title = fmt::format("{} {}", shown.name, where),
                         .metric = fmt::format("{}{}", prefix, metric),
                         .axis_name = shown.axis_name,
                         .axis = shown.axis,
                         .chance = chance_level(data, metric)});
    }
  }
  for (const auto& [where, prefix] : sides) {
    figures.push_back({.title = fmt::format("Loss {}", where),
                       .metric = fmt::format("{}loss", prefix),
                       .axis_name = loss,
                       .axis = &Axis::loss,
                       .chance = {}});
  }
  for (const std::string& name : learned_parameters(sweep.result)) {
    figures.push_back({.title = "Learned: " + name,
                       .metric = name,
                       .axis_name = name.substr(name.rfind('/') + 1),
                       .axis = &Axis::plain,
                       .chance = {}});
  }
  std::string text = "<h2>Epoch by epoch</h2>\n";
  std::string words = images_text(sweep.plan.config, *sweep.plan.data) + ".";
  const std::size_t seeds =
      std::ranges::max_element(sweep.result.settings, {}, &SettingResult::ok)->ok;
  if (seeds > 1) {
    words += fmt::format(
        " Lines are means over up to {} seeds, bands reach from the lowest to the highest.", seeds);
  }
  if (drawn.size() < sweep.result.settings.size()) {
    words += fmt::format(" Only the {} best of {} settings are drawn{}.", kBestCurves,
                         sweep.result.settings.size(),
                         drawn.size() > kBestCurves ? ", and the baseline" : "");
  }
  text += paragraph(words, "faint") + "<div class=\"charts\">\n";
  for (const CurveFigure& one : figures) {
    std::vector<Series> lines = series;
    if (one.metric.find('/') != std::string::npos) {
      std::erase_if(
          lines, [&](const Series& line) { return points_of(*line.result, one.metric).empty(); });
      if (lines.empty()) continue;
    }
    text += figure(one.title, curve_chart(lines, one));
  }
  return text + "</div>\n";
}

std::vector<ChartRow> rows_of(const SweepResult& result) {
  std::vector<ChartRow> rows;
  for (const Series& one : make_series(result, by_rank(result))) {
    rows.push_back({.rank = one.result->rank ? fmt::to_string(*one.result->rank) : "–",
                    .label = one.label,
                    .result = one.result});
  }
  return rows;
}

/// The settings that ended well with every seed that all were to have, and their figures by seed;
/// why there is no diagram where there is none.
std::string ranks_of(const StoredSweep& sweep, const std::vector<ChartRow>& rows) {
  std::vector<std::string> labels;
  std::vector<std::vector<double>> values(static_cast<std::size_t>(sweep.plan.config.seeds));
  for (const ChartRow& row : rows) {
    std::vector<double> by_seed = last_values(*row.result, sweep.result.score);
    // Ranks count from the largest value, which of errors is the worst.
    if (sweep.result.score.is_error) {
      for (double& value : by_seed) value = -value;
    }
    if (by_seed.size() < values.size()) continue;
    labels.push_back(row.label);
    for (std::size_t i = 0; i < values.size(); ++i) values[i].push_back(by_seed[i]);
  }
  if (labels.size() < 2 || std::cmp_less(values.size(), kFewestSeeds)) {
    return paragraph(
        "There is no diagram of mean ranks: it needs two settings or more that ended "
        "well with the same three seeds or more.",
        "faint");
  }
  if (labels.size() > kMostRanked) {
    return paragraph(fmt::format("There is no diagram of mean ranks: {} settings have no room in "
                                 "one.",
                                 labels.size()),
                     "faint");
  }
  const RankTest test = compare_ranks(values);
  return figure(
      "Mean ranks over the seeds", rank_chart(labels, test),
      fmt::format("Friedman's test: chi-squared {:.2f} with {} degrees of freedom, {}. Bars join "
                  "settings that are no further apart than Nemenyi's critical difference at 0.05 "
                  "(Demsar 2006). Blocks are the {} seeds of one data set: this says nothing of "
                  "other data.",
                  test.chi_squared, labels.size() - 1, p_equation(test.p), values.size()));
}

std::string comparisons_of(const StoredSweep& sweep) {
  const SweepResult& result = sweep.result;
  const std::vector<ChartRow> rows = rows_of(result);
  const auto comparison = comparison_of(result);
  const bool compared = std::ranges::any_of(
      result.settings, [&](const SettingResult& one) { return (one.*comparison).has_value(); });
  std::string text = "<h2>After the last epoch</h2>\n<div class=\"charts\">\n";
  const std::optional<double> chance = chance_level(*sweep.plan.data, Score{}.val());
  text +=
      figure(fmt::format("{} of every seed, {}", capitalized(result.score.name),
                         evaluated_images(sweep.plan)),
             dot_chart(rows, result.score, chance),
             fmt::format("Circles are seeds, diamonds means, lines 95 % intervals of the mean{}.",
                         chance ? "; chance is dashed, where the axis reaches it" : ""));
  if (compared) {
    text += figure(fmt::format("Difference to {}", shortened(reference_of(result), 40)),
                   forest_chart(rows, result.score, reference_of(result), comparison),
                   "Squares are mean differences over common seeds, lines their 95 % intervals; p "
                   "after Holm's correction.");
  } else {
    text += paragraph(
        "There are no differences with intervals: they need two settings with three "
        "common seeds or more.",
        "faint");
  }
  return text + ranks_of(sweep, rows) + "</div>\n";
}

/// Which classes are taken for which: pictures of the best settings, and of many classes words.
std::string confusions_of(const SweepResult& result) {
  constexpr std::size_t kMostDrawn = 4;
  constexpr std::size_t kMostClasses = 16;
  constexpr std::size_t kMostInWords = 10;
  std::string text;
  std::size_t drawn = 0;
  for (const ChartRow& row : rows_of(result)) {
    const Confusion& confusion = row.result->confusion;
    if (confusion.empty() || drawn == kMostDrawn) continue;
    ++drawn;
    if (confusion.classes <= kMostClasses) {
      text += figure(shortened(row.label, 60), confusion_chart(confusion, row.label),
                     mistakes_text(confusion, 3));
    } else {
      text += figure(shortened(row.label, 60), paragraph(mistakes_text(confusion, kMostInWords)));
    }
  }
  if (text.empty()) return text;
  std::string words =
      "Images of each class by the class that they were taken for, in the mean of the seeds, with "
      "the weights that the trials ended with. ";
  if (drawn < result.settings.size()) words += "The best settings are shown. ";
  return "<h2>Confused classes</h2>\n" +
         paragraph(words + "confusion.csv has all settings and seeds.", "faint") +
         "<div class=\"charts\">\n" + text + "</div>\n";
}

/// What the layers did: what is wrong in sentences, and the layers of the best settings.
std::string layers_of(const SweepResult& result) {
  constexpr std::size_t kMostDrawn = 8;
  std::string charts;
  std::size_t drawn = 0;
  for (const ChartRow& row : rows_of(result)) {
    if (drawn == kMostDrawn) break;
    const std::string chart = layer_chart(mean_diagnostics(*row.result), row.label);
    if (chart.empty()) continue;
    ++drawn;
    charts += figure(shortened(row.label, 60), chart);
  }
  if (charts.empty()) return charts;
  std::string text = "<h2>Layers</h2>\n";
  const std::vector<std::string> wrong = diagnostics_sentences(result);
  if (wrong.empty()) {
    text += paragraph(
        "Nothing is wrong: no layer ends with many dead or saturated units, gradients come "
        "through, and what the last layer reads has more than a direction.");
  } else {
    text += "<ul>\n";
    for (const std::string& sentence : wrong)
      text += fmt::format("<li>{}</li>\n", escape_html(sentence));
    text += "</ul>\n";
  }
  std::string words =
      "From some training images after each epoch, in the mean of the seeds, dropout off. The "
      "upper half of a cell is the share of dead units, the lower half that of saturated ones: "
      "the darker, the more. A pointer on a cell shows all figures. ";
  if (drawn < result.settings.size()) words += "The best settings are shown. ";
  return text + paragraph(words + "layers.csv has all settings and seeds.", "faint") +
         "<div class=\"charts\">\n" + charts + "</div>\n";
}

std::string conditions_of(const StoredSweep& sweep, const std::string& command) {
  std::string text = "<h2>What ran</h2>\n<dl>\n";
  for (const auto& [name, value] : conditions(sweep)) {
    text += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape_html(name), escape_html(value));
  }
  for (const Activation& activation : sweep.plan.config.activations) {
    if (!activation.is_formula() || activation.str() == activation.label()) continue;
    text += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape_html(activation.label()),
                        escape_html(activation.str()));
  }
  text += "</dl>\n";
  if (command.empty()) return text;
  return text + "<h2>To repeat it</h2>\n<pre>" + escape_html(command) + "</pre>\n";
}

std::string failures_of(const StoredSweep& sweep) {
  const std::vector<std::string> sentences = failures(sweep);
  if (sentences.empty()) return {};
  std::string text = "<section class=\"warning\">\n";
  if (sentences.size() == 1) return text + paragraph(sentences[0]) + "</section>\n";
  text += "<ul>\n";
  for (const std::string& sentence : sentences) {
    text += fmt::format("<li>{}</li>\n", escape_html(sentence));
  }
  return text + "</ul>\n</section>\n";
}

}  // namespace

std::string report_html(const StoredSweep& sweep, const std::string& command) try {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n"
      "<title>{0}</title>\n<style>\n{1}</style>\n</head>\n<body>\n<main>\n<h1>{0}</h1>\n{2}</"
      "main>\n"
      "<script>{3}</script>\n</body>\n</html>\n",
      escape_html(headline(sweep)), style(),
      paragraph(findings(sweep)) + failures_of(sweep) + "<h2>Ranking</h2>\n" +
          table_of(sweep.result) + paragraph(reading(sweep.result), "faint") +
          comparisons_of(sweep) + confusions_of(sweep.result) + layers_of(sweep.result) +
          curves_of(sweep) + conditions_of(sweep, command),
      kScript);
} catch (...) {
  throw_as_promised();
}

void write_report(const std::filesystem::path& file, std::string_view report) try {
  write_file_atomic(file, report);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
