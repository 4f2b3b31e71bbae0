#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include <saltus/samples.h>

namespace saltus {

/// Labelled images as they stand in the files.
struct SALTUS_API ImageSet {
  std::int64_t count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 1;

  /// [count][height][width][channels]: unsigned bytes, which a network sees divided by 255, or what
  /// files of other types hold, which it sees as it is.
  std::variant<std::vector<std::uint8_t>, std::vector<float>> pixels = {};
  std::vector<std::int32_t> labels = {};  ///< [count], from 0

  /// MD5 in hex: of the whole decompressed IDX file that each came from; of data that came in
  /// another way, of the values as they stand here. first() keeps them.
  std::string images_md5 = {};
  std::string labels_md5 = {};

  /// The first `n` images; all of them where there are no more. Throws InvalidArgument for n < 1.
  ImageSet first(std::int64_t n) const;

  /// A view of the first `n` images, or of all where there are no more, to train or evaluate on.
  Samples samples(std::int64_t n = std::numeric_limits<std::int64_t>::max()) const;

  /// All images, so that a set can be given wherever Samples are asked for. The set must outlive
  /// the call.
  operator Samples() const { return samples(); }  // NOLINT: implicit on purpose
};

/// A training and a test set of images of one shape.
struct ImageDataset {
  std::string name;    ///< of the known data set that the files are, else of the folder
  std::string title;   ///< what to call it over pictures; where it is empty, the name
  std::string source;  ///< folder or table that was read; empty where the data was computed
  int classes = 0;     ///< labels are 0 to classes - 1
  ImageSet train;
  ImageSet test;
  std::vector<std::string> class_names = {};  ///< [classes] where the files name them, else empty
  std::string target = {};                    ///< of a table: the column that its classes stand in
  std::string test_source =
      {};  ///< of a table: that of the test rows, if they have one of their own
};

}  // namespace saltus
