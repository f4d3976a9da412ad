#include "store/store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>

#include "store/diagnostics.h"
#include "store/samples.h"

namespace mapwright::store {
namespace {

using samples::Folder;
using samples::kCircuit;
using samples::open;
using samples::text_of;
using samples::trial;
using samples::value_of;

// SQL of the tests' own, past the store.
class Raw {
 public:
  explicit Raw(const std::filesystem::path& file) {
    EXPECT_EQ(sqlite3_open(file.c_str(), &database_), SQLITE_OK);
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  ~Raw() { sqlite3_close(database_); }

  //! All values of all rows, with a blank after each.
  std::string operator()(const std::string& sql) const {
    std::string text;
    const auto each = [](void* to, int columns, char** values, char**) {
      for (int i = 0; i < columns; ++i)
        *static_cast<std::string*>(to) += std::string(values[i] == nullptr ? "NULL" : values[i]) + " ";
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(database_, sql.c_str(), each, &text, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database_);
    return text;
  }

 private:
  sqlite3* database_ = nullptr;
};

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

std::string open_text(const std::filesystem::path& file, const std::filesystem::path& folder) {
  return text_of(Store::open(file), folder);
}

Trial everything() {
  constexpr double kTiny = std::numeric_limits<double>::denorm_min();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Trial t;
  t.number = 7;
  t.role = Role::expert;
  t.mapper = std::string("Task * \xFF\xC3(\0 GPU;\r\n", 16);
  t.canonical = "sha:1";
  t.status = Status::failed;
  t.metric = 0.1 + 0.2;
  t.samples = {0.1, -0.0, kTiny, 1e308, -kInfinity};
  t.failure_code = "MW8201";
  t.failure_text = std::string("no room\0 left\n\xFE", 15);
  t.feedback = "{\"a\":[1,\"\xC3\xA4\"]}";
  t.why = "because \x01 of '; DROP TABLE runs; --";
  t.duplicate_of = std::numeric_limits<std::int64_t>::max();
  t.seconds = 1.0 / 3;
  return t;
}

TEST(Store, GivesBackWhatItWasGiven) {
  const Folder folder;
  const std::filesystem::path file = folder / "new/folders/runs.db";
  const NewRun asked{std::string("a \0b\xFF", 5), std::string("s\0\xFF", 3), "{\"seed\":1}"};
  Options options;
  options.now = [] { return std::chrono::system_clock::from_time_t(1795335127); };
  Trial second = trial(1);
  second.metric.reset();
  second.samples.clear();
  second.status = Status::duplicate;
  second.role = Role::default_mapper;
  {
    const auto store = open(file, options);
    const auto writer = value_of(store->create(asked));
    EXPECT_EQ(writer->id(), "ab-1");
    value_of(writer->add(everything()));
    value_of(writer->add(second));
    value_of(writer->finish(State::finished, "the budget of 2 trials is used up"));
  }
  const auto store = open(file);
  const store::Run expected{"ab-1",
                            asked.program,
                            asked.subject,
                            asked.settings,
                            "2026-11-22T08:12:07Z",
                            State::finished,
                            "the budget of 2 trials is used up",
                            0};  // neither is a proposal
  EXPECT_EQ(value_of(store->runs()), std::vector{expected});
  EXPECT_EQ(value_of(store->run("ab-1")), expected);
  EXPECT_EQ(value_of(store->run("ab-2")), std::nullopt);
  EXPECT_EQ(value_of(store->trials("ab-1")), (std::vector<Trial>{everything(), second}));
  EXPECT_EQ(value_of(store->find(asked.subject, "sha:1")), everything());
}

TEST(Store, KeepsWhatLanguageModelsSaid) {
  const Folder folder;
  const std::vector<std::string> said{"{\"call\":1}", std::string("a \0b\xFF", 5), "{\"call\":2}"};
  {
    const auto store = open(folder / "runs.db");
    const auto writer = value_of(store->create(kCircuit));
    const auto other = value_of(store->create(kCircuit));
    for (const std::string& s : said) {
      value_of(writer->add_exchange(s));
      value_of(other->add_exchange("of another run"));
    }
  }
  const auto store = open(folder / "runs.db");
  EXPECT_EQ(value_of(store->exchanges("circuit-1")), said);
  EXPECT_EQ(text_of(store->exchanges("circuit-9"), folder.path()),
            text_of(store->trials("circuit-9"), folder.path()));
}

TEST(Store, KeepsTheBitsOfNumbers) {
  const Folder folder;
  const auto store = open(folder / "runs.db");
  const auto writer = value_of(store->create(kCircuit));
  const std::vector<double> numbers = {0.0,
                                       -0.0,
                                       3.0,
                                       5e-324,
                                       -1.7976931348623157e308,
                                       std::numeric_limits<double>::infinity(),
                                       std::numeric_limits<double>::quiet_NaN(),
                                       std::bit_cast<double>(std::uint64_t{0xFFF8000000000123})};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    Trial t = trial(static_cast<std::int64_t>(i) + 1);
    t.metric = numbers[i];
    t.seconds = numbers[i];
    t.samples = numbers;
    value_of(writer->add(t));
  }
  const auto same = [](double a, double b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  };
  const std::vector<Trial> back = value_of(store->trials("circuit-1"));
  ASSERT_EQ(back.size(), numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    ASSERT_TRUE(back[i].metric);
    EXPECT_TRUE(same(*back[i].metric, numbers[i])) << i;
    EXPECT_TRUE(same(back[i].seconds, numbers[i])) << i;
    ASSERT_EQ(back[i].samples.size(), numbers.size());
    for (std::size_t j = 0; j < numbers.size(); ++j) EXPECT_TRUE(same(back[i].samples[j], numbers[j])) << j;
  }
}

TEST(Store, NumbersItsRuns) {
  const Folder folder;
  const auto store = open(folder / "runs.db");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"circuit", "circuit-1"},
      {"circuit", "circuit-2"},
      {"stencil 2D/x.json", "stencil2Dxjson-3"},
      {"\xC3\xA4-", "run-4"},
      {std::string(50, 'n') + "!", std::string(40, 'n') + "-5"}};
  for (const auto& [program, id] : cases) EXPECT_EQ(value_of(store->create({program, "", ""}))->id(), id);
  std::vector<std::string> ids;
  for (const auto& r : value_of(store->runs())) ids.push_back(r.id);
  for (std::size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(ids.at(i), cases[i].second);
}

TEST(Store, SaysWhetherSomebodyWorksOnARun) {
  const Folder folder;
  const auto store = open(folder / "runs.db");
  const auto other = open(folder / "runs.db");
  const auto state = [&] {
    const auto r = value_of(other->run("circuit-1")).value();
    EXPECT_EQ(value_of(other->runs()), std::vector{r});
    return std::pair(r.state, r.stopped);
  };
  using Expected = std::pair<State, std::string>;
  auto writer = value_of(store->create(kCircuit));
  EXPECT_EQ(state(), Expected(State::running, ""));
  writer.reset();
  EXPECT_EQ(state(), Expected(State::interrupted, ""));
  writer = value_of(other->reopen("circuit-1"));
  EXPECT_EQ(state(), Expected(State::running, ""));
  value_of(writer->finish(State::interrupted, "Ctrl-C"));
  EXPECT_EQ(state(), Expected(State::interrupted, "Ctrl-C"));
  writer.reset();
  writer = value_of(store->reopen("circuit-1"));
  EXPECT_EQ(state(), Expected(State::running, ""));
  value_of(writer->add(trial(1)));
  value_of(writer->finish(State::finished, "done"));
  EXPECT_EQ(state(), Expected(State::finished, "done"));
}

TEST(Store, FindsTheLatestExecution) {
  const Folder folder;
  const auto store = open(folder / "runs.db");
  const auto one = value_of(store->create({"circuit", "A", ""}));
  const auto two = value_of(store->create({"circuit", "B", ""}));
  const auto add = [](const auto& writer, std::int64_t number, const std::string& canonical, Status status) {
    Trial t = trial(number, canonical);
    t.status = status;
    value_of(writer->add(t));
    return t;
  };
  add(one, 1, "m", Status::refused);
  add(one, 2, "m", Status::duplicate);
  EXPECT_EQ(value_of(store->find("A", "m")), std::nullopt);
  const Trial on_b = add(two, 3, "m", Status::ok);
  add(one, 4, "m", Status::ok);
  const Trial latest = add(one, 5, "m", Status::failed);
  add(one, 6, "m", Status::duplicate);
  EXPECT_EQ(value_of(store->find("A", "m")), latest);
  EXPECT_EQ(value_of(store->find("B", "m")), on_b);
  EXPECT_EQ(value_of(store->find("C", "m")), std::nullopt);
  EXPECT_EQ(value_of(store->find("A", std::string("m\0", 2))), std::nullopt);
  EXPECT_NE(
      Raw{folder / "runs.db"}("EXPLAIN QUERY PLAN SELECT mapper FROM trials WHERE subject = ? AND "
                              "canonical = ? AND status IN ('ok', 'failed') ORDER BY sequence DESC LIMIT 1")
          .find("USING INDEX executions (subject=? AND canonical=?)"),
      std::string::npos);
}

TEST(Store, TakesTheSameTrialForABug) {
  const Folder folder;
  const auto store = open(folder / "runs.db");
  const auto writer = value_of(store->create(kCircuit));
  value_of(writer->add(trial(1)));
  EXPECT_THROW(static_cast<void>(writer->add(trial(1))), base::Bug);
  EXPECT_THROW(static_cast<void>(writer->add(trial(0))), base::Bug);
  EXPECT_THROW(static_cast<void>(writer->finish(State::running, "")), base::Bug);
  Trial expert = trial(1);
  expert.role = Role::expert;
  value_of(writer->add(expert));
  value_of(writer->finish(State::finished, ""));
  EXPECT_THROW(static_cast<void>(writer->add(trial(2))), base::Bug);
  EXPECT_EQ(value_of(store->trials("circuit-1")), (std::vector<Trial>{trial(1), expert}));
}

// The schema of version 1, as it was released.
constexpr const char* kVersionOne = R"(
PRAGMA journal_mode = WAL;
CREATE TABLE runs (
  number INTEGER PRIMARY KEY CHECK (number >= 1),
  id TEXT NOT NULL UNIQUE,
  program TEXT NOT NULL,
  subject TEXT NOT NULL,
  settings TEXT NOT NULL,
  created TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'interrupted')),
  stopped TEXT NOT NULL
) STRICT;
CREATE TABLE trials (
  sequence INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES runs (number),
  role TEXT NOT NULL CHECK (role IN ('proposal', 'expert', 'default')),
  number INTEGER NOT NULL CHECK (number >= 1),
  subject TEXT NOT NULL,
  canonical TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('ok', 'failed', 'refused', 'duplicate')),
  metric ANY CHECK (typeof(metric) IN ('null', 'real', 'blob')),
  samples BLOB NOT NULL CHECK (length(samples) % 8 = 0),
  failure_code TEXT NOT NULL,
  failure_text TEXT NOT NULL,
  feedback TEXT NOT NULL,
  why TEXT NOT NULL,
  duplicate_of INTEGER CHECK (duplicate_of >= 1),
  seconds ANY NOT NULL CHECK (typeof(seconds) IN ('real', 'blob')),
  mapper BLOB NOT NULL,
  UNIQUE (run, role, number)
) STRICT;
PRAGMA application_id = 1836544628;
PRAGMA user_version = 1;
INSERT INTO runs VALUES (1, 'circuit-1', 'circuit', 'S', '{}', '2026-01-02T03:04:05Z', 'finished', 'done');
INSERT INTO trials VALUES (1, 1, 'proposal', 1, 'S', 'key', 'ok', 2.5, x'0000000000000440', '', '', '{}', 'first',
                           NULL, 0.5, x'5461736bff');
)";

TEST(Store, BringsVersionOneUpToDate) {
  const Folder folder;
  const std::filesystem::path file = folder / "old.db";
  Raw{file}(kVersionOne);
  EXPECT_EQ(Raw{file}("PRAGMA user_version"), "1 ");
  Trial old;
  old.mapper = "Task\xFF";
  old.canonical = "key";
  old.metric = 2.5;
  old.samples = {2.5};
  old.feedback = "{}";
  old.why = "first";
  old.seconds = 0.5;
  {
    const auto store = open(file);
    EXPECT_EQ(value_of(store->runs()),
              (std::vector<store::Run>{
                  {"circuit-1", "circuit", "S", "{}", "2026-01-02T03:04:05Z", State::finished, "done", 1}}));
    EXPECT_EQ(value_of(store->find("S", "key")), old);
    value_of(value_of(store->reopen("circuit-1"))->add(trial(2)));
    EXPECT_EQ(value_of(store->exchanges("circuit-1")), std::vector<std::string>());
    EXPECT_EQ(value_of(store->trials("circuit-1")), (std::vector<Trial>{old, trial(2)}));
  }
  EXPECT_EQ(Raw{file}("PRAGMA user_version"), "3 ");
  EXPECT_EQ(Raw{file}("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"),
            "executions exchanges_of_run ");
  // A new store has the same tables as one that has grown.
  open(folder / "new.db");
  constexpr const char* kSchema = "SELECT sql FROM sqlite_schema ORDER BY name";
  EXPECT_EQ(Raw{file}(kSchema), Raw{folder / "new.db"}(kSchema));
}

TEST(Store, IsAnSQLiteDatabaseWithALog) {
  const Folder folder;
  open(folder / "runs.db");
  const Raw sql(folder / "runs.db");
  EXPECT_EQ(sql("PRAGMA journal_mode"), "wal ");
  EXPECT_EQ(sql("PRAGMA application_id"), "1836544628 ");
  EXPECT_EQ(sql("PRAGMA integrity_check"), "ok ");
}

TEST(Store, OpensWhatPathsAreGiven) {
  const Folder folder;
  write(folder / "empty", "");
  EXPECT_EQ(open_text(folder / "empty", folder.path()), "");
  EXPECT_EQ(open_text(folder / "a%20b ?mode=memory#\xC3\xA4", folder.path()), "");
  EXPECT_TRUE(std::filesystem::exists(folder / "a%20b ?mode=memory#\xC3\xA4"));
  // Both sides of a link are the same store, with the same locks.
  std::filesystem::create_directory(folder / "elsewhere");
  std::filesystem::create_symlink(folder / "elsewhere/real", folder / "link");
  const auto through = open(folder / "link");
  const auto writer = value_of(through->create(kCircuit));
  const auto direct = open(folder / "elsewhere/real");
  EXPECT_EQ(text_of(direct->reopen("circuit-1"), folder.path()),
            "error[MW9009]: another process works on the run 'circuit-1'\n"
            "   = note: one process at a time can continue a run: wait until that one ends, or begin another "
            "run\n");
}

// Whatever is no store is left as it is, to the byte, and nothing is put beside it.
TEST(Store, LeavesOtherFilesAlone) {
  const Folder folder;
  const auto left_alone = [&](const std::string& name) {
    const std::string before = bytes_of(folder / name);
    const std::string text = open_text(folder / name, folder.path());
    EXPECT_EQ(bytes_of(folder / name), before);
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      EXPECT_FALSE(entry.path().filename().string().starts_with(name + "-")) << entry.path();
    return text;
  };
  const std::string other = "error[MW9006]: 'DIR/";
  const std::string note =
      "\n   = note: it is left as it is; name another file, or one that does not exist yet\n";
  write(folder / "short", "hello");
  EXPECT_EQ(left_alone("short"),
            other + "short' is no store of mapwright: it is not an SQLite database" + note);
  write(folder / "text", std::string(5000, 'x'));
  EXPECT_EQ(left_alone("text"),
            other + "text' is no store of mapwright: it is not an SQLite database" + note);
  Raw{folder / "theirs"}("PRAGMA journal_mode = WAL; CREATE TABLE t (x); PRAGMA user_version = 1");
  EXPECT_EQ(left_alone("theirs"),
            other + "theirs' is no store of mapwright: it is the database of another application" + note);
  Raw{folder / "marked"}("PRAGMA application_id = 5; CREATE TABLE t (x)");
  EXPECT_EQ(left_alone("marked"),
            other + "marked' is no store of mapwright: it is the database of another application" + note);
  open(folder / "newer");
  Raw{folder / "newer"}("PRAGMA user_version = 4");
  std::filesystem::remove(folder / "newer-lock");
  EXPECT_EQ(left_alone("newer"),
            "error[MW9004]: the store 'DIR/newer' has version 4, and this mapwright knows up to version 3\n"
            "   = note: a newer mapwright wrote it, and it is left as it is: use that one, or name another "
            "store\n");
}

// The version in the log counts, not the one in the file.
TEST(Store, SeesANewerVersionThatIsStillInTheLog) {
  const Folder folder;
  open(folder / "runs.db");
  const Raw writing(folder / "runs.db");
  writing("PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 9");
  EXPECT_EQ(open_text(folder / "runs.db", folder.path()).substr(0, 14), "error[MW9004]:");
}

TEST(Store, ReportsDamage) {
  const Folder folder;
  const std::filesystem::path file = folder / "runs.db";
  {
    const auto store = open(file);
    const auto writer = value_of(store->create(kCircuit));
    for (std::int64_t i = 1; i <= 200; ++i) value_of(writer->add(trial(i)));
  }
  const std::string whole = bytes_of(file);
  const std::string note =
      "   = note: `sqlite3 FILE .recover` prints what can still be read; name another store for new runs\n";
  const std::string malformed =
      "error[MW9005]: the store 'DIR/runs.db' is damaged: database disk image is malformed\n" + note;
  constexpr std::size_t kPage = 4096;

  const auto first_problem = [&] {
    const auto store = Store::open(file);
    return store ? text_of((*store)->runs(), folder.path()) : text_of(store, folder.path());
  };
  std::string torn = whole;
  for (std::size_t i = kPage; i < torn.size(); ++i) torn[i] = static_cast<char>(i * 7);
  write(file, torn);
  EXPECT_EQ(first_problem(), malformed);

  write(file, whole.substr(0, kPage));
  EXPECT_EQ(first_problem(), malformed);

  std::string headless = whole;
  headless.replace(100, 8, 8, '\x55');
  write(file, headless);
  EXPECT_EQ(open_text(file, folder.path()).substr(0, 14), "error[MW9005]:");

  // Whole for SQLite, and not ours.
  write(file, whole);
  Raw{file}("PRAGMA ignore_check_constraints = ON; UPDATE trials SET role = 'ghost' WHERE number = 9");
  EXPECT_EQ(
      text_of(open(file)->trials("circuit-1"), folder.path()),
      "error[MW9005]: the store 'DIR/runs.db' is damaged: a value that mapwright does not write\n" + note);
  Raw{file}("DROP TABLE trials");
  EXPECT_EQ(text_of(open(file)->runs(), folder.path()),
            "error[MW9005]: the store 'DIR/runs.db' is damaged: no such table: trials\n" + note);

  write(file, whole);
  const auto store = open(file);
  const auto writer = value_of(store->reopen("circuit-1"));
  Raw{file}("DELETE FROM trials; DELETE FROM runs");
  EXPECT_EQ(text_of(writer->add(trial(201)), folder.path()),
            "error[MW9005]: the store 'DIR/runs.db' is damaged: FOREIGN KEY constraint failed\n" + note);
}

// Every byte of a store may be wrong: that is an error or goes unnoticed, and never more than that.
TEST(Store, SurvivesWrongBytes) {
  const Folder folder;
  const std::filesystem::path file = folder / "runs.db";
  {
    const auto store = open(file);
    const auto writer = value_of(store->create(kCircuit));
    for (std::int64_t i = 1; i <= 20; ++i) value_of(writer->add(trial(i, std::to_string(i))));
  }
  const std::string whole = bytes_of(file);
  constexpr std::size_t kStep = 61;
  for (std::size_t at = 0; at < whole.size(); at += kStep) {
    std::string wrong = whole;
    wrong[at] = static_cast<char>(~static_cast<unsigned char>(wrong[at]));
    std::filesystem::remove(folder / "runs.db-wal");
    write(file, wrong);
    const auto store = Store::open(file);
    if (!store) continue;
    static_cast<void>((*store)->runs());
    static_cast<void>((*store)->trials("circuit-1"));
    static_cast<void>((*store)->find("subject", "7"));
    const auto writer = (*store)->create(kCircuit);
    if (writer) static_cast<void>((*writer)->add(trial(1)));
  }
}

TEST(Store, SaysWhyAPathIsNone) {
  const Folder folder;
  const std::string note =
      "\n   = note: a store is one file, in a folder that you may use; one that does not exist is created\n";
  EXPECT_EQ(open_text(folder.path(), folder.path()),
            "error[MW9001]: cannot read the store 'DIR': Is a directory" + note);
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(open_text(folder / "pipe", folder.path()),
            "error[MW9001]: cannot read the store 'DIR/pipe': it is not a regular file" + note);
  write(folder / "file", "");
  EXPECT_EQ(open_text(folder / "file/runs.db", folder.path()),
            "error[MW9001]: cannot read the store 'DIR/file/runs.db': Not a directory" + note);
  std::filesystem::create_symlink("loop", folder / "loop");
  EXPECT_EQ(open_text(folder / "loop", folder.path()),
            "error[MW9001]: cannot read the store 'DIR/loop': Too many levels of symbolic links" + note);
  EXPECT_EQ(open_text("", folder.path()).substr(0, 14), "error[MW9001]:");
  EXPECT_EQ(open_text(folder / std::string(300, 'n'), "/").substr(0, 14), "error[MW9001]:");
}

TEST(Store, NamesTheRunThatWasMeant) {
  const Folder folder;
  const auto store = open(folder / "runs.db");
  const std::string lacks = "error[MW9008]: the store 'DIR/runs.db' has no run ";
  EXPECT_EQ(text_of(store->reopen("circuit-1"), folder.path()),
            lacks + "'circuit-1'\n   = note: there are no runs in it yet\n");
  for (int i = 0; i < 12; ++i) value_of(store->create(kCircuit));
  EXPECT_EQ(
      text_of(store->reopen("circut-3"), folder.path()),
      lacks +
          "'circut-3': did you mean 'circuit-3'?\n   = note: its latest runs: circuit-3, circuit-4, "
          "circuit-5, circuit-6, circuit-7, circuit-8, circuit-9, circuit-10, circuit-11, circuit-12\n");
  EXPECT_EQ(text_of(store->trials("x"), folder.path()).substr(0, lacks.size() + 4), lacks + "'x'\n");
}

TEST(Store, GivesUpWaiting) {
  const Folder folder;
  Options options;
  options.patience = std::chrono::milliseconds(50);
  const auto store = open(folder / "runs.db", options);
  const auto writer = value_of(store->create(kCircuit));
  const std::string busy =
      "error[MW9007]: another process has kept the store 'DIR/runs.db' locked for 0.05 s\n"
      "   = note: processes write in turn, each for a moment: end the one that hangs, perhaps a debugger or "
      "a backup\n";
  {
    const Raw other(folder / "runs.db");
    other("BEGIN IMMEDIATE");
    EXPECT_EQ(text_of(store->create(kCircuit), folder.path()), busy);
    EXPECT_EQ(text_of(writer->add(trial(1)), folder.path()), busy);
    EXPECT_EQ(text_of(writer->finish(State::finished, ""), folder.path()), busy);
    EXPECT_EQ(value_of(store->runs()).size(), 1U) << "reading waits for nobody";
    EXPECT_EQ(text_of(Store::open(folder / "runs.db", options), folder.path()), "");
    // A new file whose maker hangs.
    const Raw maker(folder / "new.db");
    maker("BEGIN EXCLUSIVE");
    EXPECT_EQ(text_of(Store::open(folder / "new.db", options), folder.path()).substr(0, 14),
              "error[MW9007]:");
  }
  value_of(writer->add(trial(1)));
  EXPECT_EQ(value_of(store->trials("circuit-1")), std::vector<Trial>{trial(1)});
}

// One case of each kind; the other tests have the rest.
TEST(Store, EveryKindOfProblemHasACase) {
  const Folder folder;
  Options hasty;
  hasty.patience = std::chrono::milliseconds(0);
  const auto store = open(folder / "runs.db", hasty);
  const auto writer = value_of(store->create(kCircuit));
  write(folder / "text", "text");
  Raw{folder / "newer"}("PRAGMA application_id = 1836544628; PRAGMA user_version = 4; CREATE TABLE t (x)");
  Raw{folder / "torn"}("PRAGMA application_id = 1836544628; PRAGMA user_version = 3; CREATE TABLE t (x)");
  std::map<std::string_view, std::string> seen;
  seen["MW9001"] = open_text(folder.path(), folder.path());
  seen["MW9002"] = open_text("/proc/self/fdinfo/none.db", folder.path());
  seen["MW9003"] = samples::in_child([&] {
    const rlimit none{0, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &none);
    ::signal(SIGXFSZ, SIG_IGN);
    return text_of(Store::open(folder / "none.db"), folder.path());
  });
  seen["MW9004"] = open_text(folder / "newer", folder.path());
  seen["MW9005"] = text_of(open(folder / "torn")->runs(), folder.path());
  seen["MW9006"] = open_text(folder / "text", folder.path());
  {
    const Raw other(folder / "runs.db");
    other("BEGIN IMMEDIATE");
    seen["MW9007"] = text_of(store->create(kCircuit), folder.path());
  }
  seen["MW9008"] = text_of(store->reopen("none"), folder.path());
  seen["MW9009"] = text_of(store->reopen("circuit-1"), folder.path());
  std::string_view last;
  for (const base::DiagnosticKind* kind : problem::kAll) {
    EXPECT_TRUE(seen[kind->code].starts_with("error[" + std::string(kind->code) + "]: "))
        << kind->name << ": " << seen[kind->code];
    EXPECT_LT(last, kind->code) << "codes are unique and in order";
    last = kind->code;
  }
}

}  // namespace
}  // namespace mapwright::store
