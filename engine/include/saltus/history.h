#pragma once

#include <saltus/export.h>

#include <map>
#include <string>
#include <vector>

namespace saltus {

/// Named figures of one epoch: "loss", "categorical_accuracy", "val_loss", ...
using Logs = std::map<std::string, double>;

/// What fit() returns: each figure epoch by epoch, under Keras's names. Training figures are means
/// over the epoch's batches weighted by their sizes, with dropout on; those beginning with val_ are
/// from the validation data after the epoch.
struct SALTUS_API History {
  std::vector<int> epoch;                              ///< epoch numbers, from 0
  std::map<std::string, std::vector<double>> history;  ///< a value for each of them

  /// The values of a figure. Throws InvalidArgument with the names there are.
  const std::vector<double>& at(const std::string& name) const;

  /// All figures of the epoch that stands at this index, which must be one.
  Logs logs(std::size_t index) const;
};

}  // namespace saltus
