// What is wrong in the layers of a sweep, in sentences.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <saltus/report.h>

#include "core/boundary.h"
#include "report/layer_means.h"
#include "report/series.h"

namespace saltus {
namespace {

// The limits; docs/diagnostics.md gives their reasons.
constexpr double kMostDead = 0.1;
constexpr double kMostSaturated = 0.5;
constexpr double kMostClipped = 0.5;
constexpr double kMostApart = 1e4;  ///< of gradients' norms in a network
constexpr double kLeastRank = 2;

/// More layers than this with the same fault share a sentence.
constexpr std::size_t kMostNamedLayers = 2;

using Epochs = std::vector<std::vector<LayerDiagnostics>>;

/// "41 %", and of little "0.3 %".
std::string share_text(double share) {
  return fmt::format("{:.{}f} %", 100 * share, share > 0 && share < 0.01 ? 1 : 0);
}

/// The epoch since which it is so, up to the last; none where it is not so in the last.
std::optional<std::size_t> since(const Epochs& epochs,
                                 const std::function<bool(std::size_t epoch)>& is_so) {
  std::size_t first = epochs.size();
  while (first > 0 && is_so(first - 1)) --first;
  if (first == epochs.size()) return std::nullopt;
  return first;
}

std::string since_text(std::size_t first, std::size_t epochs) {
  if (epochs == 1) return "";
  if (first == 0) return " from the first epoch on";
  if (first + 1 == epochs) return " in the last epoch";
  return fmt::format(" from epoch {} on", first + 1);
}

/// A setting with its diagnostics.
struct Entry {
  std::string label;
  const Epochs* epochs;

  const LayerDiagnostics& last(std::size_t layer) const { return epochs->back()[layer]; }
  std::size_t layers() const { return epochs->front().size(); }
};

/// A share that should not be large.
struct Share {
  double LayerDiagnostics::*value;
  double most;
  std::string_view what;    ///< "41 % of conv2d's units are dead"
  std::string_view others;  ///< "leaky_relu: none"; empty: others are not compared
};
constexpr Share kShares[] = {
    {&LayerDiagnostics::dead, kMostDead, "units are dead", "none"},
    {&LayerDiagnostics::saturated, kMostSaturated, "units are saturated", "none"},
    {&LayerDiagnostics::clipped, kMostClipped, "gradient is clipped", ""},
};

class Sentences {
 public:
  explicit Sentences(const SweepResult& result) {
    const std::vector<std::string> labels = setting_labels(result);
    for (const std::size_t i : by_rank(result)) {
      Epochs epochs = mean_diagnostics(result.settings[i]);
      if (epochs.empty()) continue;
      means_.push_back(std::move(epochs));
      labels_.push_back(labels[i]);
    }
    for (std::size_t i = 0; i < means_.size(); ++i) entries_.push_back({labels_[i], &means_[i]});
  }

  std::vector<std::string> make() {
    for (const Entry& entry : entries_) {
      for (const Share& share : kShares) add_shares(entry, share);
      add_gradients(entry);
      add_rank(entry);
    }
    return std::move(sentences_);
  }

 private:
  void add_shares(const Entry& entry, const Share& share) {
    struct Found {
      std::size_t layer;
      std::size_t first;
    };
    std::vector<Found> found;
    for (std::size_t layer = 0; layer < entry.layers(); ++layer) {
      const auto first = since(*entry.epochs, [&](std::size_t epoch) {
        return (*entry.epochs)[epoch][layer].*share.value >= share.most;
      });
      if (first) found.push_back({layer, *first});
    }
    if (found.size() > kMostNamedLayers) {
      const auto worst = std::ranges::max_element(
          found, {}, [&](const Found& one) { return entry.last(one.layer).*share.value; });
      sentences_.push_back(fmt::format(
          "{}: in {} of {} layers {} or more of the {}, in {} {}{}.", entry.label, found.size(),
          entry.layers(), share_text(share.most), share.what, entry.last(worst->layer).layer,
          share_text(entry.last(worst->layer).*share.value),
          since_text(worst->first, entry.epochs->size())));
      return;
    }
    for (const Found& one : found) {
      const LayerDiagnostics& layer = entry.last(one.layer);
      sentences_.push_back(fmt::format(
          "{}: {} of {}'s {}{}{}.", entry.label, share_text(layer.*share.value), layer.layer,
          share.what, since_text(one.first, entry.epochs->size()), without(share, one.layer)));
    }
  }

  /// "; leaky_relu: none": the best setting that has none of it in this layer.
  std::string without(const Share& share, std::size_t layer) const {
    if (share.others.empty()) return "";
    for (const Entry& other : entries_) {
      if (layer < other.layers() && other.last(layer).*share.value == 0)
        return fmt::format("; {}: {}", other.label, share.others);
    }
    return "";
  }

  /// Layers that gradients reach much shorter than others.
  void add_gradients(const Entry& entry) {
    const std::vector<LayerDiagnostics>& layers = entry.epochs->back();
    const LayerDiagnostics* shortest = nullptr;
    const LayerDiagnostics* longest = nullptr;
    for (const LayerDiagnostics& layer : layers) {
      if (std::isnan(layer.dz_norm)) continue;
      if (shortest == nullptr || layer.dz_norm < shortest->dz_norm) shortest = &layer;
      if (longest == nullptr || layer.dz_norm > longest->dz_norm) longest = &layer;
    }
    if (shortest == nullptr || longest->dz_norm <= kMostApart * shortest->dz_norm) return;
    if (shortest->dz_norm == 0) {
      sentences_.push_back(
          fmt::format("{}: no gradient reaches {}.", entry.label, shortest->layer));
      return;
    }
    sentences_.push_back(fmt::format("{}: gradients in {} are {:.0e} times as long as in {}.",
                                     entry.label, longest->layer,
                                     longest->dz_norm / shortest->dz_norm, shortest->layer));
  }

  void add_rank(const Entry& entry) {
    for (const LayerDiagnostics& layer : entry.epochs->back()) {
      if (std::isnan(layer.effective_rank) || layer.effective_rank >= kLeastRank) continue;
      sentences_.push_back(fmt::format(
          "{}: what the last layer reads has an effective rank of {:.2g}: images hardly differ "
          "there but in length.",
          entry.label, layer.effective_rank));
    }
  }

  std::vector<Epochs> means_;
  std::vector<std::string> labels_;
  std::vector<Entry> entries_;  ///< best first
  std::vector<std::string> sentences_;
};

}  // namespace

std::vector<std::string> diagnostics_sentences(const SweepResult& result) try {
  return Sentences(result).make();
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
