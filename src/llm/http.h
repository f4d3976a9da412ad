// One HTTP request and its reply, over the network or from a test.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "llm/chat.h"
#include "llm/clock.h"

namespace mapwright::llm {

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers;  //!< "Name: value"
  std::string body;
  Seconds limit{0};                 //!< for all of it
  std::function<bool()> cancelled;  //!< asked at least every second; may be empty
};

struct HttpReply {
  int status = 0;
  std::string body;         //!< as it came: nothing is decompressed
  std::string retry_after;  //!< that header; empty: none
  std::string location;     //!< likewise
};

struct HttpFailure {
  Failure failure;
  //! Whether asking again can do no harm: nothing of the reply had come.
  bool repeatable = false;
};

//! Posts to one endpoint. One request at a time.
class Http {
 public:
  Http() = default;
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;
  virtual ~Http() = default;
  virtual std::variant<HttpReply, HttpFailure> post(const HttpRequest& request) = 0;
};

//! By libcurl: certificates are verified, no redirect is followed, proxies are those of the environment, and
//! so are certificates of authorities (CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR). A reply over
//! kMostReplyBytes is Fault::too_large.
std::unique_ptr<Http> make_http();

struct Address {
  std::string scheme;  //!< "http", "https"
  std::string host;    //!< without the brackets of IPv6
  bool loopback = false;
};

//! The parts of an address that can be the base of others: http or https, a host, perhaps a port and a path;
//! no user, query or fragment. Nothing for any other.
std::optional<Address> parse_address(const std::string& url);

//! Seconds from `calendar` on that a Retry-After header asks for: a number of them, or a date. Nothing where
//! it is neither.
std::optional<Seconds> retry_after(const std::string& header, Seconds calendar);

}  // namespace mapwright::llm
