// saltus data: the data sets that have a name.
#include <cstdint>
#include <memory>
#include <string>

#include <saltus/dataset.h>

#include "commands.h"
#include "data_choice.h"
#include "data_progress.h"
#include "data_show.h"
#include "interrupt.h"
#include "lists.h"
#include "output.h"

namespace saltus::app {
namespace {

int list_datasets() {
  for (const KnownDataset& known : known_datasets()) {
    print("{:<15}{}\n", known.name, known.title);
    for (const std::string& mirror : known.mirrors) print("{:<15}  {}\n", "", mirror);
    if (!known.python_package.empty()) {
      print("{:<15}  Python package {}\n", "", known.python_package);
    }
    if (!known.debian_package.empty()) {
      print("{:<15}  Debian package {}\n", "", known.debian_package);
    }
  }
  for (const LocalDataset& local : local_datasets()) {
    print("{:<15}{}\n{:<15}  {}\n", local.name, local.title, "", local.origin);
  }
  print("\nFetched files are kept in {}, those to unpack belong there, too.\n",
        default_data_dir().string());
  return 0;
}

int fetch(const std::string& name) {
  catch_interrupts();
  DataProgress progress;
  const FetchedDataset fetched = fetch_dataset(name, progress.options());
  print("{} is in {} ({})\n", name, fetched.folder.string(), fetched.source);
  return 0;
}

int show(const DataChoice& choice, std::int64_t image) {
  catch_interrupts();
  DataProgress progress;
  print("{}", text_of_data(load_data(choice, progress.options()), image));
  return 0;
}

}  // namespace

Run make_data(CLI::App& command) {
  command.require_subcommand(1);
  const CLI::App* list =
      command.add_subcommand("list", "The data sets that have a name, and where they come from");
  CLI::App* fetching = command.add_subcommand(
      "fetch",
      "Finds or downloads a data set and verifies its checksums; a sweep does this on its own");
  const auto name = std::make_shared<std::string>();
  fetching->add_option("NAME", *name, "Its name: " + dataset_names())
      ->required()
      ->type_name(dataset_names());
  struct ShowArguments {
    DataChoice data;
    std::int64_t image = 0;
  };
  const auto shown = std::make_shared<ShowArguments>();
  CLI::App* showing = command.add_subcommand(
      "show", "Prints what a network gets: sizes, values, classes, and an image with its target");
  showing->add_option("DATA", shown->data.data, kDataHelp)->required()->type_name(data_values());
  showing->add_option("--target", shown->data.target, kTargetHelp)->type_name("COLUMN");
  showing->add_option("--test", shown->data.test, kTestHelp)->type_name("FILE");
  showing->add_option("--task", shown->data.task, kTaskHelp)
      ->type_name(kTaskValues)
      ->capture_default_str();
  add_number(*showing, "--image", shown->image, "Which training image to draw, from 0")
      ->type_name("N");
  return [list, showing, name, shown] {
    if (list->parsed()) return list_datasets();
    return showing->parsed() ? show(shown->data, shown->image) : fetch(*name);
  };
}

}  // namespace saltus::app
