#pragma once

#include <saltus/export.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// Which classes a network takes for which.
namespace saltus {

/// A confusion matrix: how many images of each class were put into each class, in one trial or in
/// the mean of some.
struct SALTUS_API Confusion {
  std::size_t classes = 0;     ///< 0: nothing is known
  std::vector<double> counts;  ///< [class][class that it was taken for]

  double at(std::size_t label, std::size_t predicted) const {
    return counts[label * classes + predicted];
  }
  bool empty() const { return classes == 0; }
  /// Images of a class.
  double images(std::size_t label) const;
  /// The share of a class's images that were put into it; NaN where it has none.
  double accuracy(std::size_t label) const;
};

/// Counts images. Throws InvalidArgument unless both lists have one length, and all classes are
/// from 0 to below `classes`.
SALTUS_API Confusion confusion_of(std::span<const std::int32_t> labels,
                                  std::span<const std::int32_t> predicted, std::size_t classes);

/// The mean of those that are not empty; empty where all are. Throws InvalidArgument for different
/// numbers of classes.
SALTUS_API Confusion mean_of(std::span<const Confusion> all);

/// Images of one class that were taken for another.
struct Mistake {
  std::size_t label = 0;
  std::size_t predicted = 0;
  double count = 0;
  double images = 0;  ///< of the class
};

/// The `most` mistakes that were made most often, the most frequent first.
SALTUS_API std::vector<Mistake> largest_mistakes(const Confusion& confusion, std::size_t most);

/// "4 as 9, 12 of 982"; means have one digit behind the point.
SALTUS_API std::string text_of(const Mistake& mistake);

}  // namespace saltus
