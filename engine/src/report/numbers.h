// Numbers and ends of trials in the words of a report.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <saltus/sweep.h>

namespace saltus {

/// "95.77": a share in percent.
std::string percent(double share);

/// A score without its unit: "95.77", in percent, or "3.142".
std::string score_text(const Score& score, double value);

/// "95.77 ± 0.22", half of the interval; the mean alone of one value.
std::string with_interval(const Score& score, const Summary& summary);

/// "+1.20", "−0.31": a difference of scores, of shares in percentage points.
std::string difference_text(const Score& score, double difference);

/// What stands behind a score, " %", or nothing of an error; and behind a difference, " points".
std::string_view unit_of(const Score& score);
std::string_view difference_unit_of(const Score& score);

/// "accuracy, %", "RMSE"; as the name of an axis "categorical accuracy, %"; at the beginning of a
/// sentence "Accuracy".
std::string title_of(const Score& score);
std::string score_in_full(const Score& score);
std::string capitalized(std::string_view name);

/// "0.020", "< 0.001".
std::string p_text(double p);

/// "p = 0.020", "p < 0.001".
std::string p_equation(double p);

/// "98.2 s", "3 min 05 s", "2 h 10 min".
std::string duration_text(double seconds);

/// "1 seed", "3 seeds".
std::string counted(std::size_t number, std::string_view what);

/// Whether it is that of a task with classes.
bool has_classes(const Score& score);

/// The score of each trial that is ok, after its last epoch.
std::vector<double> last_values(const SettingResult& result, const Score& score);

/// All seconds of its trials.
double seconds_of(const SettingResult& result);

/// How a setting ended: "ok", "1 of 3 diverged", "stopped: epoch 4 of 20", "not begun".
std::string end_in_words(const SettingResult& result);

}  // namespace saltus
