#include "llm/program.h"

#include <fmt/format.h>

#include <utility>

#include "base/os/process.h"
#include "base/text.h"
#include "llm/protocol.h"

namespace mapwright::llm {

std::string prompt_text(const Request& request) {
  if (request.messages.size() == 1) return request.messages.front().text;
  std::string text;
  for (const Message& m : request.messages)
    text += fmt::format("{}[{}]\n{}\n", text.empty() ? "" : "\n", name_of(m.role), m.text);
  return text;
}

Program::Program(std::string line, Seconds limit, std::function<bool()> cancelled)
    : line_(std::move(line)), limit_(limit), cancelled_(std::move(cancelled)) {}

Answer Program::ask(const Request& request) {
  constexpr std::size_t kMostShown = 400;
  os::Command command;
  command.argv = os::shell(line_);
  command.input = prompt_text(request);
  command.most_output = kMostReplyBytes;
  command.limit = std::chrono::ceil<std::chrono::milliseconds>(limit_);
  command.cancelled = cancelled_;
  os::Outcome outcome = os::run(command);
  switch (outcome.end) {
    case os::End::timed_out:
      return Failure{Fault::timeout, fmt::format("the command did not end in {:g} s", limit_.count())};
    case os::End::cancelled: return Failure{Fault::interrupted, "the call was interrupted"};
    case os::End::exited:
      if (outcome.exit == 0) break;
      [[fallthrough]];
    default: {
      // The end of what it complains about says most.
      const std::string said(base::cut_left(base::visible(base::one_line(outcome.err)), kMostShown));
      return Failure{Fault::program, fmt::format("the command failed, {}{}{}", os::text_of(outcome),
                                                 said.empty() ? "" : ": ", said)};
    }
  }
  if (outcome.out_cut)
    return Failure{Fault::too_large, fmt::format("the command wrote more than {}",
                                                 base::bytes_text(static_cast<double>(kMostReplyBytes)))};
  Reply reply;
  reply.text = std::move(outcome.out);
  reply.usage = estimated_usage(request, reply.text);
  return reply;
}

}  // namespace mapwright::llm
