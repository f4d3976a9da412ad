// Language models on the command line: who is asked, in which words, and for how much.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/subject.h"
#include "llm/session.h"
#include "prompt/library.h"
#include "tune/model.h"

namespace mapwright::cli {

struct ModelOptions {
  std::string provider = "openai";
  std::string name;  //!< of the model
  std::string base_url;
  std::string command;
  std::optional<std::string> replay;  //!< the file of a session that answers
  double timeout = 120;               //!< seconds, of a call with its retries
  int retries = 4;
  std::optional<double> temperature;
  std::int64_t max_reply = 8192;  //!< tokens
  std::optional<std::int64_t> max_calls;
  std::optional<std::int64_t> max_tokens;
  std::optional<double> max_cost;  //!< US dollars
  std::vector<double> price;       //!< US dollars for a million tokens of prompts, of replies
  std::string style = "ours";
  std::optional<std::string> prompts;      //!< a folder of templates that replace the shipped ones
  std::vector<base::SourcePtr> templates;  //!< all of them, the later ones replace the earlier ones
  bool grammar = false;                    //!< binds replies to it
  std::size_t memory = 5;
  std::size_t samples = 4;

  void add_to(CLI::App* app);
  //! --max-calls, --max-tokens, --max-cost, --price
  void add_limits(CLI::App* app);
  bool limited() const { return max_calls || max_tokens || max_cost; }
  //! Those limits, and the price, that `other` states.
  void take_limits(const ModelOptions& other);
  //! --memory, --samples
  void add_search(CLI::App* app);
  //! Reads the templates, once; and says what makes no sense together. Throws Stop.
  void read_files();
  //! The session that answers, if there is one. Throws Stop.
  std::vector<llm::Exchange> read_replay() const;

  void save(nlohmann::ordered_json* settings) const;
  void load(const nlohmann::ordered_json& d);
};

//! A session with a language model. Neither moved nor copied: what strategies have points into it.
class ModelSession {
 public:
  struct Record {
    std::vector<llm::Exchange> recorded;  //!< what answers first
    bool only_recorded = false;           //!< and nobody else does
    //! Before an answer is used; false: it could not be kept.
    std::function<bool(const llm::Exchange&)> keep;
    std::function<bool()> cancelled;
    std::int64_t most_calls = 100;  //!< unless the user sets a limit
  };
  //! Takes the key out of the environment. Throws Stop where nobody can be asked.
  ModelSession(const ModelOptions& options, Record record);
  //! Asks nobody but `chat`.
  ModelSession(const ModelOptions& options, std::unique_ptr<llm::Chat> chat);
  ModelSession(const ModelSession&) = delete;
  ModelSession& operator=(const ModelSession&) = delete;
  ~ModelSession() = default;

  //! For strategies: this session, told of a program and its machine.
  tune::Model about(const Subject& subject);
  const llm::Spent& spent() const { return session_->spent(); }

 private:
  ModelOptions options_;
  prompt::Library library_;
  std::unique_ptr<llm::Session> session_;
};

//! How often a run of so many executions asks where nobody sets a limit: for each of them, once more where a
//! reply has to be mended, and for some duplicates.
constexpr std::int64_t most_calls(std::int64_t executions) {
  return 3 * executions + 10;
}

//! The limits as sessions have them; `calls` where the user set none.
llm::Budget budget_of(const ModelOptions& options, std::int64_t calls);
llm::Prices prices_of(const ModelOptions& options);

//! Nobody is asked: what would have been asked is kept.
class Unsent final : public llm::Chat {
 public:
  explicit Unsent(std::optional<llm::Request>* first) : first_(*first) {}
  llm::Answer ask(const llm::Request& request) override;

 private:
  std::optional<llm::Request>& first_;
};

//! The first prompt of a session and what the whole of it may cost, for --dry-run. `growth`: the most bytes
//! by which later prompts are longer.
struct Estimate {
  llm::Request request;
  std::int64_t usual = 0;  //!< calls where no reply is of no use
  std::int64_t calls = 0;  //!< at most
  std::size_t growth = 0;  //!< bytes
  llm::Prices prices;
  bool priced = false;
};
std::string estimate_text(const Estimate& estimate);
void add_estimate(nlohmann::ordered_json* document, const Estimate& estimate);

}  // namespace mapwright::cli
