#pragma once

#include <filesystem>

#include <saltus/image_set.h>

namespace saltus {

/// Whether a folder has a folder train or test.
bool is_image_folder(const std::filesystem::path& folder);

/// Reads train/CLASS/FILE and test/CLASS/FILE, as load_dataset() says. Throws DataError, naming the
/// first file that is wrong and what was expected.
ImageDataset load_image_folder(const std::filesystem::path& folder);

}  // namespace saltus
