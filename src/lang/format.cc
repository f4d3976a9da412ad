#include "lang/format.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace mapwright::lang {
namespace {

constexpr std::size_t kIndent = 4;

bool is_binary(const Token& t) {
  switch (t.kind) {
    case TokenKind::plus:
    case TokenKind::minus:
    case TokenKind::star:
    case TokenKind::slash:
    case TokenKind::percent:
    case TokenKind::less:
    case TokenKind::less_equal:
    case TokenKind::greater:
    case TokenKind::greater_equal:
    case TokenKind::equal:
    case TokenKind::not_equal:
    case TokenKind::and_:
    case TokenKind::or_:
    case TokenKind::question:
    case TokenKind::colon: return t.role == TokenRole::plain;
    default: return false;
  }
}

bool opens(TokenKind k) {
  return k == TokenKind::open_paren || k == TokenKind::open_bracket;
}
bool closes(TokenKind k) {
  return k == TokenKind::close_paren || k == TokenKind::close_bracket;
}

bool blank_between(const Token& left, const Token& right) {
  if (left.role == TokenRole::tight || right.role == TokenRole::tight) {
    // The words around a dotted name keep their distance; only its inside is tight.
    const bool joint = left.kind == TokenKind::dot || left.kind == TokenKind::colon ||
                       right.kind == TokenKind::dot || right.kind == TokenKind::colon;
    if (joint) return false;
  }
  if (left.role == TokenRole::prefix) return false;
  if (opens(left.kind) || left.kind == TokenKind::dot) return false;
  if (closes(right.kind)) return false;
  switch (right.kind) {
    case TokenKind::comma:
    case TokenKind::semicolon:
    case TokenKind::dot:
    case TokenKind::open_bracket: return false;
    case TokenKind::open_paren: return right.role != TokenRole::call_paren;
    default: return true;
  }
}

class Formatter {
 public:
  Formatter(const Ast& ast, bool comments) : source_(*ast.source), words_(ast.words), comments_(comments) {}

  std::string run() {
    for (token_ = 0; token_ < words_.tokens.size(); ++token_) {
      comments_before();
      const Token& t = words_.tokens[token_];
      if (t.kind == TokenKind::end) break;
      if (t.kind == TokenKind::close_brace && t.role == TokenRole::body_brace) {
        indent_ -= std::min(indent_, kIndent);
        body_starts_ = true;  // no blank line before `}`
      }
      if (line_.empty()) blank_line(t.span);
      line_.push_back(&t);
      last_end_ = t.span.end;
      if (t.role == TokenRole::statement_end || t.role == TokenRole::body_brace) {
        end_line();
        if (t.kind == TokenKind::open_brace) {
          indent_ += kIndent;
          body_starts_ = true;
        }
      }
    }
    if (!line_.empty()) end_line();
    if (!out_.empty()) out_ += '\n';
    return std::move(out_);
  }

 private:
  bool newline_between(std::uint32_t from, std::uint32_t to) const {
    return from == 0 || source_.slice({from, to}).find('\n') != std::string_view::npos;
  }

  // One blank line stays where the writer left some.
  void blank_line(base::Span next) {
    const std::string_view gap = source_.slice({last_end_, next.begin});
    const bool wanted = comments_ && !out_.empty() && !body_starts_ && std::ranges::count(gap, '\n') > 1;
    body_starts_ = false;
    if (wanted) out_ += '\n';
  }

  void comments_before() {
    for (; comment_ < words_.comments.size() && words_.comments[comment_].before <= token_; ++comment_) {
      const Comment& c = words_.comments[comment_];
      if (!comments_) continue;
      const std::string_view text = source_.slice(c.span);
      if (!newline_between(last_end_, c.span.begin)) {
        // Behind a word: it stays on that line.
        if (!line_.empty()) write_words();
        out_ += "  ";
        out_ += text;
      } else {
        const bool inside = !line_.empty() || continued_;
        if (!line_.empty()) write_words();
        if (!inside) blank_line(c.span);
        start_line(inside ? indent_ + kIndent : indent_);
        out_ += text;
      }
      last_end_ = c.span.end;
    }
  }

  void start_line(std::size_t indent) {
    if (!out_.empty()) out_ += '\n';
    out_.append(indent, ' ');
  }

  void end_line() {
    write_words();
    continued_ = false;
  }

  // Writes the words collected so far as one line, or as several where they are too long for one.
  void write_words() {
    std::size_t first = 0;
    while (first < line_.size()) {
      const std::size_t indent = continued_ ? indent_ + kIndent : indent_;
      const std::size_t last = line_break(first, indent);
      start_line(indent);
      for (std::size_t i = first; i < last; ++i) {
        if (i > first && blank_between(*line_[i - 1], *line_[i])) out_ += ' ';
        out_ += source_.slice(line_[i]->span);
      }
      first = last;
      continued_ = true;
    }
    line_.clear();
  }

  // Where the line that begins with word `first` ends: at the outermost break that fits, the last of several.
  std::size_t line_break(std::size_t first, std::size_t indent) const {
    std::size_t width = indent;
    std::size_t best = line_.size();
    int best_depth = 0;
    int depth = 0;
    for (std::size_t i = first; i < line_.size(); ++i) {
      const Token& t = *line_[i];
      if (closes(t.kind)) --depth;
      const bool may_break =
          i > first && (is_binary(t) || line_[i - 1]->kind == TokenKind::comma) && !closes(t.kind);
      if (may_break && (best == line_.size() || depth <= best_depth)) {
        best = i;
        best_depth = depth;
      }
      if (i > first && blank_between(*line_[i - 1], t)) ++width;
      width += base::display_width(source_.slice(t.span));
      if (width > kLineLength && best < line_.size()) return best;
      if (opens(t.kind)) ++depth;
    }
    return line_.size();
  }

  const base::Source& source_;
  const TokenList& words_;
  const bool comments_;
  std::string out_;
  std::vector<const Token*> line_;
  std::size_t token_ = 0;
  std::size_t comment_ = 0;
  std::size_t indent_ = 0;
  std::uint32_t last_end_ = 0;
  bool continued_ = false;    // part of the statement is written
  bool body_starts_ = false;  // a brace was just written
};

base::Result<std::string> write(const base::SourcePtr& source, bool comments) {
  base::Diagnostics problems;
  const Ast ast = parse(source, &problems);
  problems.sort();
  if (problems.has_errors()) return problems;
  return Formatter(ast, comments).run();
}

}  // namespace

base::Result<std::string> format(const base::SourcePtr& source) {
  return write(source, true);
}
base::Result<std::string> canonical(const base::SourcePtr& source) {
  return write(source, false);
}

}  // namespace mapwright::lang
