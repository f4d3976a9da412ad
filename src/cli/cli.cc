#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <new>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "base/bug.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json.h"

namespace mapwright::cli {
namespace {

Exit stop(Console& console, const Stop& why, bool json) {
  if (json) {
    Json document;
    document["schema"] = "mapwright.error/1";
    const bool known = !why.message.empty() || why.problems.empty();
    document["error"] = {{"exit_code", static_cast<int>(why.code)},
                         {"text", known ? why.message : why.problems.items().front().message}};
    add_problems(&document, why.problems);
    console.result(dump(document));
  } else {
    console.problems(why.problems);
    if (!why.message.empty()) console.say_lines(why.message);
  }
  return why.code;
}

std::string unknown_command(const CLI::App& app, std::string_view word) {
  std::vector<std::string> names;
  for (const CLI::App* a : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(a->get_name());
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto meant = base::closest(word, known);
  return fmt::format("there is no command '{}'{}; commands are {}", word,
                     meant ? fmt::format(": did you mean '{}'?", *meant) : "", base::join(known, ", "));
}

// Whether the words ask for one JSON document: also where they make no sense otherwise.
bool wants_json(int argc, char** argv) {
  std::string_view before;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const bool format = before == "--format" || word.starts_with("--format=");
    if (word == "--json" || (format && (word.ends_with("json") || word.ends_with("sarif")))) return true;
    before = word;
  }
  return false;
}

// Gives what stands behind -- to the command that has a command of the user's there, which then needs no
// PROGRAM. How many words are left.
int take_words(int argc, char** argv, std::span<const std::unique_ptr<Command>> commands) {
  const std::span all(argv, static_cast<std::size_t>(argc));
  const auto mark =
      std::ranges::find(all, std::string_view("--"), [](const char* w) { return std::string_view(w); });
  if (all.size() < 2 || mark == all.end() || mark + 1 == all.end()) return argc;
  for (const auto& command : commands) {
    if (command->words() == nullptr || command->app()->get_name() != all[1]) continue;
    command->words()->assign(mark + 1, all.end());
    if (CLI::Option* program = command->app()->get_option_no_throw("PROGRAM")) program->required(false);
    return static_cast<int>(mark - all.begin());
  }
  return argc;
}

Exit usage(Console& console, const CLI::App& app, std::span<const std::unique_ptr<Command>> commands,
           const CLI::ParseError& error, std::string_view first, bool json) {
  if (error.get_exit_code() == 0) {
    // --help and --version are results. CLI11 knows which of the two from the error's type.
    if (dynamic_cast<const CLI::CallForVersion*>(&error) != nullptr) {
      console.result(std::string(error.what()) + "\n");
    } else {
      const auto chosen = app.get_subcommands();
      console.result(chosen.empty() ? app.help() : chosen.front()->help("mapwright"));
    }
    return Exit::ok;
  }
  const auto chosen = app.get_subcommands();
  std::string what = error.what();
  if (chosen.empty() && !first.empty() && !first.starts_with('-')) what = unknown_command(app, first);
  const bool takes_words = std::ranges::any_of(commands, [&](const auto& command) {
    return !chosen.empty() && command->app() == chosen.front() && command->words() != nullptr;
  });
  if (takes_words && what == "PROGRAM is required") what += ", or a command behind --";
  if (json) return stop(console, {Exit::usage, what, {}}, true);
  console.say(what);
  const std::string name = chosen.empty() ? "" : " " + chosen.front()->get_name();
  console.say(fmt::format("'mapwright{} --help' says more", name));
  return Exit::usage;
}

}  // namespace

CLI::App* Command::add(CLI::App* parent, const std::string& name, const std::string& what,
                       const std::string& example) {
  app_ = parent->add_subcommand(name, what);
  app_->footer("Example:\n  " + example);
  app_->add_flag("--json", json_, "One JSON document on standard output, whatever happens");
  return app_;
}

int run(int argc, char** argv) {
  // A reader that goes away (`| head`) ends the writing, not the program.
  std::signal(SIGPIPE, SIG_IGN);
  Console console;
  CLI::App app("mapwright finds fast mappers for task-based parallel programs.", "mapwright");
  app.set_version_flag("--version", "mapwright " MAPWRIGHT_VERSION);
  app.require_subcommand(1);
  app.footer("Example:\n  mapwright tune circuit --machine p100x4 --nodes 2");
  std::vector<std::unique_ptr<Command>> commands;
  commands.push_back(tune_command(&app));
  commands.push_back(run_command(&app));
  commands.push_back(compare_command(&app));
  commands.push_back(write_command(&app));
  commands.push_back(check_command(&app));
  commands.push_back(fmt_command(&app));
  commands.push_back(grammar_command(&app));
  commands.push_back(place_command(&app));
  commands.push_back(show_command(&app));
  commands.push_back(machine_command(&app));
  commands.push_back(programs_command(&app));
  commands.push_back(discover_command(&app));
  commands.push_back(runs_command(&app));
  commands.push_back(resume_command(&app));
  commands.push_back(mcp_command(&app));

  argc = take_words(argc, argv, commands);
  bool json = wants_json(argc, argv);
  Exit code = Exit::ok;
  try {
    app.parse(argc, argv);
    for (const auto& command : commands) {
      if (!command->app()->parsed()) continue;
      json = command->json();
      code = command->run(console);
    }
  } catch (const CLI::ParseError& error) {
    code = usage(console, app, commands, error, argc > 1 ? argv[1] : "", json);
  } catch (const Stop& why) {
    code = stop(console, why, json);
  } catch (const base::Bug& bug) {
    code =
        stop(console,
             {Exit::bug, fmt::format("this is a mistake in mapwright, please report it: {}", bug.what()), {}},
             json);
  } catch (const std::bad_alloc&) {
    code = stop(console, {Exit::io, "there is not enough memory", {}}, json);
  } catch (const std::exception& error) {
    code = stop(
        console,
        {Exit::bug, fmt::format("this is a mistake in mapwright, please report it: {}", error.what()), {}},
        json);
  }
  return static_cast<int>(console.finish(code));
}

}  // namespace mapwright::cli
