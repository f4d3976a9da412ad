// Code in replies.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "llm/diagnostics.h"
#include "llm/reply.h"
#include "llm/reply_text.h"

namespace mapwright::llm {
namespace {

// The marks that a line of Markdown begins a block with, or ends it; empty: none. At most three blanks stand
// before them.
std::string_view fence_of(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(' ');
  if (begin > 3 || (line[begin] != '`' && line[begin] != '~')) return {};
  const std::size_t end = std::min(line.find_first_not_of(line[begin], begin), line.size());
  return end - begin < 3 ? std::string_view() : line.substr(begin, end - begin);
}

bool closes(std::string_view line, std::string_view open) {
  const std::string_view mark = fence_of(line);
  return mark.size() >= open.size() && mark.front() == open.front() &&
         is_blank(line.substr(line.find(mark) + mark.size()));
}

struct Block {
  std::string code;
  bool closed = false;
};

std::vector<Block> blocks_of(std::string_view text, bool* prose) {
  std::vector<Block> blocks;
  std::string_view open;
  // The end of the last line begins no other.
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (const std::string_view line : base::split(text, '\n')) {
    if (open.empty()) {
      open = fence_of(line);
      if (!open.empty()) blocks.emplace_back();
      *prose = *prose || (open.empty() && !is_blank(line));
    } else if (closes(line, open)) {
      blocks.back().closed = true;
      open = {};
    } else {
      blocks.back().code.append(line) += '\n';
    }
  }
  return blocks;
}

}  // namespace

CodeReply read_code(std::string_view text, Ending ending) {
  CodeReply reply;
  const std::string bare = bare_text(text, ending, &reply.mended);
  reply.problem = nothing_to_read(bare, ending);
  if (reply.problem) return reply;
  const Slip cut =
      slip(problem::reply_truncated,
           "the reply is cut off inside the code; answer more briefly, and give all of the code");
  bool prose = false;
  const std::vector<Block> blocks = blocks_of(bare, &prose);
  if (blocks.empty()) {
    if (ending == Ending::length) {
      reply.problem = cut;
      return reply;
    }
    reply.code = bare;
    return reply;
  }
  const Block& last = blocks.back();
  if (!last.closed && ending == Ending::length) {
    reply.problem = cut;
  } else if (std::ranges::any_of(blocks, [&](const Block& b) { return b.code != last.code; })) {
    reply.problem = slip(
        problem::reply_blocks,
        fmt::format("there are {} different blocks of code; give one, with all of the code", blocks.size()));
  } else if (is_blank(last.code)) {
    reply.problem = slip(problem::reply_empty, "the block of code is empty; answer with the code");
  }
  if (reply.problem) return reply;
  reply.code = last.code;
  if (prose)
    reply.mended.push_back(slip(problem::mended_prose, "there is text around the code; give the code alone"));
  if (blocks.size() > 1)
    reply.mended.push_back(
        slip(problem::mended_repeated, "the code stands there more than once; give it once"));
  if (!last.closed)
    reply.mended.push_back(slip(problem::mended_unclosed, "the block of code has no end; close it"));
  std::ranges::stable_sort(reply.mended, {}, [](const Slip& s) { return s.kind->code; });
  return reply;
}

}  // namespace mapwright::llm
