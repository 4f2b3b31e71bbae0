// The identity of a trial, which a resumed sweep goes by.
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
  SweepConfig config_;
  Shape image_;
  std::int64_t outputs_;
  Task task_;
  std::string choices_;  ///< of the network that is in the text, in words
  nlohmann::json json_;  ///< the last one
};

/// The first 16 hexadecimal digits of the UUID of version 5, which is a SHA-1, that has a text as
/// its name. The id of a trial is that of its description.
std::string hash_of(const std::string& text);

}  // namespace saltus
