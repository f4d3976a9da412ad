// A checked mapper: it answers what the file says, and never touches an engine or a machine.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/diagnostic.h"
#include "lang/ast.h"
#include "lang/code.h"
#include "machine/kinds.h"

namespace mapwright::lang {

//! How an application calls one region requirement of a task: all names that apply (the partition's, the
//! region's), and its position among the task's requirements.
struct RegionRef {
  std::span<const std::string_view> names;
  std::int64_t index = 0;
};

//! The processor kinds that apply to a task, best first.
struct KindChoice {
  machine::ProcessorKind kind{};
  base::Span where;      //!< the word in the mapper
  bool by_name = false;  //!< from a statement that names the task, not from `*`
};

struct MemoryChoice {
  std::span<const MemoryRef> memories;  //!< best first; VIRTUAL means no instance
  base::Span where;                     //!< the statement
};

//! What a Layout statement says; what it leaves open is not set.
struct Layout {
  enum class Arrangement : std::uint8_t { soa, aos };
  enum class Order : std::uint8_t { c_order, f_order };
  std::optional<Arrangement> arrangement;
  std::optional<Order> order;
  std::optional<std::pair<AlignOp, std::int64_t>> align;
  bool compact = false;
  bool exact = false;
  base::Span where;
};

//! Which function maps a launch.
struct MapChoice {
  FunctionId function = 0;
  std::uint32_t machine = kNoNode;  //!< older form: the global slot of its machine variable
  base::Span where;

  friend bool operator==(const MapChoice& a, const MapChoice& b) {
    return a.function == b.function && a.machine == b.machine;
  }
};

class CompiledMapper {
 public:
  //! An unchecked tree; compile() (lang.h) is how one gets a mapper.
  explicit CompiledMapper(Ast ast) : ast_(std::move(ast)) {}
  CompiledMapper(const CompiledMapper&) = delete;  // its tables point into its tree
  CompiledMapper& operator=(const CompiledMapper&) = delete;
  ~CompiledMapper() = default;

  const base::SourcePtr& source() const { return ast_.source; }
  const Ast& ast() const { return ast_; }
  const Code& code() const { return code_; }

  //! Task statements: those that name the task, then those for `*`.
  std::vector<KindChoice> kinds(std::string_view task) const;
  //! (task, region), (task, *), (*, region), (*, *); within each an exact processor kind before `*`.
  std::optional<MemoryChoice> memories(std::string_view task, const RegionRef& region,
                                       machine::ProcessorKind kind) const;
  //! The same order; the third field is a memory kind, a processor kind or `*`.
  const Layout* layout(std::string_view task, const RegionRef& region, machine::ProcessorKind kind,
                       machine::MemoryKind memory) const;
  //! 0 = no limit.
  std::int64_t instance_limit(std::string_view task) const;
  bool collects(std::string_view task, const RegionRef& region) const;
  bool replicates(std::string_view task) const;
  //! By task name, then by processor kind, then `*`.
  const MapChoice* index_map(std::string_view task, machine::ProcessorKind kind) const;
  const MapChoice* single_map(std::string_view task, machine::ProcessorKind kind) const;
  //! Every map of index launches: of tasks, of processor kinds, of `*`; each once, in no order.
  std::vector<MapChoice> index_maps() const;
  //! Whether a map names the task itself.
  bool names_map(std::string_view task, bool index) const;

 private:
  friend class Checker;
  using Key = std::pair<std::string_view, std::string_view>;  // task, region

  // "" stands for `*`: no name is empty.
  struct KeyHash {
    std::size_t operator()(const Key& k) const {
      const std::hash<std::string_view> h;
      return h(k.first) * 31 + h(k.second);
    }
  };
  struct MapTable {
    std::unordered_map<std::string_view, MapChoice> by_task;
    std::array<std::optional<MapChoice>, machine::kProcessorKinds> by_kind;
    std::optional<MapChoice> any;

    const MapChoice* find(std::string_view task, machine::ProcessorKind kind) const;
  };
  template <class Entry>
  using Rules = std::unordered_map<Key, std::vector<Entry>, KeyHash>;

  struct MemoryRule {
    std::optional<machine::ProcessorKind> kind;  // none = *
    const RegionStatement* statement = nullptr;
  };
  struct LayoutRule {
    std::variant<std::monostate, ProcessorRef, MemoryRef> where;
    Layout layout;
  };

  template <class Entry, class Visit>
  static bool visit(const Rules<Entry>& rules, std::string_view task, const RegionRef& region, Visit&& visit);

  Ast ast_;
  Code code_;
  std::unordered_map<std::string_view, const TaskStatement*> task_rules_;
  Rules<MemoryRule> memory_rules_;
  Rules<LayoutRule> layout_rules_;
  std::unordered_map<std::string_view, const LimitStatement*> limits_;
  Rules<base::Span> collected_;
  std::unordered_map<std::string_view, base::Span> replicated_;
  MapTable index_maps_;
  MapTable single_maps_;
};

using MapperPtr = std::shared_ptr<const CompiledMapper>;

}  // namespace mapwright::lang
