// The recursive-descent parser, in two parts: statements (parser.cc) and expressions (parser_expr.cc).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lang/ast.h"
#include "lang/diagnostics.h"

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
  bool starts_line(std::uint32_t ahead = 0) const;
  bool starts_statement(std::uint32_t ahead = 0) const;
  std::string found(std::uint32_t ahead = 0) const;

  // ---- problems. After one, the rest of the statement is skipped in silence.
  void report(const base::DiagnosticKind& kind, base::Span where, std::string message, std::string note = "",
              std::optional<base::Fix> fix = std::nullopt, std::vector<base::Related> related = {});
  void give_up(const base::DiagnosticKind& kind, base::Span where, std::string message, std::string note = "",
               std::optional<base::Fix> fix = std::nullopt, std::vector<base::Related> related = {});
  bool expect(TokenKind kind, std::string_view what, TokenRole role = TokenRole::plain);
  bool expect_close(TokenKind kind, const Token& opener);
  void end_statement();
  void recover(bool in_function);
  void skip_block();

  // ---- statements
  void statement();
  void task();
  void region();
  void layout();
  void instance_limit();
  void collect_memory();
  void map(bool index);
  void control_replicate();
  void function(bool with_def);
  void function_head(Function* f);
  void function_body(Function* f, std::optional<Token> colon);
  void parameter(Function* f);
  void function_statement(Function* f);
  void control_flow();
  void unknown_statement();
  std::optional<Assignment> assignment();
  std::optional<Print> print();
  std::optional<Return> return_();

  Name name(std::string_view what, bool star, bool index);
  std::vector<Name> names(bool star);
  std::optional<ProcessorRef> processor();
  std::optional<MemoryRef> memory();
  std::vector<MemoryRef> memories();
  std::optional<LayoutConstraint> constraint();
  base::Span since(base::Span start) const { return base::cover(start, previous()); }

  // ---- expressions
  ExprId expression();
  ExprId binary(int level);
  ExprId prefix();
  ExprId postfix();
  ExprId primary();
  ExprId parenthesized();
  ExprId comprehension();
  ExprId python_conditional(ExprId value);
  ExprId subscript(ExprId object);
  ExprId property(ExprId object);
  std::vector<ExprId> arguments(TokenKind close, const Token& opener);
  bool starts_expression(std::uint32_t ahead = 0) const;
  ExprId add(Expr e);
  ExprId add(Expr e, const std::vector<ExprId>& list);
  ExprId error_expr();

  Ast& ast_;
  const base::SourcePtr& source_;
  std::vector<Token>& tokens_;
  base::Diagnostics* problems_;
  std::uint32_t next_ = 0;
  int nesting_ = 0;
  bool silent_ = false;  // between a problem and the end of its statement
};

}  // namespace mapwright::lang
