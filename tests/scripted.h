// A language model that says what a test wrote down: its answers are scripted, and say nothing about any
// real model.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "llm/chat.h"
#include "prompt/brief.h"
#include "prompt/library.h"
#include "texts.h"
#include "trial.h"
#include "tune/model.h"

namespace mapwright::scripted {

//! Says its answers in their order; then that the record has ended.
class Script final : public llm::Chat {
 public:
  explicit Script(std::vector<llm::Answer> answers) : answers_(std::move(answers)) {}

  llm::Answer ask(const llm::Request& request) override {
    asked.push_back(request);
    if (asked.size() > answers_.size()) return llm::Failure{llm::Fault::record_ended, "the script is over"};
    return answers_[asked.size() - 1];
  }

  std::vector<llm::Request> asked;

 private:
  std::vector<llm::Answer> answers_;
};

inline llm::Reply reply(std::string text, llm::Ending ending = llm::Ending::complete) {
  return {std::move(text), ending, {}, "scripted"};
}
inline llm::Reply object(const nlohmann::ordered_json& json) {
  return reply(json.dump());
}
//! New texts of decision blocks.
inline llm::Reply suggestion(const nlohmann::ordered_json& blocks, const std::string& answer = "because") {
  return object({{"reasoning", "so"}, {"answer", answer}, {"suggestion", blocks}});
}
inline llm::Reply mapper(const std::string& text) {
  return object({{"reasoning", "so"}, {"mapper", text}});
}

inline prompt::Library library(const std::vector<std::string>& styles = {"ours"}) {
  std::vector<base::SourcePtr> sources;
  for (const std::string& style : styles) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(kRoot / "prompts" / style))
      files.push_back(entry.path());
    std::ranges::sort(files);
    for (const auto& file : files)
      sources.push_back(std::make_shared<base::Source>(
          file.filename().string(), std::get<std::string>(base::read_file(file, 1 << 20))));
  }
  auto read = prompt::Library::read(sources);
  EXPECT_TRUE(read) << (read ? "" : trial::rendered(read.problems()));
  return *std::move(read);
}

//! What a strategy works with: the script and the shipped prompts. Outlives the strategy.
struct Session {
  Session(const trial::Subject& s, std::vector<llm::Answer> answers,
          const std::vector<std::string>& styles = {"ours"})
      : script(std::move(answers)), prompts(library(styles)) {
    const plan::Site& site = *s.planner->site();
    model.chat = &script;
    model.prompts = &prompts;
    model.subject = {
        {"machine", prompt::machine_text(site.machine(), site.nodes(), site.ranks_per_node())},
        {"program", prompt::program_text(*s.program, *s.planner->atoms())},
        {"objective", prompt::objective_text(s.program->metric)},
        {"manual", prompts.text("manual", {})},
        {"grammar", "(the grammar)"},
    };
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Script script;
  prompt::Library prompts;
  tune::Model model;
};

}  // namespace mapwright::scripted
