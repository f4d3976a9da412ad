#include "cli/interrupt.h"

#include <array>
#include <csignal>

namespace mapwright::cli {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

volatile sig_atomic_t noted = 0;

void note(int /*signal*/) {
  noted = 1;
}

}  // namespace

Interrupt::Interrupt() {
  noted = 0;
  for (const int signal : kSignals) {
    struct sigaction before{};
    // What ignores it, such as nohup, still does.
    if (::sigaction(signal, nullptr, &before) != 0 || before.sa_handler == SIG_IGN) continue;
    struct sigaction action{};
    action.sa_handler = note;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    ::sigaction(signal, &action, nullptr);
  }
}

Interrupt::~Interrupt() {
  for (const int signal : kSignals) {
    struct sigaction now{};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == note) ::signal(signal, SIG_DFL);
  }
}

bool Interrupt::asked() const {
  return noted != 0;
}

}  // namespace mapwright::cli
