// The Model Context Protocol, in two revisions at once: 2026-07-28, in which every request says all that it
// needs, and 2025-11-25, which begins with a handshake.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "cli/mcp_message.h"
#include "cli/mcp_tools.h"
#include "cli/mcp_transport.h"
#include "cli/mcp_worker.h"

namespace mapwright::cli::mcp {

//! Which rules a request is under.
enum class Era : std::uint8_t {
  handshake,  //!< up to 2025-11-25
  stateless,  //!< from 2026-07-28 on
};

//! Messages come from one thread; what takes its time is done by another one, in order.
class Server {
 public:
  //! The writer outlives this.
  Server(Workshop shop, LineWriter* out);

  void receive(std::string_view line);
  //! A line that was larger than a message may be.
  void receive_too_long();

  //! Whether everything that was asked for is answered, after at most so long. Nothing comes after it.
  bool finish(std::chrono::milliseconds patience);

 private:
  void understand(std::string_view line);
  void answer(Message message, std::size_t bytes);
  void notice(const Message& message);
  std::optional<Era> era_of(const Message& message) const;
  Json initialize(const Input& params);
  void listen(const std::string& id);

  const Workshop shop_;
  LineWriter& out_;
  bool shook_hands_ = false;
  std::set<std::string> listening_;  // requests whose answer is a stream
  Worker worker_;                    // last: it uses the others
};

}  // namespace mapwright::cli::mcp
