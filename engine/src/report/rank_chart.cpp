#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "report/charts.h"
#include "report/svg.h"

namespace saltus {
namespace {

constexpr double kWidth = 480;
constexpr double kAxis = 56;
constexpr double kBar = 7;
constexpr double kName = 16;
constexpr std::size_t kLongestName = 25;

/// The first and last of neighbours in the order of ranks.
struct Clique {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// The largest groups whose ranks lie within the critical difference.
std::vector<Clique> cliques_of(const std::vector<double>& sorted, double critical) {
  std::vector<Clique> cliques;
  for (std::size_t first = 0; first < sorted.size(); ++first) {
    std::size_t last = first;
    while (last + 1 < sorted.size() && sorted[last + 1] - sorted[first] < critical) ++last;
    if (last == first || (!cliques.empty() && cliques.back().last == last)) continue;
    cliques.push_back({first, last});
  }
  return cliques;
}

}  // namespace

std::string rank_chart(const std::vector<std::string>& labels, const RankTest& test) {
  std::vector<std::size_t> order(labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return test.mean_ranks[i]; });
  std::vector<double> sorted;
  sorted.reserve(order.size());
  for (const std::size_t i : order) sorted.push_back(test.mean_ranks[i]);
  const std::vector<Clique> cliques = cliques_of(sorted, test.critical_difference);

  std::size_t longest = 8;
  for (const std::string& label : labels) {
    longest = std::max(longest, std::min(characters_in(label), kLongestName));
  }
  const double left_end = 22 + kCharacterWidth * static_cast<double>(longest);
  const double right_end = kWidth - left_end;

  const std::size_t left_count = (labels.size() + 1) / 2;
  const double names = kAxis + 14 + kBar * static_cast<double>(cliques.size());
  Svg svg(kWidth, names + kName * static_cast<double>(left_count) + 8,
          fmt::format("Mean ranks of {} settings, and which of them are no further apart than the "
                      "critical difference of {:.2f}",
                      labels.size(), test.critical_difference));
  const auto highest = static_cast<double>(labels.size());
  const auto x = [&](double rank) {
    return left_end + (right_end - left_end) * (rank - 1) / (highest - 1);
  };
  svg.line({left_end, kAxis}, {right_end, kAxis}, "axis");
  const std::size_t step = std::max<std::size_t>(1, (labels.size() + 8) / 10);
  for (std::size_t rank = 1; rank <= labels.size(); rank += step) {
    const double place = x(static_cast<double>(rank));
    svg.line({place, kAxis}, {place, kAxis - 5}, "axis");
    svg.text({place, kAxis - 9}, "middle", fmt::to_string(rank));
  }
  svg.text({left_end - 10, kAxis - 9}, "end", "mean rank", "note");

  const double width =
      std::min(test.critical_difference / (highest - 1), 1.0) * (right_end - left_end);
  svg.text({left_end, 14}, "start",
           fmt::format("critical difference {:.2f}", test.critical_difference), "note");
  svg.line({left_end, 24}, {left_end + width, 24}, "whisker");
  for (const double end : {left_end, left_end + width}) svg.line({end, 20}, {end, 28}, "whisker");

  for (std::size_t i = 0; i < cliques.size(); ++i) {
    const double height = kAxis + 8 + kBar * static_cast<double>(i);
    svg.line({x(sorted[cliques[i].first]) - 3, height}, {x(sorted[cliques[i].last]) + 3, height},
             "clique");
  }
  for (std::size_t place = 0; place < order.size(); ++place) {
    const bool left = place < left_count;
    const std::size_t row = left ? place : order.size() - 1 - place;
    const double y = names + kName * (static_cast<double>(row) + 0.5);
    const std::string& label = labels[order[place]];
    const double rank = sorted[place];
    const double edge = left ? left_end - 12 : right_end + 12;
    const Place corners[] = {{x(rank), kAxis}, {x(rank), y}, {edge, y}};
    svg.begin(fmt::format("{}: mean rank {:.2f}", label, rank));
    svg.polyline(corners, "stem");
    svg.text({left ? edge - 4 : edge + 4, y + 4}, left ? "end" : "start",
             shortened(label, kLongestName));
    svg.end();
  }
  return svg.str();
}

}  // namespace saltus
