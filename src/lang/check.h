// Names, types and statements: turns a tree into a CompiledMapper, or says why not. Two parts: statements
// (check.cc) and expressions (check_expr.cc).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "lang/ast.h"
#include "lang/diagnostics.h"
#include "lang/mapper.h"
#include "lang/types.h"

namespace mapwright::lang {

class Checker {
 public:
  Checker(CompiledMapper* mapper, base::Diagnostics* problems)
      : mapper_(*mapper), ast_(mapper->ast_), code_(mapper->code_), problems_(problems) {}

  void run();

 private:
  struct Lowered {
    NodeId node = kNoNode;
    Type type;
  };
  struct Variable {
    std::uint32_t slot = 0;
    Type type;
    base::Span where;       // of its first assignment
    bool assigned = false;  // by the time that the statement at hand runs
  };
  using Scope = std::unordered_map<std::string_view, Variable>;
  //! What an undefined name was used as, which decides what it most likely should have been.
  enum class Use : std::uint8_t { value, machine };

  // ---- statements
  void declare();
  void check_new_name(const Name& name, std::string_view what);
  void globals();
  void functions();
  void function(FunctionId id, const Function& f);
  void rules();
  void rule(const TaskStatement& s);
  void rule(const RegionStatement& s);
  void rule(const LayoutStatement& s);
  void rule(const LimitStatement& s);
  void rule(const CollectStatement& s);
  void rule(const MapStatement& s);
  void rule(const ReplicateStatement& s);
  void check_memories(const RegionStatement& s);
  std::optional<MapChoice> map_choice(const MapStatement& s);
  void report_unknown_mapping(const MapStatement& s, std::string_view keyword);
  bool check_mapping_signature(const MapStatement& s, const Function& f, std::string_view keyword);
  std::optional<std::uint32_t> mapping_machine(const Name& name);
  void check_mapping_result(const MapStatement& s, FunctionId id);
  void repeated(base::Span where, base::Span first, std::string what);

  // ---- expressions
  Lowered lower(ExprId id, Use use = Use::value);
  Lowered name(const Expr& e, Use use);
  Lowered undefined(const Expr& e, Use use);
  std::optional<std::string_view> task_of(std::string_view word) const;
  Lowered no_task(const Expr& e);
  Lowered binary(const Expr& e);
  Lowered conditional(const Expr& e);
  Lowered tuple(const Expr& e);
  Lowered index(const Expr& e);
  Lowered element(Node n, const Expr& e, bool of_integers);
  bool unpacked_operand(const Expr& item);
  bool machine_index(const Expr& e, Type object, const Expr* again);
  std::optional<base::Fix> joined_indices(const Expr& e, const Expr& again) const;
  Lowered slice(const Expr& e);
  Lowered comprehension(const Expr& e);
  Lowered property(const Expr& e, const Expr* call);
  std::optional<int> split_parts(Property p, const Expr& call) const;
  void check_dimensions(Property p, const Expr& call, Type object);
  Lowered call(const Expr& e);
  bool names_variable(const Expr& e) const;
  Lowered machine_call(const Expr& e);
  Lowered range_call(const Expr& e);
  Lowered function_call(const Expr& e, FunctionId id);
  void undefined_function(const Expr& callee);
  bool list(const Expr& e, bool star, Node* node, std::vector<Type>* types);
  PrintFormat print_format(const Print& p);
  void want(const Lowered& value, TypeKind kind, ExprId at, const base::DiagnosticKind& problem,
            std::string_view what);
  Lowered emit(Node node, const Expr& e, Type type);
  Lowered failed(const Expr& e) { return emit({}, e, {}); }

  // ---- problems
  std::string_view words(base::Span s) const { return ast_.source->slice(s); }
  void report(const base::DiagnosticKind& kind, base::Span where, std::string message, std::string note = "",
              std::optional<base::Fix> fix = std::nullopt, std::vector<base::Related> related = {});
  std::optional<std::string_view> meant(std::string_view word,
                                        const std::vector<std::string_view>& extra) const;
  base::Fix machine_fix(std::string_view name) const;
  base::Fix move_behind(base::Span statement, base::Span function) const;

  CompiledMapper& mapper_;
  const Ast& ast_;
  Code& code_;
  base::Diagnostics* problems_;

  std::unordered_map<std::string_view, FunctionId> function_ids_;
  std::vector<const Function*> functions_;
  std::vector<Type> results_;
  std::vector<bool> task_helper_reported_;
  Scope globals_;
  std::unordered_map<std::string_view, base::Span>
      later_;  // names that the scope at hand assigns further down

  std::unordered_set<std::string_view> reported_;  // undefined names: each is one problem
  Scope* locals_ = nullptr;                        // null outside functions
  bool parameters_unknown_ = false;                // of the function at hand
  std::uint32_t* slots_ = nullptr;
  const Expr* indexed_again_ = nullptr;  // the index of the index that is read next
  base::Span statement_;                 // the top-level statement at hand
};

}  // namespace mapwright::lang
