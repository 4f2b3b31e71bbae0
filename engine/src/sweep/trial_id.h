// The identity of a trial: what a resumed or merged sweep goes by.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include <saltus/sweep.h>

namespace saltus {

/// The canonical texts that decide trials' results: JSON with sorted keys and no spaces. They hold
/// the network layer by layer, the checksums and counts of the data, and all that a trial is
/// trained with; not what leaves results alone (threads, folders) nor the device. A sweep may have
/// many: quickest are those of one activation in a row.
class TrialDescriptions {
 public:
  TrialDescriptions(const SweepConfig& config, const ImageDataset& data);

  std::string of(const Setting& setting, std::uint64_t seed);

 private:
  Recipe recipe_;
  Shape image_;
  std::int64_t classes_;
  std::string activation_;  ///< whose network is in the text
  nlohmann::json json_;     ///< the last one
};

/// The first 16 hex digits of the SHA-256 of such a text.
std::string trial_id(const std::string& description);

}  // namespace saltus
