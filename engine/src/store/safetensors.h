// Files in the format safetensors: docs/model-file.md.
#pragma once

#include <filesystem>

#include "store/tensor_file.h"

namespace saltus::store {

/// Writes a file, whole or not at all. Throws InvalidArgument where a name is given twice or is no
/// UTF-8, DataError where the file cannot be written.
void write_safetensors(const std::filesystem::path& path, const TensorFile& file);

/// Reads a file, the tensors in the order in which they lie in it. Throws DataError, which says
/// what is wrong and at which byte, for a file that is not in the format, or holds tensors of
/// another type than F32. What the header claims is checked against the size of the file before
/// memory is taken for it.
TensorFile read_safetensors(const std::filesystem::path& path);

}  // namespace saltus::store
