// --data, --target, --test and --task: which data a command takes.
#pragma once

#include <string>
#include <string_view>

#include <saltus/dataset.h>

namespace saltus::app {

/// Of --task: as the columns say.
inline constexpr std::string_view kAnyTask = "auto";

struct DataChoice {
  std::string data;    ///< a name, a folder, or the file of a table
  std::string target;  ///< of a table: the columns to predict, with commas between them
  std::string test;    ///< of a table: that of the test rows, or empty
  std::string task = std::string(kAnyTask);  ///< of a table
};

/// The values that --data takes: "mnist|fashion-mnist|...|DIR|FILE".
std::string data_values();

/// What --help says of them.
inline constexpr const char* kDataHelp =
    "A data set with a name; a folder with four IDX files, plain or gzip, with the binary files of "
    "CIFAR-10 or CIFAR-100, or with images as train/CLASS/*.png and test/CLASS/*.png (also .jpg); "
    "or a table in CSV, with --target. Unsigned bytes are divided by 255, other values taken as "
    "they are";
inline constexpr const char* kTargetHelp =
    "Of a table: the column to predict, or several as in a,b; all other columns are numbers";
inline constexpr const char* kTestHelp =
    "Of a table: another one of the same columns, whose rows are the test rows; without it these "
    "are the last fifth of the rows";

inline constexpr const char* kTaskHelp =
    "Of a table: what the target is. classification: names or whole numbers are classes; "
    "multi-label: each target is 0 or 1; regression: numbers; auto: as the columns say";
inline constexpr const char* kTaskValues = "auto|classification|multi-label|regression";

/// The task that is typed for such data.
std::string_view task_option(Task task);

/// Loads them. Throws as load_dataset() and load_table(), and InvalidArgument for --target,
/// --test or --task without a table.
ImageDataset load_data(const DataChoice& choice, const FetchOptions& options);

}  // namespace saltus::app
