// --data, --target and --test: which data a command takes.
#pragma once

#include <string>

#include <saltus/dataset.h>

namespace saltus::app {

struct DataChoice {
  std::string data;    ///< a name, a folder, or the file of a table
  std::string target;  ///< of a table: its column of classes
  std::string test;    ///< of a table: that of the test rows, or empty
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
    "Of a table: the column of classes, names or whole numbers; all other columns are numbers";
inline constexpr const char* kTestHelp =
    "Of a table: another one of the same columns, whose rows are the test rows; without it these "
    "are the last fifth of the rows";

/// Loads them. Throws as load_dataset() and load_table(), and InvalidArgument for --target or
/// --test without a table.
ImageDataset load_data(const DataChoice& choice, const FetchOptions& options);

}  // namespace saltus::app
