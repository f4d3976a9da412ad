#include "engine/command/legion.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/files.h"

namespace mapwright::engine::command {
namespace {

// A file that is gone with the test.
class File {
 public:
  explicit File(std::string_view name, std::string_view text)
      : path_(std::filesystem::path(testing::TempDir()) /
              (std::to_string(::getpid()) + "-" + std::string(name))) {
    base::replace_file(path_, text);
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::variant<Greeting, std::string> greeting_in(std::string_view text) {
  const File file("handshake", text);
  return read_handshake(file.path(), "/bin/true");
}

std::string refusal_in(std::string_view text) {
  const auto read = greeting_in(text);
  const auto* refusal = std::get_if<std::string>(&read);
  return refusal == nullptr ? "" : *refusal;
}

// Why nothing is there after `program` was executed.
std::string absence_of(const std::string& program) {
  const auto read = read_handshake(std::filesystem::path(testing::TempDir()) / "no such handshake", program);
  const auto* refusal = std::get_if<std::string>(&read);
  return refusal == nullptr ? "" : *refusal;
}

std::vector<std::string> values_of(const os::Environment& all, std::string_view name) {
  std::vector<std::string> values;
  for (const std::string& variable : all) {
    if (variable.starts_with(std::string(name) + "=")) values.push_back(variable.substr(name.size() + 1));
  }
  return values;
}

using Values = std::vector<std::string>;

TEST(Handshakes, SayWhatTheRuntimeHas) {
  const auto read = greeting_in(
      "ready\nlegion 24.12.0\nroute preload\nnodes 2\nCPU 4\nGPU 1\nOMP 0\nSYSMEM 536870912\nFBMEM "
      "268435456\n"
      "a word of a later version\nPY many\n");
  const auto* greeting = std::get_if<Greeting>(&read);
  ASSERT_NE(greeting, nullptr);
  EXPECT_EQ(greeting->legion, "24.12.0");
  EXPECT_EQ(greeting->route, "preload");
  EXPECT_EQ(greeting->nodes, 2);
  EXPECT_EQ(greeting->processors[machine::ProcessorKind::cpu], 4);
  EXPECT_EQ(greeting->processors[machine::ProcessorKind::gpu], 1);
  EXPECT_EQ(greeting->processors[machine::ProcessorKind::omp], 0);
  EXPECT_EQ(greeting->processors[machine::ProcessorKind::py], 0) << "no number";
  EXPECT_EQ(greeting->memories[machine::MemoryKind::sysmem], 536'870'912);
  EXPECT_EQ(greeting->memories[machine::MemoryKind::fbmem], 268'435'456);
  EXPECT_EQ(greeting->memories[machine::MemoryKind::zcmem], 0);
}

TEST(Handshakes, MayBeShort) {
  for (const char* text : {"ready", "ready\n"}) {
    const auto read = greeting_in(text);
    const auto* greeting = std::get_if<Greeting>(&read);
    ASSERT_NE(greeting, nullptr);
    EXPECT_EQ(greeting->legion, "");
    EXPECT_EQ(greeting->nodes, 1);
  }
}

TEST(Handshakes, SayWhyTheAdapterCannotWork) {
  EXPECT_EQ(refusal_in("refused\nthe mapper has no task 'a\x1B[1m'\nmore\n"),
            "the adapter for Legion cannot work in the application: the mapper has no task 'a\\x1b[1m'");
  const std::string silent = "the adapter for Legion cannot work in the application: it does not say why";
  EXPECT_EQ(refusal_in("refused\n"), silent);
  EXPECT_EQ(refusal_in("refused"), silent);
  EXPECT_EQ(refusal_in(""), silent);
  EXPECT_EQ(refusal_in("readily\nCPU 4\n"), "the adapter for Legion cannot work in the application: CPU 4");
}

TEST(Handshakes, RefuseOnceTheReasonIsThere) {
  const auto refuses = [](const char* text) { return is_refusal(File("handshake", text).path()); };
  EXPECT_TRUE(refuses("refused\nno such version\n"));
  for (const char* text : {"", "refused", "refused\n", "refused\nno such ver", "ready\nrefused\n\n"})
    EXPECT_FALSE(refuses(text)) << text;
  EXPECT_FALSE(is_refusal("/no/such/file"));
}

TEST(Handshakes, ThatAreMissingSayWhatTheProgramIs) {
  const std::string absent = "the adapter for Legion is not in the application: ";
  EXPECT_EQ(absence_of("/bin/true"),
            absent +
                "'/bin/true' is no Legion application, or starts none in the environment that "
                "it was given");
  const auto unknown = [&](const std::string& program) {
    return absent + "'" + program + "' has not started Legion in the environment that it was given";
  };
  EXPECT_EQ(absence_of("/no/such/program"), unknown("/no/such/program"));
  EXPECT_EQ(absence_of(""), unknown(""));
  EXPECT_EQ(absence_of(testing::TempDir()), unknown(testing::TempDir()));
  const File script("script", "#!/bin/sh\nexec ./circuit\n");
  EXPECT_EQ(absence_of(script.path()), unknown(script.path()));
}

TEST(Handshakes, AreNotDeceivedByBrokenPrograms) {
  // Cut anywhere, or with any of the first bytes set, the file of a program is read without harm.
  const auto read = base::read_file("/bin/true", std::size_t{1} << 24);
  const auto* program = std::get_if<std::string>(&read);
  ASSERT_NE(program, nullptr);
  ASSERT_GT(program->size(), 64U);
  for (std::size_t size = 0; size < 256 && size < program->size(); size += 7) {
    const File cut("cut", program->substr(0, size));
    EXPECT_TRUE(absence_of(cut.path()).ends_with("in the environment that it was given")) << size;
  }
  for (std::size_t at = 4; at < 64; ++at) {
    std::string broken = *program;
    broken[at] = '\xFF';
    const File file("broken", broken);
    EXPECT_TRUE(absence_of(file.path()).ends_with("in the environment that it was given")) << at;
  }
}

TEST(Adapters, EnterByTheEnvironment) {
  const os::Environment all = with_adapter({"A=1"}, "/lib/adapter.so", "/tmp/hello", "/tmp/journal");
  EXPECT_EQ(values_of(all, "A"), Values{"1"});
  EXPECT_EQ(values_of(all, "LD_PRELOAD"), Values{"/lib/adapter.so"});
  EXPECT_EQ(values_of(all, "REALM_DYNAMIC_MODULES"), Values{"/lib/adapter.so"});
  EXPECT_EQ(values_of(all, "LEGION_DEFAULT_ARGS"), Values{"-lg:safe_mapper"});
  EXPECT_EQ(values_of(all, "MAPWRIGHT_LEGION_HANDSHAKE"), Values{"/tmp/hello"});
  EXPECT_EQ(values_of(all, "MAPWRIGHT_LEGION_JOURNAL"), Values{"/tmp/journal"});
  EXPECT_EQ(all.size(), 6U);
}

TEST(Adapters, StandBeforeWhatIsThere) {
  const os::Environment all = with_adapter(
      {"LD_PRELOAD_PATH=no", "LD_PRELOAD=/lib/malloc.so", "REALM_DYNAMIC_MODULES=/lib/a.so:/lib/b.so",
       "LEGION_DEFAULT_ARGS=-ll:cpu 4", "MAPWRIGHT_LEGION_HANDSHAKE=/tmp/old", "XLD_PRELOAD=no"},
      "/lib/adapter.so", "/tmp/hello", "");
  EXPECT_EQ(values_of(all, "LD_PRELOAD"), Values{"/lib/adapter.so:/lib/malloc.so"});
  EXPECT_EQ(values_of(all, "LD_PRELOAD_PATH"), Values{"no"});
  EXPECT_EQ(values_of(all, "XLD_PRELOAD"), Values{"no"});
  EXPECT_EQ(values_of(all, "REALM_DYNAMIC_MODULES"), Values{"/lib/adapter.so:/lib/a.so:/lib/b.so"});
  EXPECT_EQ(values_of(all, "LEGION_DEFAULT_ARGS"), Values{"-lg:safe_mapper -ll:cpu 4"});
  EXPECT_EQ(values_of(all, "MAPWRIGHT_LEGION_HANDSHAKE"), Values{"/tmp/hello"});
  EXPECT_EQ(values_of(all, "MAPWRIGHT_LEGION_JOURNAL"), Values{}) << "no journal is kept";
}

TEST(Adapters, AreAloneInEmptyLists) {
  const os::Environment all =
      with_adapter({"LD_PRELOAD=", "LEGION_DEFAULT_ARGS="}, "/lib/adapter.so", "/tmp/hello", "");
  EXPECT_EQ(values_of(all, "LD_PRELOAD"), Values{"/lib/adapter.so"});
  EXPECT_EQ(values_of(all, "LEGION_DEFAULT_ARGS"), Values{"-lg:safe_mapper"});
}

}  // namespace
}  // namespace mapwright::engine::command
