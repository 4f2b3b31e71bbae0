#pragma once

#include <saltus/export.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/score.h>
#include <saltus/statistics.h>

/// Sweeps that add seeds until they know which setting is best.
namespace saltus {

/// What such a sweep promises, and what it may spend.
struct UntilDecided {
  /// Largest chance that anything it says of a difference is wrong, however often it looked.
  double error = 0.05;
  /// Differences up to this size, as shares or in the unit of an error, count as none. None: the
  /// standard error of the accuracy of the images that rank; of an error, a hundredth of it.
  std::optional<double> epsilon = {};
  std::size_t max_trials = 0;  ///< 0: 30 for each setting
};

/// How a setting stands against the one that leads.
enum class Standing : std::uint8_t {
  leads,
  equal,   ///< the difference is known to be at most epsilon
  beaten,  ///< by the leader, or by another setting that beats it
  open,    ///< more seeds are needed
  diverged,
};

/// "leads", "equal", "beaten", "open", "diverged".
SALTUS_API std::string_view to_string(Standing standing);

/// A setting in a verdict.
struct VerdictEntry {
  Standing standing = Standing::open;
  /// How much better the leader is than this setting over their common seeds, with an interval that
  /// holds at every number of seeds, for all pairs of settings together; none for the leader, and
  /// where a setting diverged.
  double difference = 0;
  std::optional<Interval> interval = {};
  /// The chance to be first when seeds are drawn again (bootstrap, 10,000 samples).
  double p_first = 0;
};

/// What a sweep knows.
struct Verdict {
  std::vector<VerdictEntry> settings;      ///< in the order of the sweep
  std::optional<std::size_t> leader = {};  ///< none where all diverged
  bool decided = false;                    ///< no setting is open
  double error = 0;
  double epsilon = 0;
  std::size_t trials = 0;  ///< that it is judged by
  /// How much single seeds agree with the ranking: the mean of Kendall's tau-b over the seeds that
  /// all settings have. None below two settings.
  std::optional<double> tau = {};
  /// Seeds that would decide, were what is known of the differences true; none where decided, and
  /// where no number up to 10,000 would.
  std::optional<std::size_t> seeds_missing = {};
};

/// Judges settings by their figures, seed by seed, values[setting][repeat]: repeat n of all
/// settings has the same seed. `diverged` says which settings take no part. `images` are as many as
/// an accuracy is a share of; of an error they count for nothing. Throws InvalidArgument below two
/// settings or two values of one.
SALTUS_API Verdict judge(std::span<const std::vector<double>> values,
                         const std::vector<bool>& diverged, std::size_t images,
                         const UntilDecided& rules, const Score& score = {});

/// The verdict in a sentence or a few: which is best, by how much, equal to whom, how sure, after
/// how many trials. `labels` are those of the settings.
SALTUS_API std::string text_of(const Verdict& verdict, std::span<const std::string> labels,
                               const Score& score = {});

}  // namespace saltus
