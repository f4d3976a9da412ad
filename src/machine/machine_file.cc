#include "machine/machine_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "machine/check.h"
#include "machine/value_reader.h"

namespace mapwright::machine {
namespace {

constexpr std::array<std::string_view, 7> kSections{"node",  "processors", "memories", "affinities",
                                                    "links", "network",    "runtime"};
// A machine with a single memory needs no links; all others are required.
constexpr std::string_view kOptionalSection = "links";
constexpr std::string_view kSource = "source";

template <class Kind, std::size_t N>
std::array<std::string_view, N> names_of(const std::array<Kind, N>& kinds) {
  std::array<std::string_view, N> names;
  std::ranges::transform(kinds, names.begin(), [](Kind kind) { return name_of(kind); });
  return names;
}

class Reader {
 public:
  Reader(base::SourcePtr source, const TomlText& text) : text_(text), report_(std::move(source), text) {}

  base::Result<Machine> read() {
    root();
    for (const Problem& p : check(m_)) tell(p);
    base::Diagnostics problems = report_.take();
    if (problems.has_errors()) return problems;
    return std::move(m_);
  }

 private:
  void root() {
    const toml::table& root = text_.root();
    read_fields(root, "", m_, kSections);
    if (const auto at = root.find("name"); at != root.end() && !report_.unread("name")) {
      values_.good_name(m_.name, "name", report_.place(at->second));
    }
    section("node", [&](const toml::table& t) { figures(t, "node", m_.node); });
    section("processors", [&](const toml::table& t) {
      each(t, "processors", processor_names_,
           [&](std::string_view kind, const toml::table& own, const std::string& path) {
             read_processors(own, path, m_.processors[*processor_kind(kind)].emplace());
           });
    });
    section("memories", [&](const toml::table& t) {
      each(t, "memories", memory_names_,
           [&](std::string_view kind, const toml::table& own, const std::string& path) {
             figures(own, path, m_.memories[*memory_kind(kind)].emplace());
           });
    });
    section("affinities", [&](const toml::table& t) {
      each(t, "affinities", processor_names_,
           [&](std::string_view p, const toml::table& row, const std::string& at) {
             each(row, at, memory_names_,
                  [&](std::string_view m, const toml::table& own, const std::string& path) {
                    figures(own, path, m_.affinities[*processor_kind(p)][*memory_kind(m)].emplace());
                  });
           });
    });
    section("links", [&](const toml::table& t) {
      for (const auto& [key, value] : t) read_link(key, value);
    });
    section("network", [&](const toml::table& t) { figures(t, "network", m_.network); });
    section("runtime", [&](const toml::table& t) { figures(t, "runtime", m_.runtime); });
  }

  // The sockets of processors may depend on a section that stands later in the file: node is read first.
  void read_processors(const toml::table& t, const std::string& path, Processors& to) {
    figures(t, path, to);
    if (!t.contains("sockets")) to.sockets = in_blocks(to.count, m_.node.sockets);
  }

  void read_link(const toml::key& key, const toml::node& value) {
    const std::string path = fmt::format("links.{}", key.str());
    report_.stands(path, report_.place(key));
    values_.good_name(key.str(), path, report_.place(key));
    // A link that cannot be read is still there: what it may carry is not known to be missing.
    m_.links.emplace_back().name = key.str();
    if (const toml::table* own = table(value, path, key.str())) figures(*own, path, m_.links.back());
  }

  // A table of the file's top level, under its name or a slip of it.
  template <class Read>
  void section(std::string_view name, Read read) {
    const auto at = sections_.find(name);
    if (at == sections_.end()) {
      if (name == kOptionalSection) return;
      report_.failed(std::string(name));
      report_.add(problem::missing_table, {0, 1}, fmt::format("the file has no [{}]", name),
                  "docs/machines.md describes every table with an example");
      return;
    }
    if (const toml::table* own = table(*at->second, std::string(name), name)) read(*own);
  }

  const toml::table* table(const toml::node& value, const std::string& path, std::string_view key) {
    if (!value.is_table()) report_.wrong_type(path, value, key, "a table");
    return value.as_table();
  }

  // The tables within a table that are named by kinds.
  template <class Read>
  void each(const toml::table& t, const std::string& path, std::span<const std::string_view> names,
            Read read) {
    for (const auto& [key, value] : t) {
      const auto name = known(t, key, path, names, "kinds");
      if (!name) continue;
      const std::string inner = fmt::format("{}.{}", path, *name);
      report_.stands(inner, report_.place(key));
      if (const toml::table* own = table(value, inner, *name)) read(*name, *own, inner);
    }
  }

  // The name that a key stands for. A key that is none of the names is reported, and taken for the one that
  // was most likely meant, so that one slip is one problem.
  std::optional<std::string_view> known(const toml::table& t, const toml::key& key, const std::string& path,
                                        std::span<const std::string_view> names, std::string_view what) {
    const auto at = std::ranges::find(names, key.str());
    if (at != names.end()) return *at;
    std::vector<std::string_view> free;
    std::ranges::copy_if(names, std::back_inserter(free), [&](auto n) { return !t.contains(n); });
    const std::optional<std::string_view> meant = base::closest(key.str(), free);
    const std::string inside = path.empty() ? "a machine file" : fmt::format("[{}]", path);
    base::Diagnostic& d = report_.add(problem::unknown_key, report_.place(key),
                                      fmt::format("{} has no '{}'", inside, key.str()),
                                      fmt::format("its {} are {}", what, base::join(names, ", ")));
    if (!meant) return std::nullopt;
    d.fix =
        base::Fix{fmt::format("replace '{}' by '{}'", key.str(), *meant), {{d.where, std::string(*meant)}}};
    return meant;
  }

  // A table whose keys are figures, with their sources.
  template <class T>
  void figures(const toml::table& t, const std::string& path, T& to) {
    const std::vector<std::string_view> stated = read_fields(t, path, to, {&kSource, 1});
    for (const std::string_view key : stated) m_.sources.emplace(fmt::format("{}.{}", path, key), "");
    const toml::node* source = t.get(kSource);
    if (source == nullptr) return;
    if (const auto* text = source->as_string()) {
      for (const std::string_view key : stated) m_.sources[fmt::format("{}.{}", path, key)] = text->get();
      return;
    }
    const toml::table* each_key = source->as_table();
    const std::string at = path + ".source";
    if (each_key == nullptr) {
      report_.wrong_type(at, *source, kSource, "a text or a table of texts");
      return;
    }
    for (const auto& [key, value] : *each_key) {
      const auto name = known(*each_key, key, at, stated, "keys");
      if (!name) continue;
      values_.read(value, {fmt::format("{}.{}", at, *name), *name, {}, {}},
                   m_.sources[fmt::format("{}.{}", path, *name)]);
    }
  }

  // Reads what the table states and says which keys that was; `others` are keys for someone else.
  template <class T>
  std::vector<std::string_view> read_fields(const toml::table& t, const std::string& path, T& to,
                                            std::span<const std::string_view> others) {
    const std::span<const Field<T>> fields = fields_of<T>();
    std::vector<std::string_view> names;
    for (const Field<T>& f : fields) names.push_back(f.key);
    names.insert(names.end(), others.begin(), others.end());
    std::vector<std::string_view> stated;
    for (const auto& [key, value] : t) {
      const auto name = known(t, key, path, names, "keys");
      if (!name) continue;
      const auto field = std::ranges::find_if(fields, [&](const Field<T>& f) { return f.key == *name; });
      if (field == fields.end()) {
        if (path.empty()) enter_section(*name, key, value);
        continue;
      }
      stated.push_back(field->key);
      const std::string inner = path.empty() ? std::string(*name) : fmt::format("{}.{}", path, *name);
      report_.stands(inner, report_.place(value));
      const Wanted wanted{inner, field->key, field->unit, field->most};
      std::visit([&, &v = value](auto member) { values_.read(v, wanted, to.*member); }, field->member);
    }
    for (const Field<T>& f : fields) {
      if (!f.required || std::ranges::find(stated, f.key) != stated.end()) continue;
      missing(path, f.key, f.unit, f.what);
    }
    return stated;
  }

  void enter_section(std::string_view name, const toml::key& key, const toml::node& value) {
    report_.stands(std::string(name), report_.place(key));
    sections_.emplace(name, &value);
  }

  void missing(const std::string& path, std::string_view key, Unit unit, std::string_view what) {
    report_.failed(path.empty() ? std::string(key) : fmt::format("{}.{}", path, key));
    const std::string_view example = facts_of(unit).example;
    const std::string note = example.empty() ? fmt::format("{}: {}", key, what)
                             : unit == Unit::count
                                 ? fmt::format("{}, such as {} = {}: {}", key, key, example, what)
                                 : fmt::format("{}, such as {} = \"{}\": {}", key, key, example, what);
    report_.add(
        problem::missing_key, path.empty() ? base::Span{0, 1} : report_.place(path),
        path.empty() ? fmt::format("the file has no '{}'", key) : fmt::format("[{}] has no '{}'", path, key),
        note);
  }

  void tell(const Problem& p) {
    if (std::ranges::any_of(p.needs, [&](const std::string& path) { return report_.unread(path); })) {
      return;
    }
    base::Diagnostic& d = report_.add(*p.kind, report_.place(p.path), p.message, p.note);
    if (!p.other_path.empty()) d.related.push_back({report_.place(p.other_path), "the other one"});
  }

  const std::array<std::string_view, kMachineProcessors.size()> processor_names_ =
      names_of(kMachineProcessors);
  const std::array<std::string_view, kMachineMemories.size()> memory_names_ = names_of(kMachineMemories);
  const TomlText& text_;
  Report report_;
  ValueReader values_{&report_};
  std::map<std::string_view, const toml::node*> sections_;
  Machine m_;
};

}  // namespace

base::Result<Machine> parse_machine(base::SourcePtr source) {
  auto text = TomlText::parse(source);
  if (auto* wrong = std::get_if<base::Diagnostic>(&text)) return std::move(*wrong);
  return Reader(std::move(source), std::get<TomlText>(text)).read();
}

std::vector<std::string> unsourced(const Machine& machine) {
  std::vector<std::string> paths;
  for (const auto& [path, source] : machine.sources) {
    if (source.empty()) paths.push_back(path);
  }
  return paths;
}

}  // namespace mapwright::machine
