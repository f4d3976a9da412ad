#include "llm/reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "base/source.h"
#include "base/text.h"
#include "llm/diagnostics.h"
#include "llm/reply_json.h"
#include "llm/reply_text.h"

namespace mapwright::llm {
namespace {

using Kind = LooseValue::Kind;

constexpr std::array<std::string_view, 6> kKinds{"null",   "a truth value", "a number",
                                                 "a text", "a list",        "an object"};
constexpr std::array<std::string_view, 3> kWanted{"a text", "a list of texts",
                                                  "an object whose values are texts"};

std::string_view name_of(const LooseValue& value) {
  return kKinds[static_cast<std::size_t>(value.kind)];
}

// What to tell about a slip that was found while an object was read.
struct Advice {
  const base::DiagnosticKind* kind;
  std::string_view text;
};
constexpr std::array<Advice, 7> kMended{{
    {&problem::mended_control, "line ends and tabs stand in strings as they are; write \\n and \\t"},
    {&problem::mended_comma, "there is a comma behind the last element; leave it out"},
    {&problem::mended_comment, "there are comments in the object; JSON has none"},
    {&problem::mended_python,
     "the object is written as Python does; JSON has double quotes, true, false and null"},
    {&problem::mended_surrogate,
     "half a surrogate pair stands for no character; write characters as they are"},
    {&problem::mended_duplicate, "a field stands there twice with the same value; give it once"},
    {&problem::mended_utf8, ""},
}};
constexpr std::array<Advice, 7> kProblems{{
    {&problem::reply_truncated,
     "the reply is cut off inside its object; answer more briefly, and give the whole object"},
    {&problem::reply_syntax, "answer with one JSON object"},
    {&problem::reply_quotes, "a quote inside a string is written \\\""},
    {&problem::reply_escape, "JSON knows \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX"},
    {&problem::reply_deep, "make it flat"},
    {&problem::reply_duplicate, "give every field once"},
    {&problem::reply_tangled, "answer with one JSON object and nothing else"},
}};

std::string place(std::string_view text, std::size_t at) {
  constexpr std::size_t kMostShown = 40;
  const base::Source source("reply", std::string(text));
  const base::Position p = source.position(static_cast<std::uint32_t>(std::min(at, text.size())));
  const std::string_view rest = text.substr(std::min(at, text.size()));
  return fmt::format(
      "line {}, column {}, before `{}`", p.line, p.column,
      base::shortened(base::visible(base::one_line(rest.substr(0, 4 * kMostShown))), kMostShown));
}

Slip problem_of(std::string_view text, const LooseObject& object) {
  const auto* const advice = std::ranges::find(kProblems, object.problem, &Advice::kind);
  if (object.cut) return {object.problem, std::string(advice->text)};
  return {object.problem, fmt::format("{} ({}); {}", object.what, place(text, object.end), advice->text)};
}

// Behind the brace that closes the one at `at`, strings left out; the end of the text where none does.
std::size_t behind_braces(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = at; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && c == '{') {
      ++depth;
    } else if (!in_string && c == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return text.size();
}

// All that looks like an object, in its order: good ones, and those that are broken or cut. What is inside
// one is part of it, also where it is broken: half of what was meant is not looked for.
std::vector<LooseObject> find_objects(std::string_view text) {
  // Every byte may be looked at so often, which is enough for text that was not made to tangle.
  constexpr std::size_t kLooks = 16;
  constexpr std::size_t kMostObjects = 1000;
  std::size_t work = kLooks * text.size() + 1024;
  std::vector<LooseObject> found;
  for (std::size_t at = 0; (at = text.find('{', at)) != std::string_view::npos;) {
    if (found.size() == kMostObjects) work = 0;
    LooseObject object = parse_loosely(text, at, &work);
    const bool tangled = object.problem == &problem::reply_tangled;
    if (object.problem == nullptr) {
      at = object.end;
    } else if (object.cut || tangled) {
      at = text.size();
    } else {
      at = object.begun ? behind_braces(text, at) : at + 1;
    }
    // A brace that begins nothing is part of the prose, unless the text ends with it.
    if (object.problem == nullptr || object.begun || object.cut || tangled)
      found.push_back(std::move(object));
  }
  return found;
}

std::optional<Slip> take(const Field& field, const LooseValue& value, FieldValue* to) {
  const auto wrong = [&](std::string what, std::string_view must) {
    return Slip{&problem::reply_type, fmt::format("{} in the reply, and must be {}", what, must)};
  };
  const std::array<Kind, 3> kOuter{Kind::text, Kind::list, Kind::object};
  if (value.kind != kOuter[static_cast<std::size_t>(field.kind)])
    return wrong(fmt::format("\"{}\" is {}", field.name, name_of(value)),
                 kWanted[static_cast<std::size_t>(field.kind)]);
  for (std::size_t i = 0; i < value.values.size(); ++i) {
    if (value.values[i].kind == Kind::text) continue;
    // Strict schemas want every key: null is how a model leaves one out.
    if (value.values[i].kind == Kind::null && field.kind == FieldKind::map) continue;
    const std::string which = value.kind == Kind::list
                                  ? fmt::format("element {}", i + 1)
                                  : fmt::format("\"{}\"", base::shortened(base::visible(value.keys[i]), 60));
    return wrong(fmt::format("{} of \"{}\" is {}", which, field.name, name_of(value.values[i])), kWanted[0]);
  }
  if (field.kind == FieldKind::text) {
    *to = value.text;
  } else if (field.kind == FieldKind::texts) {
    Texts& list = to->emplace<Texts>();
    for (const LooseValue& v : value.values) list.push_back(v.text);
  } else {
    TextMap& map = to->emplace<TextMap>();
    for (std::size_t i = 0; i < value.keys.size(); ++i) {
      if (value.values[i].kind == Kind::text) map.emplace_back(value.keys[i], value.values[i].text);
    }
  }
  return std::nullopt;
}

std::optional<Slip> take_all(std::span<const Field> fields, const LooseValue& object, ObjectReply* reply) {
  reply->fields.clear();
  for (const Field& field : fields) {
    const auto found = std::ranges::find(object.keys, field.name);
    const LooseValue* value = found == object.keys.end()
                                  ? nullptr
                                  : &object.values[static_cast<std::size_t>(found - object.keys.begin())];
    const bool is_null = value != nullptr && value->kind == Kind::null;
    if (!field.required && (value == nullptr || is_null)) continue;
    if (value == nullptr)
      return Slip{&problem::reply_missing,
                  fmt::format("the object has no \"{}\", which must be {}", field.name,
                              kWanted[static_cast<std::size_t>(field.kind)])};
    if (is_null)
      return Slip{&problem::reply_null, fmt::format("\"{}\" is null in the reply, and must be {}", field.name,
                                                    kWanted[static_cast<std::size_t>(field.kind)])};
    FieldValue taken;
    if (auto wrong = take(field, *value, &taken)) return wrong;
    reply->fields.emplace(field.name, std::move(taken));
  }
  return std::nullopt;
}

// Says what stands around the objects: marks of Markdown, or prose.
void tell_surroundings(std::string_view text, std::span<const LooseObject> objects,
                       std::vector<Slip>* mended) {
  bool fence = false;
  bool prose = false;
  std::size_t at = 0;
  for (std::size_t i = 0; i <= objects.size(); ++i) {
    const std::size_t end = i < objects.size() ? objects[i].begin : text.size();
    for (std::string_view line : base::split(text.substr(at, end - at), '\n')) {
      line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
      if (line.starts_with("```") || line.starts_with("~~~")) {
        fence = true;
      } else {
        prose = prose || !is_blank(line);
      }
    }
    if (i < objects.size()) at = objects[i].end;
  }
  if (prose)
    mended->push_back(slip(problem::mended_prose, "there is text around the object; give the object alone"));
  if (fence)
    mended->push_back(
        slip(problem::mended_fence, "the object stands in a block of Markdown; give it without"));
}

void tell_several(std::span<const LooseObject> objects, std::vector<Slip>* mended) {
  if (objects.size() < 2) return;
  const bool same = std::ranges::all_of(objects, [&](const LooseObject& o) {
    return o.problem == nullptr && o.value == objects.front().value;
  });
  if (same) {
    mended->push_back(slip(problem::mended_repeated, "the object stands there more than once; give it once"));
  } else {
    mended->push_back(
        slip(problem::mended_several,
             fmt::format("there are {} objects, and the last usable one counts; give one", objects.size())));
  }
  for (std::size_t i = 1; i < objects.size(); ++i) {
    if (objects[i - 1].end != objects[i].begin) continue;
    mended->push_back(
        slip(problem::mended_fused, "objects follow one another without anything between them; give one"));
    return;
  }
}

Slip no_object(std::string_view text, Ending ending) {
  if (ending == Ending::length)
    return slip(problem::reply_truncated,
                "the reply was cut off before its object; answer with the object at once");
  return slip(
      problem::reply_no_object,
      fmt::format("there is no JSON object in the reply, which begins `{}`; answer with one JSON object "
                  "and nothing else",
                  base::shortened(base::visible(base::one_line(text.substr(0, 400))), 80)));
}

}  // namespace

ObjectReply read_object(std::string_view text, std::span<const Field> fields, Ending ending) {
  ObjectReply reply;
  const std::string bare = bare_text(text, ending, &reply.mended);
  reply.problem = nothing_to_read(bare, ending);
  if (reply.problem) return reply;
  const std::vector<LooseObject> objects = find_objects(bare);
  if (objects.empty()) {
    reply.problem = no_object(bare, ending);
    return reply;
  }
  // The last one that can be used, unless what follows it is broken: that was meant instead.
  const LooseObject* chosen = nullptr;
  for (const LooseObject& o : objects | std::views::reverse) {
    std::optional<Slip> wrong =
        o.problem != nullptr ? std::optional(problem_of(bare, o)) : take_all(fields, o.value, &reply);
    if (!wrong) {
      chosen = &o;
      break;
    }
    if (!reply.problem) reply.problem = std::move(wrong);
    if (o.problem != nullptr) break;
  }
  if (chosen == nullptr) {
    reply.fields.clear();
    return reply;
  }
  reply.problem.reset();
  for (const Advice& advice : kMended) {
    if (chosen->mended.contains(advice.kind))
      reply.mended.push_back(slip(*advice.kind, std::string(advice.text)));
  }
  tell_surroundings(bare, objects, &reply.mended);
  tell_several(objects, &reply.mended);
  std::ranges::stable_sort(reply.mended, {}, [](const Slip& s) { return s.kind->code; });
  return reply;
}

}  // namespace mapwright::llm
