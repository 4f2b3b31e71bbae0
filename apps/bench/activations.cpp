#include <algorithm>
#include <chrono>
#include <memory>

#include <fmt/format.h>

#include "network.h"

namespace saltus::bench {
namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

void activations(const Options& options, int rounds, int steps) {
  const Images images(options.data);
  const Samples samples = images.first(steps);
  FitOptions fit;
  fit.batch_size = kBatch;

  struct Row {
    std::string name;
    std::vector<double> ratios;
    std::vector<double> milliseconds;
  };
  std::vector<Row> rows;
  for (const ActivationInfo& info : activation_list())
    rows.push_back({std::string(info.name), {}, {}});

  const auto time = [&](Model& model) {
    const auto start = std::chrono::steady_clock::now();
    model.fit(samples, fit);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
               .count() /
           steps;
  };
  Model relu = make_model("relu", options);
  time(relu);
  for (int round = 0; round < rounds; ++round) {
    for (Row& row : rows) {
      // A fresh model each time: one that has diverged would time arithmetic on NaN. relu right
      // before and after, so that a drift of the machine's speed cancels.
      Model model = make_model(row.name, options);
      model.fit(images.first(2), fit);
      const double before = time(relu);
      const double own = time(model);
      const double after = time(relu);
      row.milliseconds.push_back(own);
      row.ratios.push_back(2 * own / (before + after));
    }
  }
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return median(a.ratios) > median(b.ratios); });
  fmt::print("| activation | ms a step | ratio to relu | least | most |\n|---|---|---|---|---|\n");
  for (const Row& row : rows) {
    const auto [least, most] = std::minmax_element(row.ratios.begin(), row.ratios.end());
    fmt::print("| {} | {:.1f} | {:.3f} | {:.3f} | {:.3f} |\n", row.name, median(row.milliseconds),
               median(row.ratios), *least, *most);
  }
}

}  // namespace saltus::bench
