#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/dataset.h>

namespace saltus {

/// One of the four files; the order of KnownDataset::files.
enum class Part { train_images, train_labels, test_images, test_labels };
inline constexpr Part kParts[] = {Part::train_images, Part::train_labels, Part::test_images,
                                  Part::test_labels};

/// In words: "training images".
std::string_view part_name(Part part);

bool is_images(Part part);

/// The name that MNIST's own files have, without ".gz".
std::string_view file_name(Part part);

/// The sentence that says that a file is not the one it should be.
std::string wrong_checksum(const std::filesystem::path& path, std::string_view found,
                           std::string_view expected);

/// The files in a folder that by their names hold a part, the likeliest first; may be none.
std::vector<std::filesystem::path> files_of_part(const std::filesystem::path& folder, Part part);

/// A known data set by name; null where there is none.
const KnownDataset* find_known(std::string_view name);

/// The names of all known data sets.
std::vector<std::string> known_names();

/// What a data set in a folder is called: the folder's name, however its path is written.
std::string folder_name(const std::filesystem::path& folder);

/// Where fetched files of a known data set stand.
std::filesystem::path cache_folder(const KnownDataset& known, const FetchOptions& options);

/// The folders where a known data set may be, in the order in which they are searched.
std::vector<std::filesystem::path> search_folders(const KnownDataset& known,
                                                  const FetchOptions& options);

}  // namespace saltus
