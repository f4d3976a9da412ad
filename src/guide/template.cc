#include "guide/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "lang/ast.h"
#include "lang/words.h"

namespace mapwright::guide {
namespace {

constexpr std::size_t kLongestValue = 200;
constexpr std::size_t kMostHoles = 64;  // of an edit

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

base::Diagnostics problems_of(const std::string& text, std::size_t* statements = nullptr) {
  base::Diagnostics problems;
  const lang::Ast ast = lang::parse(std::make_shared<base::Source>("edit", text), &problems);
  if (statements != nullptr) *statements = ast.statements.size();
  problems.sort();
  return problems;
}

}  // namespace

Template::Template(std::string text) : text_(std::move(text)) {
  for (std::size_t at = text_.find('{'); at != std::string::npos; at = text_.find('{', at + 1)) {
    std::size_t end = at + 1;
    while (end < text_.size() && (is_letter(text_[end]) || (end > at + 1 && is_digit(text_[end])))) ++end;
    if (end == at + 1 || end == text_.size() || text_[end] != '}') continue;
    holes_.push_back({at, end + 1, text_.substr(at + 1, end - at - 1)});
  }
}

std::string Template::filled(const std::vector<std::string>& values) const {
  std::string out;
  std::size_t at = 0;
  for (std::size_t i = 0; i < holes_.size(); ++i) {
    out += text_.substr(at, holes_[i].begin - at);
    out += values[i];
    at = holes_[i].end;
  }
  return out + text_.substr(at);
}

std::string Template::sentence(const Values& values) const {
  std::vector<std::string> words;
  words.reserve(holes_.size());
  for (const Hole& h : holes_) {
    const auto value = values.find(h.name);
    const std::string_view text = value == values.end() ? std::string_view() : value->second;
    words.push_back(base::shortened(text, kLongestValue));
  }
  return base::visible(base::one_line(filled(words)));
}

std::variant<EditTemplate, EditTemplate::Wrong> EditTemplate::make(bool remove, std::string text) {
  EditTemplate edit(remove, Template(std::move(text)));
  if (auto wrong = edit.learn()) return *wrong;
  return edit;
}

std::string_view EditTemplate::sample(Takes takes) {
  switch (takes) {
    case Takes::number: return "1";
    case Takes::processor: return "CPU";
    case Takes::memory: return "SYSMEM";
    case Takes::constraint: return "SOA";
    case Takes::name:
    case Takes::region:
    case Takes::quoted: break;
  }
  return "sample";
}

// What each hole takes: where the parser stumbles over a sample, the next one is tried.
std::optional<EditTemplate::Wrong> EditTemplate::learn() {
  const std::vector<Template::Hole>& holes = text_.holes();
  if (holes.size() > kMostHoles) return Wrong{0, fmt::format("There are more than {} names.", kMostHoles)};
  for (const Template::Hole& h : holes) {
    const bool quoted = std::ranges::count(text_.text().substr(0, h.begin), '"') % 2 == 1;
    takes_.push_back(quoted ? Takes::quoted : Takes::name);
  }
  for (;;) {
    std::vector<std::string> samples;
    samples.reserve(takes_.size());
    for (const Takes t : takes_) samples.emplace_back(sample(t));
    std::size_t statements = 0;
    const base::Diagnostics problems = problems_of(text_.filled(samples), &statements);
    const auto error = std::ranges::find_if(problems.items(), &base::Diagnostic::is_error);
    if (error == problems.items().end()) {
      if (statements == 0) return Wrong{0, "There is no statement in it."};
      find_regions(std::move(samples));
      return std::nullopt;
    }
    const Place place = place_of(error->where.begin, samples);
    if (!place.hole || takes_[*place.hole] >= Takes::constraint) return Wrong{place.at, error->message};
    takes_[*place.hole] = static_cast<Takes>(static_cast<int>(takes_[*place.hole]) + 1);
  }
}

// Regions have positions, too: a number may stand where their name does, and nowhere else.
void EditTemplate::find_regions(std::vector<std::string> samples) {
  for (std::size_t i = 0; i < takes_.size(); ++i) {
    if (takes_[i] != Takes::name) continue;
    samples[i] = "1";
    if (!problems_of(text_.filled(samples)).has_errors()) takes_[i] = Takes::region;
    samples[i] = sample(takes_[i]);
  }
}

// Where a byte of the filled text is from.
EditTemplate::Place EditTemplate::place_of(std::size_t at, const std::vector<std::string>& samples) const {
  std::size_t filled = 0;       // up to here in the filled text,
  std::size_t template_at = 0;  // and here in this one
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Template::Hole& h = text_.holes()[i];
    filled += h.begin - template_at;
    if (at < filled) return {at + h.begin - filled, std::nullopt};
    template_at = h.end;
    filled += samples[i].size();
    if (at < filled) return {h.begin, i};
  }
  return {std::min(template_at + at - filled, text_.text().size()), std::nullopt};
}

std::optional<std::string> EditTemplate::fit(Takes takes, const std::string& value) {
  const auto if_it_is = [&](bool right) { return right ? std::optional(value) : std::nullopt; };
  switch (takes) {
    case Takes::number: return if_it_is(!value.empty() && std::ranges::all_of(value, is_digit));
    case Takes::processor: return if_it_is(machine::processor_kind(value).has_value());
    case Takes::memory: return if_it_is(machine::memory_kind(value).has_value());
    case Takes::constraint: return if_it_is(lang::find_word(lang::kConstraintNames, value).has_value());
    case Takes::region:
      if (!value.empty() && std::ranges::all_of(value, is_digit)) return value;
      break;
    case Takes::name:
    case Takes::quoted: break;
  }
  // What is no name that anybody gives could end the quotes, and go on as it likes.
  const auto odd = [](char c) { return c == '"' || static_cast<unsigned char>(c) < ' '; };
  if (value.empty() || value.size() > kLongestValue || std::ranges::any_of(value, odd)) return std::nullopt;
  return takes == Takes::quoted ? value : lang::name_text(value);
}

std::optional<lang::Edit> EditTemplate::filled(const Values& values) const {
  std::vector<std::string> words;
  words.reserve(takes_.size());
  for (std::size_t i = 0; i < takes_.size(); ++i) {
    const auto value = values.find(text_.holes()[i].name);
    const auto word = value == values.end() ? std::nullopt : fit(takes_[i], value->second);
    if (!word) return std::nullopt;
    words.push_back(*word);
  }
  lang::Edit edit{remove_, text_.filled(words)};
  if (problems_of(edit.text).has_errors()) return std::nullopt;
  return edit;
}

}  // namespace mapwright::guide
