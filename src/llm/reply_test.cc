// Replies as models write them: tests/corpus/replies has them, with what must be read from them. At the end
// of a file stand lines that begin with
//   #! fields NAME[:texts|:map][?] ...   the fields that are wanted, ? where it may be missing; "mapper why?"
//   #! ending length                     how the reply ended; otherwise complete
//   #! code                              read as code
//   #! no-newline                        the reply has no end of line at its end
//   #|                                   what comes of it
// MAPWRIGHT_UPDATE_CORPUS=1 rewrites the latter; read the difference before you commit it.
#include "llm/reply.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "llm/diagnostics.h"

namespace mapwright::llm {
namespace {

const std::filesystem::path kCorpus = std::filesystem::path(MAPWRIGHT_ROOT) / "tests/corpus/replies";

struct Case {
  std::string text;
  std::string setup;  // its lines, as they are
  std::string fields = "mapper why?";
  Ending ending = Ending::complete;
  bool code = false;
  std::string expected;
};

Case read_case(const std::filesystem::path& path) {
  Case c;
  const std::string all = std::get<std::string>(base::read_file(path, 1 << 20));
  bool newline = true;
  for (const std::string_view line : base::split(std::string_view(all).substr(0, all.size() - 1), '\n')) {
    const std::string_view rest = line.substr(std::min<std::size_t>(3, line.size()));
    if (line.starts_with("#|")) {
      c.expected += fmt::format("{}\n", rest);
      continue;
    }
    if (!line.starts_with("#!")) {
      c.text.append(line) += '\n';
      continue;
    }
    c.setup.append(line) += '\n';
    if (rest.starts_with("fields ")) c.fields = rest.substr(7);
    if (rest.starts_with("ending "))
      c.ending = static_cast<Ending>(std::ranges::find(kEndings, rest.substr(7)) - kEndings.begin());
    c.code = c.code || rest == "code";
    newline = newline && rest != "no-newline";
  }
  if (!newline) c.text.pop_back();
  return c;
}

std::vector<Field> parse_fields(std::string_view text) {
  std::vector<Field> fields;
  for (std::string_view word : base::split(text, ' ')) {
    Field field;
    if (word.ends_with('?')) {
      field.required = false;
      word.remove_suffix(1);
    }
    const std::size_t colon = word.find(':');
    if (colon != std::string_view::npos)
      field.kind = word.substr(colon) == ":texts" ? FieldKind::texts : FieldKind::map;
    field.name = word.substr(0, colon);
    fields.push_back(field);
  }
  return fields;
}

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string shown(const FieldValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return quoted(*text);
  std::string list;
  if (const auto* texts = std::get_if<Texts>(&value)) {
    for (const std::string& t : *texts) list += (list.empty() ? "" : ", ") + quoted(t);
    return "[" + list + "]";
  }
  for (const auto& [key, t] : std::get<TextMap>(value))
    list += (list.empty() ? "" : ", ") + quoted(key) + ": " + quoted(t);
  return "{" + list + "}";
}

std::string shown(const std::vector<Slip>& mended, const std::optional<Slip>& problem) {
  std::string lines;
  const auto add = [&](std::string_view what, const Slip& s) {
    lines += fmt::format("{} {} {}: {}\n", what, s.kind->code, s.kind->name, s.text);
  };
  for (const Slip& s : mended) add("mended", s);
  if (problem) add("problem", *problem);
  return lines;
}

std::string outcome(const Case& c) {
  if (c.code) {
    const CodeReply reply = read_code(c.text, c.ending);
    EXPECT_EQ(reply.problem.has_value(), reply.code.empty());
    return (reply.problem ? "" : quoted(reply.code) + "\n") + shown(reply.mended, reply.problem);
  }
  const ObjectReply reply = read_object(c.text, parse_fields(c.fields), c.ending);
  EXPECT_TRUE(!reply.problem || reply.fields.empty());
  std::string lines;
  for (const auto& [name, value] : reply.fields) lines += fmt::format("{} = {}\n", name, shown(value));
  if (lines.empty() && !reply.problem) lines = "no fields\n";
  return lines + shown(reply.mended, reply.problem);
}

class Replies : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(Replies, GiveExactlyThis) {
  const Case c = read_case(GetParam());
  const std::string lines = outcome(c);
  const char* update = std::getenv("MAPWRIGHT_UPDATE_CORPUS");
  if (update == nullptr || std::string_view(update) != "1") {
    EXPECT_EQ(lines, c.expected);
    return;
  }
  std::string text = c.text;
  if (c.setup.find("no-newline") != std::string::npos) text += '\n';
  text += c.setup;
  for (const std::string_view line : base::split(std::string_view(lines).substr(0, lines.size() - 1), '\n'))
    text += fmt::format("#| {}\n", line);
  base::replace_file(GetParam(), text);
}

std::vector<std::filesystem::path> corpus() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

std::string test_name(const ::testing::TestParamInfo<std::filesystem::path>& info) {
  return info.param.stem().string();
}

INSTANTIATE_TEST_SUITE_P(Corpus, Replies, ::testing::ValuesIn(corpus()), test_name);

TEST(RepliesCoverage, EveryKindOfSlipHasACase) {
  std::string all;
  for (const auto& path : corpus()) all += read_case(path).expected;
  // The one that takes megabytes is below.
  all += problem::reply_tangled.code;
  for (const base::DiagnosticKind* kind : problem::kAll) {
    if (kind->code.starts_with("MW94")) {
      EXPECT_NE(all.find(kind->code), std::string::npos) << kind->code << " " << kind->name;
    }
  }
}

TEST(RepliesCoverage, CodesAreInOrder) {
  std::string_view last;
  std::set<std::string_view> names;
  for (const base::DiagnosticKind* kind : problem::kAll) {
    EXPECT_TRUE(kind->code.starts_with("MW93") || kind->code.starts_with("MW94")) << kind->code;
    EXPECT_LT(last, kind->code) << "codes are unique and in order";
    EXPECT_TRUE(names.insert(kind->name).second) << kind->name;
    EXPECT_EQ(kind->name.starts_with("mended_"), kind->severity == base::Severity::warning) << kind->name;
    last = kind->code;
  }
}

constexpr std::array<Field, 1> kMapper{Field{"mapper"}};

std::string repeated(std::string_view text, std::size_t bytes) {
  std::string out;
  out.reserve(bytes + text.size());
  while (out.size() < bytes) out += text;
  return out;
}

// Text that was made to be slow, or large, to read.
TEST(HostileReplies, AreReadInTimeThatGrowsWithThem) {
  constexpr std::size_t kBytes = std::size_t{3} << 20;
  const auto begin = std::chrono::steady_clock::now();
  for (const char* piece : {"{",
                            "[",
                            "{\"",
                            "{\"a\":",
                            "{\"a\":{",
                            "{\"a\":[",
                            "{}",
                            "{'",
                            "{/*",
                            "{//",
                            "\"",
                            "\\",
                            "{\"\\",
                            "}",
                            "`",
                            "```\n",
                            "<think>",
                            "</think>",
                            "{\"a\":1,",
                            "{\"a\":1}",
                            "[{",
                            "{\"a\":\"b\"",
                            "{\"a\":\"b\",}x",
                            "{\"a\":tru",
                            "{\"a\":\"\\ud83d",
                            "{ ",
                            "{\n",
                            "\xff",
                            "\xef\xbb\xbf",
                            "~~~~",
                            "{\"a\" \"",
                            "{\"mapper\":1} {\"b\" \"c\"} "}) {
    const std::string text = repeated(piece, kBytes);
    const ObjectReply reply = read_object(text, kMapper);
    EXPECT_TRUE(reply.problem) << piece;
    EXPECT_TRUE(reply.fields.empty()) << piece;
    read_code(text);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_LT(seconds, 120);
}

TEST(HostileReplies, OneFieldMayBeLarge) {
  constexpr std::size_t kBytes = std::size_t{10} << 20;
  const std::string code(kBytes, 'x');
  const ObjectReply reply = read_object("{\"mapper\": \"" + code + "\"}", kMapper);
  ASSERT_FALSE(reply.problem) << reply.problem->text;
  EXPECT_EQ(std::get<std::string>(reply.fields.at("mapper")), code);
  EXPECT_EQ(read_code(code).code.size(), kBytes);
}

TEST(HostileReplies, ManyValuesAreTooMany) {
  const ObjectReply reply = read_object("{\"mapper\": [" + repeated("1,", 1 << 20) + "1]}", kMapper);
  ASSERT_TRUE(reply.problem);
  EXPECT_EQ(reply.problem->kind, &problem::reply_tangled);
}

// What a correct writer writes is read as it was meant, whatever the text.
RC_GTEST_PROP(AnyText, ComesBackFromAnObject, (const std::vector<std::uint8_t>& bytes)) {
  std::string text;
  for (const std::uint8_t b : bytes) text.push_back(static_cast<char>(b & 0x7F));
  const nlohmann::json object{{"mapper", text}, {"other", {{"{", "}"}, {"\"", "```"}}}};
  const ObjectReply reply = read_object("Sure:\n```json\n" + object.dump(2) + "\n```\n", kMapper);
  RC_ASSERT(!reply.problem);
  RC_ASSERT(std::get<std::string>(reply.fields.at("mapper")) == text);
}

// Wherever a reply is cut, there is the whole value or a problem.
TEST(CutReplies, NeverGiveHalfAValue) {
  const std::string code = "Task * GPU;\n\"quoted\" {braces} \\ end";
  const nlohmann::json object{{"mapper", code}, {"nested", {{"mapper", "not this"}}}, {"why", "because"}};
  for (const int indent : {-1, 2}) {
    const std::string whole =
        "<think>{\"mapper\": \"draft\"}</think>Here:\n```json\n" + object.dump(indent) + "\n```\nDone.";
    const std::size_t end = whole.rfind('}') + 1;
    for (std::size_t i = 0; i <= whole.size(); ++i) {
      const ObjectReply reply = read_object(whole.substr(0, i), kMapper, Ending::length);
      EXPECT_EQ(reply.problem.has_value(), i < end) << whole.substr(0, i);
      if (reply.problem) {
        EXPECT_EQ(reply.problem->kind, &problem::reply_truncated) << whole.substr(0, i);
      } else {
        EXPECT_EQ(std::get<std::string>(reply.fields.at("mapper")), code);
      }
    }
  }
}

}  // namespace
}  // namespace mapwright::llm
