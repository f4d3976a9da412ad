#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "cli/commands.h"
#include "cli/mcp_server.h"

namespace mapwright::cli {
namespace {

constexpr std::size_t kLongestMessage = std::size_t{16} << 20;
// After the end of the input: for what was asked before it.
constexpr std::chrono::minutes kPatience{1};

// Whoever asks the server to end need not wait for the trial in work: all others are in the store already.
void end_when_asked() {
  for (const int signal : std::array{SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before{};
    // What ignores it, such as nohup, still does.
    if (::sigaction(signal, nullptr, &before) != 0 || before.sa_handler == SIG_IGN) continue;
    struct sigaction action{};
    action.sa_handler = [](int /*signal*/) { ::_exit(static_cast<int>(Exit::ok)); };
    ::sigaction(signal, &action, nullptr);
  }
}

class Mcp : public Command {
 public:
  explicit Mcp(CLI::App* parent) {
    CLI::App* a =
        add(parent, "mcp", "Serves coding agents: tools of the Model Context Protocol on standard streams",
            "mapwright mcp --store runs.db");
    a->add_option("--program", shop_.programs,
                  "A program file (JSON) that agents may use by this name; may be repeated")
        ->type_name("FILE")
        ->check(CLI::ExistingFile)
        ->allow_extra_args(false);
    a->add_option("--machine", shop_.machines,
                  "A machine file (TOML) that agents may use by this name; may be repeated")
        ->type_name("FILE")
        ->check(CLI::ExistingFile)
        ->allow_extra_args(false);
    shop_.store.add_to(a);
  }

  Exit run(Console& console) override {
    end_when_asked();
    if (::isatty(STDIN_FILENO) == 1)
      console.say("waits for messages of the Model Context Protocol, one on each line; Ctrl-D ends it");
    mcp::LineWriter out(STDOUT_FILENO);
    mcp::LineReader in(STDIN_FILENO, kLongestMessage);
    mcp::Server server(shop_, &out);
    std::string line;
    using Got = mcp::LineReader::Got;
    for (Got got = in.next(&line); got != Got::end && out.failed() == 0; got = in.next(&line)) {
      if (got == Got::line) server.receive(line);
      if (got == Got::too_long) server.receive_too_long();
    }
    const bool done = server.finish(kPatience);
    // A client that went away is no error.
    const Exit code = out.failed() == 0 || out.failed() == EPIPE ? Exit::ok : Exit::io;
    if (code != Exit::ok) console.say("cannot write to standard output");
    // What is in work cannot be stopped, only left.
    if (!done) std::_Exit(static_cast<int>(code));
    return code;
  }

 private:
  mcp::Workshop shop_;
};

}  // namespace

std::unique_ptr<Command> mcp_command(CLI::App* parent) {
  return std::make_unique<Mcp>(parent);
}

}  // namespace mapwright::cli
