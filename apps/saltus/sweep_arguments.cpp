#include "sweep_arguments.h"

#include <algorithm>
#include <optional>
#include <type_traits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>
#include <saltus/progress.h>
#include <saltus/report.h>

#include "activations_file.h"
#include "dask.h"
#include "data_choice.h"
#include "lists.h"

namespace saltus::app {
namespace {

/// Clippings of one kind; "none" in the list is none.
void add_clippings(std::string_view option, std::string_view text,
                   std::optional<double> Clipping::*kind, std::vector<Clipping>& clippings) {
  for (const std::string_view part : split_numbers<double>(option, text)) {
    Clipping clipping;
    if (part != "none") clipping.*kind = parse_number<double>(option, part);
    clippings.push_back(clipping);
  }
}

std::vector<Clipping> clippings_of(const SweepArguments& arguments) {
  if (!arguments.clipnorm.empty() && !arguments.global_clipnorm.empty()) {
    throw InvalidArgument("--clipnorm and --global-clipnorm exclude each other: give one");
  }
  std::vector<Clipping> clippings;
  if (!arguments.clipnorm.empty()) {
    add_clippings("--clipnorm", arguments.clipnorm, &Clipping::clipnorm, clippings);
  } else if (!arguments.global_clipnorm.empty()) {
    add_clippings("--global-clipnorm", arguments.global_clipnorm, &Clipping::global_clipnorm,
                  clippings);
  } else {
    add_clippings("--clipvalue", arguments.clipvalue, &Clipping::clipvalue, clippings);
  }
  return clippings;
}

std::optional<EarlyStoppingOptions> early_stopping_of(std::string_view text) {
  if (text == "none") return std::nullopt;
  return parse_early_stopping(text);
}

/// "none" in the list is 0.
std::vector<double> parse_ema_momenta(std::string_view option, std::string_view text) {
  std::vector<double> momenta;
  for (const std::string_view part : split_numbers<double>(option, text)) {
    momenta.push_back(part == "none" ? 0 : parse_number<double>(option, part));
  }
  return momenta;
}

std::optional<std::int64_t> limit_of(std::string_view option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  return parse_number<std::int64_t>(option, text);
}

/// That of an earlier sweep stays unless another is typed.
void take_baseline(const SweepArguments& arguments, SweepConfig& config) {
  if (arguments.is_given("--baseline")) config.baseline.reset();
  if (!arguments.baseline.empty() && arguments.baseline != "none")
    config.baseline = Activation::parse(arguments.baseline);
  if (config.baseline && std::ranges::count(config.activations, *config.baseline) == 0)
    config.activations.push_back(*config.baseline);
}

/// What --until-decided asks for, or an earlier sweep did, with what is typed changed.
void take_until_decided(const SweepArguments& arguments, SweepConfig& config) {
  constexpr int kFirstSeeds = 6;
  if (arguments.until_decided && !config.until_decided) {
    config.until_decided.emplace();
    if (!arguments.is_given("--seeds")) config.seeds = kFirstSeeds;
  }
  for (const char* option : {"--error", "--epsilon", "--max-trials"}) {
    if (!arguments.is_given(option)) continue;
    if (!config.until_decided) {
      throw InvalidArgument(fmt::format("{} belongs to --until-decided: give both", option));
    }
  }
  if (!config.until_decided) return;
  UntilDecided& rules = *config.until_decided;
  if (arguments.is_given("--error")) rules.error = parse_number<double>("--error", arguments.error);
  if (arguments.is_given("--epsilon")) {
    rules.epsilon.reset();
    if (arguments.epsilon != "auto")
      rules.epsilon = parse_number<double>("--epsilon", arguments.epsilon);
  }
  if (arguments.is_given("--max-trials"))
    rules.max_trials = parse_number<std::size_t>("--max-trials", arguments.max_trials);
}

/// "losses: a, b."
template <class Entry>
std::string listed(std::string_view what, const std::vector<Entry>& entries) {
  return fmt::format("{}: {}.\n", what, fmt::join(names_of(entries), ", "));
}

}  // namespace

SweepArguments::SweepArguments() {
  const SweepConfig defaults;
  const SweepOptions options;
  activations = list_of(defaults.activations);
  epochs = fmt::format("{}", fmt::join(defaults.epochs, ","));
  batch_size = fmt::format("{}", fmt::join(defaults.batch_sizes, ","));
  initializer = text_of(defaults.initializers.front());
  dropout = dropout_text(defaults.dropouts.front());
  optimizer = text_of(defaults.optimizers.front());
  schedule = text_of(defaults.schedules.front());
  learning_rate = fmt::format("{}", fmt::join(defaults.learning_rates, ","));
  clipvalue = fmt::to_string(defaults.clippings.front().clipvalue.value());
  seeds = fmt::to_string(defaults.seeds);
  seed = fmt::to_string(defaults.seed);
  task = kAnyTask;
  error = fmt::to_string(UntilDecided{}.error);
  max_trials = fmt::to_string(UntilDecided{}.max_trials);
  network = text_of(defaults.architecture);
  recipe = to_string(defaults.recipe);
  loss = to_string(defaults.loss);
  validation_split = fmt::to_string(defaults.validation_split);
  device = to_string(defaults.device);
  gemm = to_string(defaults.libraries.gemm);
  conv = to_string(defaults.libraries.conv);
  concurrent = fmt::to_string(options.side_by_side);
  threads = fmt::to_string(defaults.threads);
  save = to_string(options.save);
}

void add_sweep_options(CLI::App& command, const std::shared_ptr<SweepArguments>& arguments) {
  SweepArguments& to = *arguments;
  const auto option = [&](const char* name, std::string& value, const std::string& type,
                          const std::string& help) {
    return command.add_option(name, value, help)
        ->type_name(type)
        ->capture_default_str()
        ->each([&to, name](const std::string&) { to.given.insert(name); });
  };

  option("--config", to.config, "FILE",
         "The sweep.json of an earlier sweep, whose data and options are taken unless others "
         "are typed; not with --quick");
  option("--data", to.data, data_values(), kDataHelp);
  option("--target", to.target, "COLUMN", kTargetHelp);
  option("--test", to.test, "FILE", kTestHelp);
  option("--task", to.task, kTaskValues, kTaskHelp);
  CLI::Option* standardize = command.add_flag(
      "--standardize", to.standardize,
      "Subtract the mean of each column, or channel of images, and divide by its standard "
      "deviation, both over what is trained on; models hold them. Of tables this is usual");
  command
      .add_flag("--no-standardize", to.no_standardize, "Take the columns of a table as they are")
      ->excludes(standardize);
  CLI::Option* activations = option(
      "--activations", to.activations, "all|ACTIVATION,...",
      "The activations to compare; parameters as in elu:alpha=0.2, formulas as in x*tanh(x); "
      "see saltus activations");
  option("--activations-file", to.activations_file, "FILE",
         "Instead: a file with an activation on each line")
      ->excludes(activations);
  option("--baseline", to.baseline, "none|ACTIVATION",
         "What all others are compared with, each at the same values of all else; it takes part "
         "even if --activations does not name it (default: they are compared with the best)");
  option("--epochs", to.epochs, "N,...", "Passes over the training images");
  option(
      "--early-stopping", to.early_stopping, "none|PARAMETER=X:...",
      "End a trial when a figure has not improved for `patience` epochs, in the words of Keras's "
      "EarlyStopping: patience=3 and, behind colons, min_delta=0.001, monitor=val_loss, "
      "start_from_epoch=5 and restore_best_weights (each has a default). It looks "
      "at the images that rank: the test images, unless there is a --validation-split");
  option("--batch-size", to.batch_size, "N,...", "Images in a step");
  option("--initializer", to.initializer, "recipe|INITIALIZER,...",
         "How the layers in front of activations start; parameters as in orthogonal:gain=2; "
         "recipe: as --recipe says");
  option("--batch-norm", to.batch_norm, "no|yes,...",
         "yes: a BatchNormalization in front of each activation, and no bias in the layer in front "
         "of that");
  option("--dropout", to.dropout, "network|X,...",
         "The rate of all dropouts of the network, 0 for none; network: as the network has them");
  option("--optimizer", to.optimizer, "OPTIMIZER,...",
         "What makes steps of gradients; parameters as in sgd:momentum=0.9");
  option("--learning-rate", to.learning_rate, "X,...", "The optimizer's learning rate");
  option("--schedule", to.schedule, "SCHEDULE,...",
         "How the learning rate changes with each step; parameters as in cosine_decay:alpha=0.1");
  option("--ema-momentum", to.ema_momentum, "none|X,...",
         "Of an exponential moving average of the weights, which the test images are judged with "
         "and models keep; none: no average");
  CLI::Option* clipvalue = option("--clipvalue", to.clipvalue, "none|X,...",
                                  "Each gradient element is cut to [-X, X]; none: no clipping");
  option("--clipnorm", to.clipnorm, "X,...", "Instead: each weight's gradient has at most norm X")
      ->excludes(clipvalue);
  option("--global-clipnorm", to.global_clipnorm, "X,...",
         "Instead: all gradients together have at most norm X")
      ->excludes(clipvalue);
  option("--seeds", to.seeds, "N",
         "How often everything is repeated, each time with another seed; intervals and tests need "
         "3 or more");
  command
      .add_flag("--until-decided", to.until_decided,
                "Add seeds to the activations that may be best until one is known to be, or to "
                "equal all that are left: --seeds at first (6 unless given), then one a round")
      ->each([&to](const std::string&) { to.given.insert("--until-decided"); });
  option("--error", to.error, "X",
         "With --until-decided: the largest chance that anything it says is wrong");
  option("--epsilon", to.epsilon, "auto|X",
         "With --until-decided: a difference in accuracy up to this share counts as none, or in "
         "the error of a regression up to this; auto: one standard error of the images that rank, "
         "or a hundredth of the error");
  option("--max-trials", to.max_trials, "N",
         "With --until-decided: stop after so many trials, with a forecast of what is missing; 0: "
         "30 for each activation and value");
  option("--seed", to.seed, "N", "The seed of the first repeat; the next has N + 1");
  option("--network", to.network, "NETWORK",
         "What is trained; parameters as in mlp:depth=5:width=64 or resnet:blocks=3; see saltus "
         "summary");
  option("--recipe", to.recipe, "tutorial|matched|critical",
         "tutorial: AlphaDropout for all, lecun_normal for selu; matched: each activation with the "
         "initializer and dropout that belong to it; critical: weights and biases from where "
         "signals and gradients are kept (saltus map)");
  option("--loss", to.loss, "LOSS",
         "What training minimizes: one of the list, parameters as in huber:delta=2, or a "
         "formula of output y and target t as in \"(y - t)^2\"; of a table that of its task: "
         "a crossentropy of classes and labels, the mean squared error of numbers");
  option("--train-limit", to.train_limit, "N", "Only the first N training images");
  option("--test-limit", to.test_limit, "N", "Only the first N test images");
  option("--validation-split", to.validation_split, "X",
         "Hold back this share of the training images, the last ones: activations are ranked by "
         "them, and the test images looked at once, at the end; 0: the test images rank, as in the "
         "tutorial");
  option("--device", to.device, "auto|cpu|cuda", "Where to train; auto: on a GPU if there is one");
  option("--precision", to.precision, "auto|fp32|bf16|tf32",
         "How inputs of matrix products are rounded; bf16 needs a GPU or a newer CPU, tf32 a GPU; "
         "auto: "
         "tf32 on "
         "a GPU, fp32 on a CPU");
  option("--gemm", to.gemm, "saltus|cublas",
         "The library that computes dense layers on a GPU; the last bits of results depend on it");
  option("--conv", to.conv, "saltus|cudnn",
         "The library that computes convolutions on a GPU; the last bits of results depend on it");
  option("--concurrent", to.concurrent, "N",
         fmt::format("Trials that train side by side, up to {}; 0: as many as the device is best "
                     "at; results do not depend on it",
                     kMostSideBySide));
  option("--threads", to.threads, "N",
         "CPU threads, up to 1024; 0: one for each core that this process may use; results do not "
         "depend on it");
  option("--out", to.out, "DIR", "Folder for the results (default: runs/DATA-DATE-TIME)");
  option("--save", to.save, "none|last|best",
         "Keep each trial's model in models/ of the folder: that of the last epoch, or of the "
         "epoch that was best on the images that rank");
  option("--trace", to.trace, "K",
         "Keep digests of each trial's weights every K steps, and its state after each epoch, in "
         "traces/ of the folder: saltus replay trains epochs again and compares");
  option("--workers", to.workers, "N|local:N|slurm:N|tls://HOST:PORT",
         "Train in N programs side by side on this machine, each with its share of the cores, and "
         "merge the results; one that is killed is started again. By Dask, which Python must have: "
         "on N workers of this machine, on N jobs of Slurm, or on the workers of a scheduler");
  option("--slurm", to.slurm, "OPTIONS",
         "With --workers slurm:N: options of sbatch for each job, as in \"-p gpu --gres=gpu:1\"");
  command.add_flag("--insecure", to.insecure,
                   "With --workers tcp://HOST:PORT: although whoever reaches that port can run any "
                   "program on the workers");
  option("--devices", to.devices, "all|N,...",
         "Likewise, a program for each of these GPUs, by the numbers that CUDA gives them");
  option("--part", to.part, "K/N",
         "Train only part K of N, into trials/ of the folder, as one of several programs that "
         "share it: on many machines. saltus merge makes the results");
  option("--audit", to.audit, "X",
         "With --part: train this share of the trials that have results again, and compare; a "
         "machine that computes wrongly is found by another");
  command
      .add_flag("--serve", to.serve,
                "Train as --part does, but what comes on standard input, until it ends: ids of "
                "trials in a line, with commas between them, each line answered with one when they "
                "have results. What --workers starts; launchers of other kinds may do the same")
      ->each([&to](const std::string&) { to.given.insert("--serve"); });
  option("--emit", to.emit, "slurm:N",
         "Train nothing, but print a job array of N parts for sbatch");
  command.add_flag("--no-diagnostics", to.no_diagnostics,
                   "Do not look at the layers after each epoch (dead and saturated units, norms, "
                   "gradients), which takes about a hundredth of the time; results do not depend "
                   "on it");
  command.add_flag("--quick", to.quick,
                   "A size that takes a few minutes on this machine: chooses epochs, seeds and "
                   "limits that are not given");
  CLI::Option* overwrite =
      command.add_flag("--overwrite", to.overwrite, "Replace the results that are in the folder");
  command
      .add_flag("--resume", to.resume,
                "Continue the sweep in the folder: what is finished is not run again, and trials "
                "that were stopped continue where they were, with the same bits")
      ->excludes(overwrite);
  command.footer(
      "Options with ,... take a list; the sweep runs every combination of them, " +
      grouped(kMostTrials) + " trials at most.\n\n" + listed("Networks", architecture_list()) +
      listed("Initializers", initializer_list()) + listed("Optimizers", optimizer_list()) +
      listed("Schedules", schedule_list()) + listed("Losses", loss_list()) +
      "\nResults: " + fmt::format("{}", fmt::join(sweep_files(), ", ")) +
      ".\n"
      "Ctrl-C keeps what was done; --resume continues from there, even within a trial. A program "
      "that "
      "is killed loses a minute at most.\n\n"
      "Examples:\n"
      "  saltus sweep --quick\n"
      "  saltus sweep --seeds 5 --out runs/article\n"
      "  saltus sweep --data fashion-mnist --activations relu,gelu,mish --recipe matched --seeds "
      "3\n"
      "  saltus sweep --seeds 5 --activations \"mine = x * atan(exp(x))\" --baseline gelu\n"
      "  saltus sweep --until-decided --validation-split 0.1 --activations gelu,silu,mish\n"
      "  saltus sweep --activations relu --learning-rate 1e-3,1e-4 --batch-size 64,128 --epochs 5\n"
      "  saltus sweep --data houses.csv --target price --network mlp --seeds 5\n"
      "  saltus sweep --network mlp --dropout 0.1,0.3 --validation-split 0.1 --epochs 100 "
      "--early-stopping patience=5\n"
      "  saltus sweep --network resnet:blocks=1 --batch-norm yes --activations relu,gelu --epochs "
      "5\n"
      "  saltus sweep --config runs/article/sweep.json --learning-rate 1e-4");
}

SweepConfig sweep_config(const SweepArguments& arguments, const SweepConfig* earlier) {
  SweepConfig config;
  if (earlier != nullptr) config = *earlier;
  const auto speaks = [&](const char* option) {
    return earlier == nullptr || arguments.is_given(option);
  };
  const auto list_of = [](auto parse) {
    return [parse](std::string_view option, std::string_view text) {
      return parse_list(option, text, parse);
    };
  };
  const auto take = [&](const char* option, const std::string& text, const auto& parse, auto& to) {
    if (!speaks(option)) return;
    if constexpr (std::is_invocable_v<decltype(parse), std::string_view>) {
      to = parse(text);
    } else {
      to = parse(option, text);
    }
  };
  if (arguments.activations_file.empty())
    take("--activations", arguments.activations, parse_activations, config.activations);
  if (!arguments.activations_file.empty())
    config.activations = read_activations(arguments.activations_file);
  take_baseline(arguments, config);
  take("--epochs", arguments.epochs, parse_numbers<int>, config.epochs);
  take("--batch-size", arguments.batch_size, parse_numbers<std::int64_t>, config.batch_sizes);
  take("--initializer", arguments.initializer, list_of(parse_initializer_or_recipe),
       config.initializers);
  take("--batch-norm", arguments.batch_norm, parse_yes_or_no, config.batch_norms);
  take("--dropout", arguments.dropout, list_of(parse_dropout), config.dropouts);
  take("--early-stopping", arguments.early_stopping, early_stopping_of, config.early_stopping);
  take("--optimizer", arguments.optimizer, list_of(parse_optimizer), config.optimizers);
  take("--learning-rate", arguments.learning_rate, parse_numbers<double>, config.learning_rates);
  take("--schedule", arguments.schedule, list_of(parse_schedule), config.schedules);
  take("--ema-momentum", arguments.ema_momentum, parse_ema_momenta, config.ema_momenta);
  if (speaks("--clipvalue") || speaks("--clipnorm") || speaks("--global-clipnorm")) {
    config.clippings = clippings_of(arguments);
  }
  take("--seeds", arguments.seeds, parse_number<int>, config.seeds);
  take_until_decided(arguments, config);
  take("--seed", arguments.seed, parse_number<std::uint64_t>, config.seed);
  take("--network", arguments.network, parse_architecture, config.architecture);
  take("--recipe", arguments.recipe, parse_recipe, config.recipe);
  take("--loss", arguments.loss, parse_loss, config.loss);
  if (arguments.standardize) config.standardize = true;
  if (arguments.no_standardize) config.standardize = false;
  take("--train-limit", arguments.train_limit, limit_of, config.train_limit);
  take("--test-limit", arguments.test_limit, limit_of, config.test_limit);
  take("--validation-split", arguments.validation_split, parse_number<double>,
       config.validation_split);
  take("--device", arguments.device, parse_device, config.device);
  const bool choose_precision = speaks("--precision") && arguments.precision == "auto";
  if (!choose_precision) {
    take("--precision", arguments.precision, parse_precision, config.precision);
  }
  take("--gemm", arguments.gemm, parse_gemm, config.libraries.gemm);
  take("--conv", arguments.conv, parse_conv, config.libraries.conv);
  take("--threads", arguments.threads, parse_number<int>, config.threads);
  if (arguments.no_diagnostics) config.diagnostics = false;
  validate(config);
  config.device = usable_device(config.device);
  if (choose_precision) config.precision = default_precision(config.device);
  return config;
}

void take_usual(const SweepArguments& arguments, const ImageDataset& data,
                const RecordedSweep* earlier, SweepConfig& config) {
  if (data.target.empty()) return;
  const bool is_new = earlier == nullptr || earlier->data.target.empty();
  if (is_new && !arguments.no_standardize) config.standardize = true;
  if ((is_new || earlier->data.task != data.task) && !arguments.is_given("--loss"))
    config.loss = usual_loss(data.task);
}

int concurrent_trials(const SweepArguments& arguments) {
  const int count = parse_number<int>("--concurrent", arguments.concurrent);
  validate(SweepOptions{.side_by_side = count});
  return count;
}

std::int64_t trace_steps(const SweepArguments& arguments) {
  if (!arguments.is_given("--trace")) return 0;
  const auto every = parse_number<std::int64_t>("--trace", arguments.trace);
  if (every < 1)
    throw InvalidArgument(fmt::format("--trace takes a number of steps, 1 or more, not {}", every));
  return every;
}

bool is_shared(const SweepArguments& arguments) {
  std::vector<std::string> given;
  for (const char* option : {"--workers", "--devices", "--part", "--serve", "--emit"})
    if (arguments.is_given(option)) given.emplace_back(option);
  if (arguments.is_given("--audit") && !arguments.is_given("--part")) {
    throw InvalidArgument("--audit belongs to --part, whose trials it compares: say --part 1/1");
  }
  if (arguments.is_given("--slurm") && !arguments.workers.starts_with("slurm:"))
    throw InvalidArgument("--slurm belongs to --workers slurm:N, whose jobs it describes");
  if (given.empty()) return false;
  if (arguments.is_given("--trace")) {
    throw InvalidArgument(
        fmt::format("--trace is for a sweep that one program trains: leave {} out", given.front()));
  }
  if (given.size() > 2 || (given.size() == 2 && given.back() != "--devices")) {
    throw InvalidArgument(
        fmt::format("{} each divide the sweep: choose one", fmt::join(given, ", ")));
  }
  if (given.size() == 2 && is_on_dask(arguments.workers))
    throw InvalidArgument(
        "--devices are of this machine: give --workers a number, or leave it out");
  if (arguments.out.empty()) {
    throw InvalidArgument(
        fmt::format("{} needs --out DIR, the folder that the programs share", given.front()));
  }
  if (arguments.overwrite) {
    throw InvalidArgument(
        fmt::format("{} replaces nothing that is in the folder: remove it yourself, or name "
                    "another with --out",
                    given.front()));
  }
  if (arguments.quick && (given.front() == "--part" || given.front() == "--serve")) {
    throw InvalidArgument(
        "--quick chooses a size by the speed of a machine, so those of several would differ: let "
        "--emit or --workers write the sweep.json, and give it to --config");
  }
  return true;
}

Existing existing_results(const SweepArguments& arguments) {
  if (is_shared(arguments)) return Existing::share;
  if (arguments.resume && arguments.out.empty()) {
    throw InvalidArgument("--resume needs --out DIR, the folder of the sweep to continue");
  }
  if (arguments.resume) return Existing::resume;
  if (arguments.out.empty()) return Existing::avoid;
  return arguments.overwrite ? Existing::overwrite : Existing::refuse;
}

}  // namespace saltus::app
