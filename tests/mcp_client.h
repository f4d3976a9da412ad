// A client of `mapwright mcp` that writes what it likes, with limits on its time.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tuned.h"

namespace mapwright::mcp {

using nlohmann::ordered_json;
using std::chrono::milliseconds;
using tuned::Clock;

//! As the protocol has it, with what every request of 2026-07-28 says of itself.
inline ordered_json request(const ordered_json& id, const std::string& method,
                            ordered_json params = ordered_json::object()) {
  params["_meta"] = {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
                     {"io.modelcontextprotocol/clientInfo", {{"name", "test"}, {"version", "1"}}},
                     {"io.modelcontextprotocol/clientCapabilities", ordered_json::object()}};
  return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
}
inline ordered_json call(const ordered_json& id, const std::string& tool,
                         const ordered_json& arguments = ordered_json::object()) {
  return request(id, "tools/call", {{"name", tool}, {"arguments", arguments}});
}

//! An object, and what it also has.
inline ordered_json with(ordered_json object, const ordered_json& more) {
  object.update(more);
  return object;
}

//! Arguments of a run that takes no time.
inline const ordered_json kSmallCircuit = {{"program", "circuit"}, {"size", "test"}, {"nodes", 1}};

//! A server, killed with this. Its standard error is in the file "errors" of its folder.
class Server {
 public:
  explicit Server(const tuned::Workplace& here, const std::vector<std::string>& options = {}) {
    // Without SIGPIPE a server that has ended is an error of a write, not the end of the tests.
    ::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) return;
    std::vector<std::string> words{MAPWRIGHT_EXECUTABLE, "mcp"};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> argv;
    for (std::string& w : words) argv.push_back(w.data());
    argv.push_back(nullptr);
    std::string state = "XDG_STATE_HOME=" + (here / "state").string();
    std::vector<char*> envp;
    for (char** e = environ; *e != nullptr; ++e) {
      if (!std::string_view(*e).starts_with("XDG_STATE_HOME=")) envp.push_back(*e);
    }
    envp.push_back(state.data());
    envp.push_back(nullptr);
    const std::string errors = (here / "errors").string();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, (here / "").c_str());
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    if (::posix_spawn(&child_, MAPWRIGHT_EXECUTABLE, &actions, nullptr, argv.data(), envp.data()) != 0)
      child_ = 0;
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    hang_up();
    close_output();
    if (child_ == 0) return;
    signal(SIGKILL);
    exit_code();
  }

  //! Bytes as they are.
  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t wrote = ::write(in_, bytes.data(), bytes.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return;  // it has ended, which the test sees
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
  }
  void send(const ordered_json& message) const { write(message.dump() + "\n"); }

  //! The next line; empty where it ends before, or says nothing for so long.
  std::string line(milliseconds limit = tuned::kLimit) {
    const auto deadline = Clock::now() + limit;
    for (;;) {
      const std::size_t end = read_.find('\n');
      if (end != std::string::npos) {
        std::string text = read_.substr(0, end);
        read_.erase(0, end + 1);
        return text;
      }
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count();
      pollfd out{out_, POLLIN, 0};
      if (left <= 0 || ::poll(&out, 1, static_cast<int>(left)) == 0) return "";
      std::array<char, 1 << 16> chunk;
      const ssize_t got = ::read(out_, chunk.data(), chunk.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return "";
      read_.append(chunk.data(), static_cast<std::size_t>(got));
    }
  }
  //! The next message, which is one of JSON-RPC.
  ordered_json message(milliseconds limit = tuned::kLimit) {
    const std::string text = line(limit);
    ordered_json json = ordered_json::parse(text, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << text;
    if (json.is_discarded()) return ordered_json::object();
    EXPECT_EQ(json.value("jsonrpc", ""), "2.0") << text;
    return json;
  }
  ordered_json ask(const ordered_json& message_) {
    send(message_);
    ordered_json answer = message();
    EXPECT_EQ(answer.value("id", ordered_json()), message_["id"]) << answer;
    return answer;
  }
  //! The result of a tool that did what it was asked for: the document.
  ordered_json document(const std::string& tool, const ordered_json& arguments = ordered_json::object()) {
    const ordered_json answer = ask(call(++asked_, tool, arguments));
    const ordered_json result = answer.value("result", ordered_json::object());
    EXPECT_FALSE(result.value("isError", true)) << tool << " " << arguments << "\n" << answer;
    return result.value("structuredContent", ordered_json::object());
  }
  //! The result of one that did not: what it said to read, with what it said to programs.
  struct Error {
    std::string text;
    ordered_json document;
  };
  Error error(const std::string& tool, const ordered_json& arguments = ordered_json::object()) {
    const ordered_json answer = ask(call(++asked_, tool, arguments));
    const ordered_json result = answer.value("result", ordered_json::object());
    EXPECT_TRUE(result.value("isError", false)) << tool << " " << arguments << "\n" << answer;
    EXPECT_FALSE(result.contains("structuredContent"));
    if (!result.contains("content") || result["content"].size() != 2) return {};
    const auto text = [&](std::size_t i) { return result["content"][i]["text"].get<std::string>(); };
    ordered_json error = tuned::parsed(text(1));
    EXPECT_EQ(error.value("schema", ""), "mapwright.error/1");
    return {text(0), std::move(error)};
  }

  //! Nothing comes from the client any more.
  void hang_up() {
    if (in_ >= 0) ::close(in_);
    in_ = -1;
  }
  void close_output() {
    if (out_ >= 0) ::close(out_);
    out_ = -1;
  }
  void signal(int number) const { ::kill(child_, number); }
  //! How it ends, within the time; minus the signal where one ended it.
  int exit_code(milliseconds limit = tuned::kLimit) {
    const auto deadline = Clock::now() + limit;
    int status = 0;
    while (::waitpid(child_, &status, WNOHANG) == 0) {
      if (Clock::now() > deadline) return -1000;
      std::this_thread::sleep_for(milliseconds(2));
    }
    child_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  //! Hangs up; what is still said, and how it ends.
  int end(std::vector<ordered_json>* rest = nullptr) {
    hang_up();
    for (std::string text; !(text = line()).empty();) {
      if (rest != nullptr) rest->push_back(tuned::parsed(text));
    }
    return exit_code();
  }

 private:
  pid_t child_ = 0;
  int in_ = -1;
  int out_ = -1;
  std::string read_;
  int asked_ = 1000;
};

}  // namespace mapwright::mcp
