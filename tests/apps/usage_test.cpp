// What the program says to words that it does not know, and when it is asked for help.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

using test::Ended;
using testing::HasSubstr;

using Usage = test::ProgramTest;

TEST_F(Usage, UnknownWordsGetTheNearestThingThatIsAccepted) {
  const struct {
    std::vector<std::string> arguments;
    std::string message;
  } rows[] = {
      {{}, "a command is missing: saltus --help lists those that there are"},
      {{"data"}, "a command is missing: saltus data --help lists those that there are"},
      {{"swep"}, "saltus has no command 'swep': did you mean sweep?"},
      {{"swep", "--epochs", "3"}, "saltus has no command 'swep': did you mean sweep?"},
      {{"train"}, "saltus has no command 'train': saltus --help lists those that there are"},
      {{"data", "train"}, "saltus data has no command 'train': choose list, fetch or show"},
      {{"help", "train"},
       "saltus has no command 'train': saltus --help lists those that there are"},
      {{"data", "lsit"}, "saltus data has no command 'lsit': did you mean list?"},
      {{"help", "swep"}, "saltus has no command 'swep': did you mean sweep?"},
      {{"help", "info", "x"}, "saltus info has no commands, 'x' was given: leave it away"},
      {{"--verison"}, "saltus has no option --verison: did you mean --version?"},
      {{"--epochs", "3", "sweep"},
       "saltus has no option --epochs: it is one of saltus sweep, behind which it must stand"},
      {{"sweep", "--epoch", "3"}, "saltus sweep has no option --epoch: did you mean --epochs?"},
      {{"sweep", "--epohcs=3"}, "saltus sweep has no option --epohcs: did you mean --epochs?"},
      {{"sweep", "-epochs", "3"}, "saltus sweep has no option -epochs: did you mean --epochs?"},
      {{"sweep", "--lr", "1"}, "saltus sweep has no option --lr: did you mean --learning-rate?"},
      {{"sweep", "--batch", "1"},
       "saltus sweep has no option --batch: did you mean --batch-size or --batch-norm?"},
      {{"sweep", "--initializer", "he_norml"},
       "unknown initializer 'he_norml': did you mean he_normal?"},
      {{"sweep", "--initializer", "he_normal:gain=2"},
       "initializer he_normal has no parameters, 'gain' was given"},
      {{"sweep", "--initializer", "variance_scaling:modus=fan_in"},
       "initializer variance_scaling has no parameter 'modus': choose scale, mode or "
       "distribution"},
      {{"sweep", "--initializer", "variance_scaling:mode=fan_inn"},
       "unknown mode of variance_scaling 'fan_inn': did you mean fan_in?"},
      {{"sweep", "--initializer", "orthogonal:gain=much"},
       "parameter gain of initializer orthogonal must be a number, not 'much'"},
      {{"sweep", "--initializer", "variance_scaling:scale=0"},
       "scale is 0, but must be positive and finite"},
      {{"sweep", "--batch-norm", "no,maybe"},
       "--batch-norm: 'maybe' is none of its values: choose no or yes"},
      {{"sweep", "--dropout", "0.1,1"},
       "a dropout rate is at least 0 and less than 1, as 0.5, not 1"},
      {{"sweep", "--dropout", "some"}, "a dropout rate is a number, as 0.5, not 'some'"},
      {{"sweep", "--network", "resnet", "--dropout", "0.1"},
       "the network resnet has no dropout: leave the rates away, or choose another network"},
      {{"sweep", "--early-stopping", "pacience=3"},
       "early stopping has no parameter 'pacience': did you mean patience?"},
      {{"sweep", "--early-stopping", "3"},
       "'3' in '3' is not of the form parameter=value, as in patience=3:min_delta=0.001"},
      {{"reproduce", "gelu"}, "unknown claim 'gelu': did you mean gelu-mnist?"},
      {{"sweep", "--optimizer", "sdg"}, "unknown optimizer 'sdg': did you mean sgd?"},
      {{"sweep", "--schedule", "cosine_dacay"},
       "unknown schedule 'cosine_dacay': did you mean cosine_decay?"},
      {{"sweep", "--ema-momentum", "none,1"},
       "ema_momentum is 1, but must be at least 0 and less than 1"},
      {{"sweep", "--optimizer", "sgd:momentun=0.9"},
       "optimizer sgd has no parameter 'momentun': did you mean momentum?"},
      {{"sweep", "--optimizer", "sgd:momentum=much"},
       "parameter momentum of optimizer sgd must be a number, not 'much'"},
      {{"sweep", "--optimizer", "sgd:momentum=1"},
       "momentum is 1, but must be at least 0 and less than 1"},
      {{"sweep", "--optimizer", "sgd:learning_rate=0.1"},
       "sgd(learning_rate=0.1) has a learning rate or clipping, but those are lists of their own: "
       "leave them away"},
      {{"predict", "--model", "m"},
       "saltus predict has no option --model: the model's file stands alone, as in saltus summary "
       "digits.safetensors"},
      {{"predict", "m", "--dat", "mnist"},
       "saltus predict has no option --dat: did you mean --data?"},
      {{"evaluate", "m", "--jsn"}, "saltus evaluate has no option --jsn: did you mean --json?"},
      {{"export", "m", "--onx", "f"}, "saltus export has no option --onx: did you mean --onnx?"},
      {{"summary", "--activation", "relu"},
       "saltus summary has no option --activation: did you mean --activations?"},
      {{"accuracy", "--gpu"},
       "saltus accuracy has no option --gpu: saltus accuracy --help lists those that there are"},
      {{"predict", "m", "--gpu"},
       "saltus predict has no option --gpu: --device cuda takes the GPU"},
      {{"predict", "--data", "mnist"},
       "MODEL is required (saltus predict --help shows what there is)"},
      {{"predict", "m", "--data", "mnist", "--set", "tset"},
       "--set: 'tset' is none of its values: choose test or train"},
      {{"summary", "--recipe", "matched"},
       "--recipe requires --activations (saltus summary --help shows what there is)"},
      {{"sweep", "--frobnicate"},
       "saltus sweep has no option --frobnicate: saltus sweep --help lists those that there are"},
      {{"activations", "--jsno"}, "saltus activations has no option --jsno: did you mean --json?"},
      {{"curves", "gelu"},
       "saltus curves does not know what to do with 'gelu': saltus curves --help shows what it "
       "takes"},
      {{"sweep", "--loss", "mse"}, "unknown loss 'mse': did you mean mean_squared_error?"},
      {{"sweep", "--device", "gpu"},
       "--device: 'gpu' is none of its values: choose auto, cpu or cuda"},
      {{"sweep", "--precision", "fp23"},
       "--precision: 'fp23' is none of its values: choose auto, fp32, bf16 or tf32"},
      {{"sweep", "--gemm", "mkl"}, "--gemm: 'mkl' is none of its values: choose saltus or cublas"},
      {{"data", "fetch", "fashion-mnits"},
       "NAME: 'fashion-mnits' is none of its values: choose mnist or fashion-mnist"},
      {{"sweep", "--activations", "foo"}, "unknown activation 'foo': saltus activations lists all"},
      {{"activations", "gleu"}, "unknown activation 'gleu': did you mean gelu?"},
      {{"sweep", "--epochs"}, "--epochs is without its value: write --epochs N,..."},
  };
  for (const auto& [arguments, message] : rows) {
    const Ended ended = run(arguments);
    EXPECT_EQ(ended.code, 2) << message;
    EXPECT_EQ(ended.err, "saltus: " + message + "\n");
    EXPECT_EQ(ended.out, "");
  }
}

TEST_F(Usage, WhatIsNoActivationIsExplained) {
  for (const char* name : {"softmax", "prelu", "maxout", "glu"}) {
    for (const auto& arguments :
         {std::vector<std::string>{"sweep", "--activations", name}, {"accuracy", name}}) {
      const Ended ended = run(arguments);
      EXPECT_EQ(ended.code, 2);
      EXPECT_THAT(ended.err,
                  HasSubstr(std::string(name) + " cannot be an activation here, as it "));
    }
  }
}

TEST_F(Usage, HelpIsTheSameHoweverItIsAskedFor) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{},
                                                  {"sweep"},
                                                  {"data"},
                                                  {"data", "fetch"},
                                                  {"predict"},
                                                  {"help"}}) {
    std::vector<std::string> by_option = command;
    by_option.emplace_back("--help");
    std::vector<std::string> by_command = {"help"};
    by_command.insert(by_command.end(), command.begin(), command.end());
    const Ended asked = run(by_option);
    EXPECT_EQ(asked.code, 0);
    EXPECT_THAT(asked.out, HasSubstr("Usage:  saltus"));
    EXPECT_EQ(run(by_command).out, asked.out);
  }
  EXPECT_EQ(run({"-V"}).out, run({"--version"}).out);
}

}  // namespace
}  // namespace saltus
