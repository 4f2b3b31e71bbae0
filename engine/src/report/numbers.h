// Numbers and ends of trials in the words of a report.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <saltus/sweep.h>

namespace saltus {

/// "95.77": a share in percent.
std::string percent(double share);

/// "95.77 ± 0.22", half of the interval; the mean alone of one value.
std::string with_interval(const Summary& summary);

/// "+1.20", "−0.31": a difference of shares in percentage points.
std::string points_text(double difference);

/// "0.020", "< 0.001".
std::string p_text(double p);

/// "p = 0.020", "p < 0.001".
std::string p_equation(double p);

/// "98.2 s", "3 min 05 s", "2 h 10 min".
std::string duration_text(double seconds);

/// "1 seed", "3 seeds".
std::string counted(std::size_t number, std::string_view what);

/// The ranking figure of each trial that is ok, after its last epoch.
std::vector<double> last_values(const SettingResult& result);

/// All seconds of its trials.
double seconds_of(const SettingResult& result);

/// How a setting ended: "ok", "1 of 3 diverged", "stopped: epoch 4 of 20", "not begun".
std::string end_in_words(const SettingResult& result);

}  // namespace saltus
