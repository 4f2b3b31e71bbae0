#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <saltus/samples.h>

namespace saltus {

/// What the targets of samples are. Output layer and loss of a network follow from it.
enum class Task : std::uint8_t {
  multi_class,  ///< one class of several: softmax, categorical crossentropy
  binary,       ///< class 1 or class 0: one sigmoid unit, binary crossentropy
  multi_label,  ///< each of several labels or not: a sigmoid unit for each, binary crossentropy
  regression,   ///< one number or several: linear units, mean squared error
};

/// "multi-class", "binary", "multi-label", "regression". Parsing throws InvalidArgument.
SALTUS_API std::string_view to_string(Task task);
SALTUS_API Task parse_task(std::string_view name);

/// Labelled images as they stand in the files.
struct SALTUS_API ImageSet {
  std::int64_t count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 1;

  /// [count][height][width][channels]: unsigned bytes, which a network sees divided by 255, or what
  /// files of other types hold, which it sees as it is.
  std::variant<std::vector<std::uint8_t>, std::vector<float>> pixels = {};
  std::vector<std::int32_t> labels = {};  ///< [count], from 0; empty where there are targets

  /// MD5 in hex: of the whole decompressed IDX file that each came from; of data that came in
  /// another way, of the values as they stand here. first() keeps them.
  std::string images_md5 = {};
  std::string labels_md5 = {};

  /// Of multi-label tasks, as 0 and 1, and of regression: [count][targets].
  std::vector<float> targets = {};

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
  int classes = 0;     ///< labels are 0 to classes - 1; 0 where there are targets instead
  ImageSet train;
  ImageSet test;
  std::vector<std::string> class_names = {};  ///< [classes] where the files name them, else empty
  std::string target = {};                    ///< of a table: TableOptions::target
  std::string test_source = {};  ///< of a table: that of the test rows, if these have one
  Task task = Task::multi_class;
  std::vector<std::string> target_names = {};  ///< of a table: the columns that are targets
};

/// How many outputs a network for this data has.
SALTUS_API std::int64_t outputs_of(const ImageDataset& data);

}  // namespace saltus
