#include "lang/edit.h"

#include <gtest/gtest.h>

#include "lang/lang.h"

namespace mapwright::lang {
namespace {

std::string after(const std::string& text, const std::vector<Edit>& edits) {
  const auto result = edited(std::make_shared<base::Source>("test.mapper", text), edits);
  if (result) return *result;
  std::string problems;
  for (const base::Diagnostic& d : result.problems().items()) problems += base::render(d, false);
  return problems;
}

TEST(Edit, PutsWhatWasNotThere) {
  EXPECT_EQ(after("Task * GPU;\n", {{false, "InstanceLimit t 2;"}}), "Task * GPU;\nInstanceLimit t 2;\n");
  EXPECT_EQ(after("", {{false, "Region t r GPU ZCMEM;"}}), "Region t r GPU ZCMEM;\n");
}

TEST(Edit, ReplacesTheSameKeyOnly) {
  EXPECT_EQ(after("Region * r GPU FBMEM;\nRegion t r GPU FBMEM;\nRegion t r CPU SYSMEM;\n",
                  {{false, "Region t r GPU ZCMEM;"}}),
            "Region * r GPU FBMEM;\nRegion t r CPU SYSMEM;\nRegion t r GPU ZCMEM;\n");
  EXPECT_EQ(after("Layout * r GPU SOA;\nLayout * r FBMEM AOS;\nInstanceLimit t 1;\n",
                  {{false, "Layout * r GPU F_order;"}, {true, "InstanceLimit t 9;"}}),
            "Layout * r FBMEM AOS;\nLayout * r GPU F_order;\n");
}

TEST(Edit, TakesNamesOutOfLists) {
  EXPECT_EQ(after("# maps\nTask a, b, c GPU;\nCollectMemory a *;\n",
                  {{false, "Task b CPU, GPU;"}, {true, "CollectMemory a *;"}}),
            "# maps\nTask a, c GPU;\nTask b CPU, GPU;\n");
}

TEST(Edit, BringsItsFunctions) {
  const std::string mapper =
      "m = Machine(GPU);\n\ndef f(Task task) {\n    return m[0, 0];\n}\n\nIndexTaskMap a, b f;\n";
  // As it is there, it is used; another of the name gets a number, and stays the same when it is put again.
  EXPECT_EQ(after(mapper, {{false, "def f(Task task) { return m[0, 0]; } SingleTaskMap c f;"}}),
            mapper + "SingleTaskMap c f;\n");
  const Edit other = {false, "def f(Task task) { return m[0, 1]; } IndexTaskMap b f;"};
  const std::string expected =
      "m = Machine(GPU);\n\ndef f(Task task) {\n    return m[0, 0];\n}\n\nIndexTaskMap a f;\n\n"
      "def f_2(Task task) {\n    return m[0, 1];\n}\n\nIndexTaskMap b f_2;\n";
  EXPECT_EQ(after(mapper, {other}), expected);
  EXPECT_EQ(after(mapper, {other, other}), expected);
}

// Whatever a program calls its tasks and regions, statements can name them.
TEST(Edit, NamesWhatHasAnyName) {
  EXPECT_EQ(name_text("calc_force_2"), "calc_force_2");
  for (const char* name : {"x", "_", "a b", "GPU", "FBMEM", "Task", "def", "for", "tuple", "SOA", "Machine",
                           "*", "2d", "a-b", "a;b", "\xc3\xa9", "//", "#"}) {
    SCOPED_TRACE(name);
    const std::string n = name_text(name);
    const std::string text =
        after("", {{false, "Task " + n + " CPU;"},
                   {false, "Region " + n + " " + n + " GPU ZCMEM;"},
                   {false, "InstanceLimit " + n + " 2;"},
                   {false, "CollectMemory " + n + " " + n + ";"},
                   {false, "Layout * " + n + " * AOS;"},
                   {false, "def f(Task task) { m = Machine(GPU); return m[0, 0]; } IndexTaskMap " + n +
                               " f; SingleTaskMap " + n + " f;"}});
    const auto compiled = compile(std::make_shared<base::Source>("names", text));
    ASSERT_TRUE(compiled.mapper) << text;
    const CompiledMapper& m = *compiled.mapper;
    const std::string_view word = name;
    const RegionRef region{{&word, 1}, 0};
    EXPECT_EQ(m.kinds(name).size(), 1U);
    EXPECT_TRUE(m.memories(name, region, machine::ProcessorKind::gpu));
    EXPECT_EQ(m.instance_limit(name), 2);
    EXPECT_TRUE(m.collects(name, region));
    EXPECT_TRUE(m.names_map(name, true) && m.names_map(name, false));
    EXPECT_FALSE(m.names_map("another", true));
  }
}

TEST(Edit, SaysWhatDoesNotParse) {
  EXPECT_NE(after("Task * GPU\n", {{false, "InstanceLimit t 1;"}}).find("MW2002"), std::string::npos);
  EXPECT_NE(after("Task * GPU;\n", {{false, "InstanceLimit t;"}}).find("error"), std::string::npos);
}

}  // namespace
}  // namespace mapwright::lang
