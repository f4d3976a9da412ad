#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/json.h"
#include "lang/format.h"

namespace mapwright::cli {
namespace {

class Fmt : public Command {
 public:
  explicit Fmt(CLI::App* parent) {
    CLI::App* a =
        add(parent, "fmt", "Writes a mapper in its one canonical form", "mapwright fmt --write my.mapper");
    a->add_option("FILE", file_, "The mapper, - for standard input")->required()->type_name("");
    auto* write = a->add_flag("-w,--write", write_, "Replaces the file instead of showing the text");
    a->add_flag("--check", check_, "Shows nothing; ends with 65 where the file is not in canonical form")
        ->excludes(write);
  }

  Exit run(Console& console) override {
    const std::string text = read_text(file_);
    const auto formatted =
        lang::format(std::make_shared<base::Source>(file_ == "-" ? "<stdin>" : file_, text));
    const bool changed = formatted && *formatted != text;
    Exit code = Exit::ok;
    if (!formatted || (check_ && changed)) code = Exit::bad_mapper;
    if (formatted && write_ && changed && file_ != "-") {
      const auto written = base::replace_file(file_, *formatted);
      if (const auto* error = std::get_if<base::FileError>(&written))
        throw Stop{Exit::io, error->message, {}};
    }
    if (json()) {
      Json document;
      document["schema"] = "mapwright.fmt/1";
      document["file"] = file_;
      document["changed"] = changed;
      document["text"] = nullptr;
      if (formatted) document["text"] = *formatted;
      add_problems(&document, formatted ? base::Diagnostics{} : formatted.problems());
      console.result(dump(document));
      return code;
    }
    if (!formatted) {
      console.problems(formatted.problems());
      console.say(fmt::format("'{}' has {} and stays as it is", file_, count_text(formatted.problems())));
    } else if (check_) {
      if (changed) console.say(fmt::format("'{}' is not in canonical form", file_));
    } else if (!write_ || file_ == "-") {
      console.result(*formatted);
    }
    return code;
  }

 private:
  std::string file_;
  bool write_ = false;
  bool check_ = false;
};

}  // namespace

std::unique_ptr<Command> fmt_command(CLI::App* parent) {
  return std::make_unique<Fmt>(parent);
}

}  // namespace mapwright::cli
