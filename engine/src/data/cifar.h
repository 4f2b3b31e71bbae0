#pragma once

#include <filesystem>
#include <string_view>

#include <saltus/dataset.h>

namespace saltus {

/// Whether a folder holds a file with a name of CIFAR-10's or CIFAR-100's binary version.
bool is_cifar_folder(const std::filesystem::path& folder);

/// Reads the binary version of CIFAR-10 or CIFAR-100 from a folder (format: A. Krizhevsky's page of
/// the data sets): records of one label byte, or a coarse and a fine one, and 3072 bytes of pixels,
/// the planes of red, green and blue one after another. Files may be of any number of records.
/// Throws DataError, naming file and byte, for a missing file, a record that is cut off, a label
/// out of range, and names of classes that are too few or too many.
ImageDataset load_cifar(const std::filesystem::path& folder);

/// Whether it is the name of one of them.
bool is_cifar_name(std::string_view name);

/// Reads the one with that name from where it was unpacked. Throws DataError, saying how to get it,
/// where it is not there.
ImageDataset load_known_cifar(std::string_view name, const FetchOptions& options);

}  // namespace saltus
