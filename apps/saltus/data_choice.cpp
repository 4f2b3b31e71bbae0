#include "data_choice.h"

#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include <saltus/error.h>

#include "lists.h"

namespace saltus::app {

std::string data_values() {
  std::string values = dataset_names();
  for (const LocalDataset& local : local_datasets()) values.append("|").append(local.name);
  return values + "|DIR|FILE";
}

ImageDataset load_data(const DataChoice& choice, const FetchOptions& options) {
  if (choice.target.empty() && choice.test.empty()) return load_dataset(choice.data, options);
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(choice.data, ignored)) {
    throw InvalidArgument(
        fmt::format("{} belongs to a table, but --data is {}, which is no file: name the file of a "
                    "table, or leave the option away",
                    choice.target.empty() ? "--test" : "--target", choice.data));
  }
  if (choice.target.empty()) {
    throw InvalidArgument(fmt::format(
        "{} is a table, so --target is needed: name the column of its classes", choice.data));
  }
  return load_table(choice.data, {.target = choice.target, .test = choice.test});
}

}  // namespace saltus::app
