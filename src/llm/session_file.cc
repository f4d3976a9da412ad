#include "llm/session_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/text.h"
#include "llm/diagnostics.h"
#include "llm/json.h"

namespace mapwright::llm {
namespace {

base::Diagnostic problem_at(const base::DiagnosticKind& kind, const base::SourcePtr& source, base::Span where,
                            std::string message, std::string note) {
  base::Diagnostic d;
  d.kind = &kind;
  d.source = source;
  d.where = where;
  d.message = std::move(message);
  d.note = std::move(note);
  return d;
}

// Why a line is no exchange.
base::Diagnostic problem_of_line(const base::SourcePtr& source, base::Span where, bool is_cut) {
  const std::string_view line = source->slice(where);
  nlohmann::json value;
  if (!parse_json(line, &value)) {
    auto d =
        problem_at(problem::session_damaged, source, where, "this line is not JSON",
                   is_cut ? "the file ends inside it: it was being written when writing stopped; without it, "
                            "what stands before can be used"
                          : "a session is as mapwright wrote it, one line for each call");
    if (is_cut) d.fix = base::Fix{"remove the line", {{where, ""}}};
    return d;
  }
  const auto schema = value.is_object() ? value.find("schema") : value.end();
  if (!value.is_object() || schema == value.end() || *schema != kSessionSchema)
    return problem_at(
        problem::session_schema, source, where,
        fmt::format("this line is not of a session: it has no \"schema\": \"{}\"", kSessionSchema),
        "a session is what mapwright recorded of its calls of a language model, in this version");
  return problem_at(problem::session_damaged, source, where,
                    "this line has fields that no call has, or lacks some",
                    "a session is as mapwright wrote it, one line for each call");
}

}  // namespace

base::Result<std::vector<Exchange>> read_session(const base::SourcePtr& source) {
  std::vector<Exchange> exchanges;
  base::Diagnostics problems;
  const std::string_view text = source->text();
  std::int64_t number = 1;
  for (std::size_t at = 0; at < text.size() && !problems.full(); ++number) {
    const std::size_t newline = text.find('\n', at);
    const std::size_t end = std::min(newline, text.size());
    const base::Span where{static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end)};
    at = end + 1;
    auto exchange = exchange_from_json(source->slice(where));
    if (!exchange) {
      problems.add(problem_of_line(source, where, newline == std::string_view::npos));
      continue;
    }
    if (exchange->number != number) {
      problems.add(
          problem_at(problem::session_number, source, where,
                     fmt::format("this is call {}, and call {} belongs here", exchange->number, number),
                     "calls are answered in their order, so that none may be missing or moved"));
      number = exchange->number;
    }
    exchanges.push_back(*std::move(exchange));
  }
  if (problems.has_errors()) return problems;
  return exchanges;
}

base::Result<std::vector<Exchange>> load_session(const std::filesystem::path& path) {
  auto text = base::read_file(path, base::Source::kMaxBytes);
  if (const auto* error = std::get_if<base::FileError>(&text)) {
    base::Diagnostic d;
    d.kind = &problem::session_unreadable;
    d.message = error->message;
    d.note = "a session is the file that calls of a language model were recorded in";
    return d;
  }
  return read_session(std::make_shared<base::Source>(path.string(), std::get<std::string>(std::move(text))));
}

}  // namespace mapwright::llm
