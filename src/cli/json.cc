#include "cli/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/console.h"

namespace mapwright::cli {
namespace {

Json place(const base::Diagnostic& d, base::Span where) {
  Json p = Json::object();
  if (!d.source) return p;
  const base::Position from = d.source->position(where.begin);
  const base::Position to = d.source->position(where.end);
  p["file"] = d.source->name();
  p["line"] = from.line;
  p["column"] = from.column;
  p["end_line"] = to.line;
  p["end_column"] = to.column;
  p["begin"] = where.begin;
  p["end"] = where.end;
  return p;
}

Json diagnostic(const base::Diagnostic& d) {
  Json j;
  j["code"] = d.kind->code;
  j["name"] = d.kind->name;
  j["severity"] = d.is_error() ? "error" : "warning";
  j["message"] = d.message;
  j["note"] = d.note;
  j.update(place(d, d.where));
  j["related"] = Json::array();
  for (const base::Related& r : d.related) {
    Json one = place(d, r.where);
    one["message"] = r.message;
    j["related"].push_back(std::move(one));
  }
  j["fix"] = nullptr;
  if (d.fix) {
    Json edits = Json::array();
    for (const base::Edit& e : d.fix->edits)
      edits.push_back({{"begin", e.range.begin}, {"end", e.range.end}, {"text", e.text}});
    j["fix"] = {{"what", d.fix->what}, {"edits", std::move(edits)}};
  }
  return j;
}

Json sarif_region(const base::Diagnostic& d, base::Span where) {
  const base::Position from = d.source->position(where.begin);
  const base::Position to = d.source->position(where.end);
  return {{"startLine", from.line}, {"startColumn", from.column}, {"endLine", to.line},
          {"endColumn", to.column}, {"byteOffset", where.begin},  {"byteLength", where.end - where.begin}};
}

}  // namespace

void add_problems(Json* document, const base::Diagnostics& problems) {
  (*document)["errors"] = problems.errors();
  (*document)["warnings"] = problems.warnings();
  Json list = Json::array();
  for (const base::Diagnostic& d : problems.items()) {
    if (list.size() == kMostShown) break;
    list.push_back(diagnostic(d));
  }
  (*document)["diagnostics"] = std::move(list);
}

Json sarif(const base::Diagnostics& problems, const std::string& file) {
  Json results = Json::array();
  Json rules = Json::array();
  std::vector<const base::DiagnosticKind*> kinds;
  for (const base::Diagnostic& d : problems.items()) {
    if (results.size() == kMostShown) break;
    if (std::ranges::find(kinds, d.kind) == kinds.end()) {
      kinds.push_back(d.kind);
      rules.push_back(
          {{"id", d.kind->code}, {"name", d.kind->name}, {"shortDescription", {{"text", d.kind->title}}}});
    }
    Json result = {{"ruleId", d.kind->code},
                   {"level", d.is_error() ? "error" : "warning"},
                   {"message", {{"text", d.note.empty() ? d.message : d.message + ". " + d.note}}}};
    if (d.source) {
      result["locations"] = {
          {{"physicalLocation",
            {{"artifactLocation", {{"uri", file}}}, {"region", sarif_region(d, d.where)}}}}};
      if (d.fix) {
        Json replacements = Json::array();
        for (const base::Edit& e : d.fix->edits) {
          replacements.push_back(
              {{"deletedRegion", sarif_region(d, e.range)}, {"insertedContent", {{"text", e.text}}}});
        }
        result["fixes"] = {
            {{"description", {{"text", d.fix->what}}},
             {"artifactChanges",
              {{{"artifactLocation", {{"uri", file}}}, {"replacements", std::move(replacements)}}}}}};
      }
    }
    results.push_back(std::move(result));
  }
  Json driver = {{"name", "mapwright"}, {"version", MAPWRIGHT_VERSION}, {"rules", std::move(rules)}};
  Json run = {{"tool", {{"driver", std::move(driver)}}},
              {"columnKind", "unicodeCodePoints"},
              {"results", std::move(results)}};
  return {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
          {"version", "2.1.0"},
          {"runs", Json::array({std::move(run)})}};
}

std::string dump(const Json& document) {
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace mapwright::cli
