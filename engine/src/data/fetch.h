#pragma once

#include <filesystem>

#include <saltus/dataset.h>

namespace saltus {

/// fetch_dataset() for an entry of the catalogue, or one that a test made up.
FetchedDataset fetch_known(const KnownDataset& known, const FetchOptions& options);

/// load_dataset() for one folder. With `known`, the files must match its checksums.
ImageDataset load_folder(const std::filesystem::path& folder, const KnownDataset* known);

}  // namespace saltus
