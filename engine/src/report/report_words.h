// What a report says in sentences.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <saltus/report.h>

namespace saltus {

/// "MNIST: 6 activations, 3 seeds".
std::string headline(const StoredSweep& sweep);

/// What came out, in a few sentences.
std::string findings(const StoredSweep& sweep);

/// The trials that diverged or were stopped, each setting a sentence.
std::vector<std::string> failures(const StoredSweep& sweep);

/// Name and value of what ran, on what, and how long it took.
std::vector<std::pair<std::string, std::string>> conditions(const StoredSweep& sweep);

/// How the numbers of the table are to be read.
std::string reading(const SweepResult& result);

/// "Most often confused: 4 as 9, 12 of 982; ...", so many of them.
std::string mistakes_text(const Confusion& confusion, std::size_t most);

/// The settings that differences are to.
std::string reference_of(const SweepResult& result);

/// Which comparison of a setting the report shows.
std::optional<PairedComparison> SettingResult::*comparison_of(const SweepResult& result);

}  // namespace saltus
