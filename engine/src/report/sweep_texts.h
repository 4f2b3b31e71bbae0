// The files of a sweep as texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <saltus/report.h>

namespace saltus {

/// sweep.json.
std::string sweep_json_text(const SweepPlan& plan, const MachineInfo& machine);

/// These read a text that `name` stands for in messages. All throw DataError if it is not what
/// it should be.
RecordedSweep parse_sweep_json(std::string_view text, const std::string& name);
std::vector<TrialResult> parse_results_json(std::string_view text, const std::string& name);
std::vector<TrialResult> parse_history_jsonl(std::string_view text, const std::string& name);

}  // namespace saltus
