// What tests of `tune` share: a folder with a store, and a run as it is without anything in its way.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "process.h"
#include "texts.h"

namespace mapwright::tuned {

using nlohmann::ordered_json;
using process::Outcome;
using process::Process;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

inline constexpr milliseconds kLimit = std::chrono::seconds(process::kSanitized ? 200 : 60);

//! Milliseconds for each execution.
inline const std::string kCircuit = "circuit --size test --nodes 1";
inline const std::string kCannon = "cannon --size test --nodes 1";
//! Longer than any test.
inline const std::string kLong = kCircuit + " --strategy bandit --budget 100000";

inline ordered_json parsed(const std::string& text) {
  ordered_json document = ordered_json::parse(text, nullptr, false);
  EXPECT_FALSE(document.is_discarded()) << text;
  return document.is_discarded() ? ordered_json::object() : document;
}

//! Of a text with an object in each line.
inline std::vector<ordered_json> parsed_lines(const std::string& text) {
  std::vector<ordered_json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(parsed(line));
  return lines;
}

inline std::vector<std::string> keys(const ordered_json& object) {
  std::vector<std::string> list;
  for (const auto& [key, value] : object.items()) list.push_back(key);
  return list;
}

//! A folder with a store, which is the user's own.
class Workplace {
 public:
  std::filesystem::path operator/(const std::string& name) const { return folder_.path() / name; }
  std::filesystem::path store() const { return folder_.path() / "state" / "mapwright" / "runs.db"; }
  std::string read(const std::string& name) const { return file_text(*this / name); }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(*this / name, std::ios::binary) << text;
  }

  Outcome shell(const std::string& line, milliseconds limit = kLimit) const {
    return process::run_command(line, folder_.path(), MAPWRIGHT_EXECUTABLE, limit);
  }
  //! Killed when the time is over.
  Outcome run(const std::string& arguments, milliseconds limit = kLimit) const {
    return shell("exec mapwright " + arguments, limit);
  }
  std::unique_ptr<Process> start(const std::string& arguments) const {
    return std::make_unique<Process>("exec mapwright " + arguments, folder_.path(), MAPWRIGHT_EXECUTABLE);
  }
  ordered_json document(const std::string& arguments, int code = 0) const {
    const Outcome o = run(arguments + " --json");
    EXPECT_EQ(o.exit, code) << arguments << "\n" << o.out << o.err;
    return parsed(o.out);
  }
  //! An error in both forms; the code of its diagnostic or the text.
  std::string error(const std::string& arguments, int code, const std::string& words) const {
    const Outcome o = run(arguments);
    EXPECT_EQ(o.exit, code) << arguments << "\n" << o.out << o.err;
    EXPECT_EQ(o.out, "");
    EXPECT_NE(o.err.find(words), std::string::npos) << arguments << "\n" << o.err;
    const ordered_json d = document(arguments, code);
    EXPECT_EQ(d.value("schema", ""), "mapwright.error/1") << d;
    if (!d.contains("error")) return "";
    EXPECT_EQ(d["error"]["exit_code"], code);
    if (d["diagnostics"].empty()) return d["error"]["text"].get<std::string>();
    return d["diagnostics"][0]["code"].get<std::string>();
  }
  ordered_json runs(const std::string& options = "") const { return document("runs" + options)["runs"]; }

  //! Until the first run of the store has so many trials and somebody works on it, or it is over by then.
  bool reaches(std::int64_t trials, const std::string& options = "") const {
    const auto deadline = Clock::now() + kLimit;
    while (Clock::now() < deadline) {
      const ordered_json d = parsed(run("runs --json" + options).out);
      if (d.contains("runs") && !d["runs"].empty()) {
        const ordered_json& first = d["runs"][0];
        const bool far = first["trials"].get<std::int64_t>() >= trials;
        if (far && (first["state"] == "running" || (trials > 0 && first["state"] == "finished"))) return true;
      }
      std::this_thread::sleep_for(milliseconds(2));
    }
    ADD_FAILURE() << "the run does not get that far";
    return false;
  }

 private:
  process::TemporaryFolder folder_;
};

//! As it is without anything in its way.
struct Undisturbed {
  explicit Undisturbed(const std::string& arguments) {
    const Workplace there;
    const auto begin = Clock::now();
    document = there.document("tune " + arguments);
    time = std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
    if (document.value("best", ordered_json()).is_object())
      best = there.read(document["best"]["mapper"].get<std::string>());
    for (const auto& run : there.runs()) trials = run["trials"].get<std::int64_t>();
    id = document.value("run", "");
  }
  void expect_same(const Workplace& here, const ordered_json& other) const {
    EXPECT_EQ(other, document);
    EXPECT_EQ(here.read(document["best"]["mapper"].get<std::string>()), best);
    const ordered_json runs = here.runs();
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_EQ(runs[0]["state"], "finished");
    EXPECT_EQ(runs[0]["trials"], trials);
  }

  ordered_json document;
  std::string best;
  std::int64_t trials = 0;
  std::string id;
  milliseconds time{};
};

//! Fewer where everything takes longer.
constexpr int rounds(int many) {
  return process::kSanitized ? 3 : many;
}

}  // namespace mapwright::tuned
