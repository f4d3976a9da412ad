// The recursive-descent parser, in five parts: words, problems and the choice of the statement (parser.cc),
// mapping statements (parser_statement.cc), functions and what stands in them (parser_function.cc),
// expressions (parser_expr.cc) and what stands in brackets (parser_list.cc). Slips that are known by name
// stand in slips.h.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "lang/ast.h"
#include "lang/diagnostics.h"
#include "lang/slips.h"

namespace mapwright::lang {

class Parser {
 public:
  Parser(Ast* ast, base::Diagnostics* problems)
      : ast_(*ast), source_(ast->source), tokens_(ast->words.tokens), problems_(problems) {}

  void run();

 private:
  // ---- words
  const Token& at(std::uint32_t ahead = 0) const;
  std::string_view text(const Token& t) const { return source_->slice(t.span); }
  bool is(TokenKind kind, std::uint32_t ahead = 0) const { return at(ahead).kind == kind; }
  bool is_word(std::string_view word, std::uint32_t ahead = 0) const;
  Token take(TokenRole role = TokenRole::plain);
  bool accept(TokenKind kind, TokenRole role = TokenRole::plain);
  base::Span previous() const { return next_ == 0 ? base::Span{} : tokens_[next_ - 1].span; }
  base::Span behind() const { return {previous().end, previous().end}; }
  base::Span since(base::Span start) const { return base::cover(start, previous()); }
  bool touches(std::uint32_t ahead) const;  // no blank before that word
  bool starts_line(std::uint32_t ahead = 0) const;
  bool starts_statement(std::uint32_t ahead = 0) const;
  bool mapping_word() const;          // Task, Region, ..., def: what never stands in a function
  std::uint32_t indentation() const;  // of the line on which the next word stands
  std::string found(std::uint32_t ahead = 0) const;
  std::string quoted(base::Span span) const;

  // ---- problems. After one, the rest of the statement is skipped in silence.
  void report(const base::DiagnosticKind& kind, base::Span where, std::string message, std::string note = "",
              std::optional<base::Fix> fix = std::nullopt, std::vector<base::Related> related = {});
  void give_up(const base::DiagnosticKind& kind, base::Span where, std::string message, std::string note = "",
               std::optional<base::Fix> fix = std::nullopt, std::vector<base::Related> related = {});
  bool expect(TokenKind kind, std::string_view what, TokenRole role = TokenRole::plain);
  bool expect_close(TokenKind kind, const Token& opener, bool list = false);
  bool comment_for_division();
  void end_statement();
  void recover(bool in_function);
  void skip_brackets();
  void skip_block();
  void skip_indented(std::uint32_t margin);
  void skip_construct();

  // ---- statements
  void statement();
  bool common_statement(Function* f);
  void task();
  void region();
  void layout();
  void instance_limit();
  void collect_memory();
  void map(bool index);
  void control_replicate();
  void unknown_statement();
  void lone_semicolon();

  Name name(std::string_view what, bool star, bool index);
  Name glued_name(base::Span first);
  std::vector<Name> names(bool star);
  void separator();
  void missing_comma();
  void comma_before_kinds(const TaskStatement& s);
  std::optional<ProcessorRef> processor();
  std::optional<MemoryRef> memory();
  std::vector<MemoryRef> memories();
  std::optional<LayoutConstraint> constraint();
  std::optional<AlignOp> alignment();
  std::int64_t number(std::string_view what);

  // ---- functions and what stands in them; without a function the statement is global
  bool head_follows(std::uint32_t ahead) const;
  void function();
  void function_head(Function* f);
  void function_body(Function* f);
  void expression_body(Function* f);
  void parameter(Function* f);
  void function_statement(Function* f);
  void nested_function(Function* f);
  void assignment(Function* f);
  void typed_assignment(Function* f);
  bool tuple_assignment(Function* f);
  void value_statement();
  void print(Function* f);
  void return_(Function* f);
  void control_flow(Function* f);
  void declare(Function* f, base::Span name);
  void declare_skipped(Function* f, std::uint32_t first);
  template <class S>
  void keep(Function* f, S statement);

  // ---- expressions
  ExprId expression();
  ExprId value();
  ExprId choice();
  ExprId binary(int level);
  ExprId foreign_operator(ExprId left, const slips::Operator& slip);
  const slips::Operator* operator_slip(int level) const;
  ExprId prefix();
  ExprId postfix();
  ExprId primary();
  ExprId word();
  ExprId parenthesized();
  ExprId bracketed();
  ExprId comprehension(const Token& start, const Token& opener, ExprId element, TokenKind close);
  ExprId tuple_call();
  ExprId python_conditional(ExprId value);
  ExprId subscript(ExprId object);
  ExprId property(ExprId object);
  ExprId element();
  std::vector<ExprId> arguments(TokenKind close, const Token& opener);
  bool starts_expression(std::uint32_t ahead = 0) const;
  bool too_deep(base::Span where);
  ExprId add(Expr e);
  ExprId add(Expr e, const std::vector<ExprId>& list);
  ExprId error_expr();

  Ast& ast_;
  const base::SourcePtr& source_;
  std::vector<Token>& tokens_;
  base::Diagnostics* problems_;
  std::uint32_t next_ = 0;
  int nesting_ = 0;
  int parens_ = 0;                                // open ones in this statement
  bool silent_ = false;                           // between a problem and the end of its statement
  const slips::Form* form_ = nullptr;             // of the mapping statement that is being read
  std::unordered_set<std::string_view> globals_;  // names that have a value
  std::unordered_set<std::string_view> locals_;
};

//! "write `right`" for what `word` most likely was meant to be.
std::optional<base::Fix> spelling_fix(std::span<const std::string_view> words, std::string_view word,
                                      base::Span where);
base::Fix write_fix(base::Span where, std::string_view right);
base::Fix delete_fix(base::Span where, std::string_view what);

template <class S>
void Parser::keep(Function* f, S statement) {
  if constexpr (requires(Function* g) { g->body.emplace_back(std::move(statement)); }) {
    if (f != nullptr) {
      f->body.emplace_back(std::move(statement));
      return;
    }
  }
  ast_.statements.emplace_back(std::move(statement));
}

}  // namespace mapwright::lang
