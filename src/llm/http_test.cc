// Calls over the network, which here ends at this machine: servers that behave, and others.
#include "llm/http.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/os/process.h"
#include "llm/providers.h"
#include "llm/session.h"
#include "llm/testing.h"
#include "llm/testing_server.h"

// Options name what they set; the others have their defaults.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace mapwright::llm {
namespace {

using testing::Certificate;
using testing::FakeClock;
using testing::HttpServer;
using testing::kKey;
using testing::RawServer;
using testing::request;
using testing::send_all;

std::string body_of(std::string_view text) {
  return fmt::format(R"({{"choices":[{{"message":{{"content":"{}"}},"finish_reason":"stop"}}],)"
                     R"("usage":{{"prompt_tokens":5,"completion_tokens":1}}}})",
                     text);
}

std::string http(std::string_view body, std::string_view headers = "", std::string_view status = "200 OK") {
  return fmt::format("HTTP/1.1 {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}",
                     status, body.size(), headers, body);
}

class Network : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy",
                             "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "no_proxy", "NO_PROXY"})
      ::unsetenv(name);
  }
  void TearDown() override {
    SetUp();
    EXPECT_LT(seconds(), 60) << "everything has its limit";
  }
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

  // Retries wait on a clock that nobody has to wait for, and which does not run otherwise.
  std::unique_ptr<Chat> chat(const std::string& url, Options options = {}) {
    ::setenv("OPENAI_API_KEY", kKey, 1);
    options.model = "m";
    options.base_url = url;
    if (options.clock == nullptr) options.clock = &clock_;
    if (options.max_retries == Options().max_retries) options.max_retries = 2;
    auto opened = open(std::move(options));
    EXPECT_TRUE(opened);
    return *std::move(opened);
  }
  Answer ask(const std::string& url, Options options = {}) {
    const auto c = chat(url, std::move(options));
    Answer answer = c->ask(request("hi"));
    attempts_ = c->attempts();
    if (const auto* failure = std::get_if<Failure>(&answer)) {
      EXPECT_EQ(failure->text.find("very-secret"), std::string::npos) << failure->text;
      EXPECT_EQ(failure->text.find('\x1b'), std::string::npos);
      text_ = failure->text;
    }
    return answer;
  }
  Fault fault(const std::string& url, Options options = {}) {
    const Answer a = ask(url, std::move(options));
    if (const auto* failure = std::get_if<Failure>(&a)) return failure->fault;
    ADD_FAILURE() << "there is a reply: " << std::get<Reply>(a).text;
    return Fault::record;
  }
  std::string reply(const std::string& url, Options options = {}) {
    const Answer a = ask(url, std::move(options));
    if (const auto* r = std::get_if<Reply>(&a)) return r->text;
    return "FAILURE " + std::get<Failure>(a).text;
  }

  FakeClock clock_;
  std::int64_t attempts_ = 0;
  std::string text_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

TEST_F(Network, CarriesARequestAndItsReply) {
  const HttpServer server([](int, const httplib::Request&, httplib::Response& r) {
    r.set_content(body_of("hello"), "application/json");
  });
  const Answer a = ask(server.url());
  EXPECT_EQ(std::get<Reply>(a), (Reply{"hello", Ending::complete, {5, 1, false}, ""}));
  ASSERT_EQ(server.requests().size(), 1U);
  const std::string sent = server.requests()[0];
  EXPECT_TRUE(sent.starts_with("/v1/chat/completions\n")) << sent;
  EXPECT_NE(sent.find(fmt::format("Authorization: Bearer {}\n", kKey)), std::string::npos);
  EXPECT_NE(sent.find("Content-Type: application/json\n"), std::string::npos);
  EXPECT_EQ(sent.find("Accept-Encoding"), std::string::npos);
  EXPECT_EQ(sent.find("Expect"), std::string::npos);
  EXPECT_TRUE(nlohmann::json::accept(sent.substr(sent.find("\n\n"))));
}

TEST_F(Network, CarriesLongPrompts) {
  const HttpServer server([](int, const httplib::Request& q, httplib::Response& r) {
    r.set_content(body_of(std::to_string(q.body.size() > 5'000'000)), "application/json");
  });
  const auto c = chat(server.url());
  EXPECT_EQ(std::get<Reply>(c->ask(request(std::string(5'000'000, 'x')))).text, "1");
}

TEST_F(Network, RetriesUntilThereIsAReply) {
  const HttpServer server([](int number, const httplib::Request&, httplib::Response& r) {
    constexpr std::array<int, 7> kStatuses{408, 409, 429, 500, 503, 529, 200};
    r.status = kStatuses.at(static_cast<std::size_t>(number));
    if (r.status == 429) r.set_header("Retry-After", "2");
    if (r.status == 503) r.set_header("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT");
    r.set_content(r.status == 200 ? body_of("at last") : "no", "text/plain");
  });
  EXPECT_EQ(reply(server.url(), {.max_retries = 6}), "at last");
  EXPECT_EQ(attempts_, 7);
  EXPECT_EQ(server.requests().size(), 7U);
  EXPECT_EQ(clock_.sleeps.size(), 6U);
  EXPECT_EQ(clock_.sleeps[2], 2);
}

TEST_F(Network, AnAbsurdRetryAfterEndsAtOnce) {
  for (const char* header : {"86400", "1e9", "Fri, 31 Dec 2999 23:59:59 GMT", "184467440737095516160"}) {
    const HttpServer server([&](int, const httplib::Request&, httplib::Response& r) {
      r.status = 429;
      r.set_header("Retry-After", header);
    });
    EXPECT_EQ(fault(server.url()), Fault::rate_limited);
    // What is no number is not heeded.
    EXPECT_EQ(server.requests().size(), std::string_view(header) == "1e9" ? 3U : 1U) << header;
  }
}

TEST_F(Network, ARefusedFormIsFallenBackFrom) {
  const HttpServer server([](int, const httplib::Request& q, httplib::Response& r) {
    if (q.body.find("json_schema") == std::string::npos)
      return r.set_content(body_of("{}"), "application/json");
    r.status = 400;
    r.set_content(R"({"error":{"message":"This response_format type is unavailable now"}})",
                  "application/json");
  });
  const auto c = chat(server.url());
  Request q = request("hi");
  q.schema = "{}";
  EXPECT_EQ(std::get<Reply>(c->ask(q)).text, "{}");
  EXPECT_EQ(c->attempts(), 2);
  c->ask(q);
  EXPECT_EQ(c->attempts(), 1);
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(Network, NoRedirectIsFollowed) {
  const HttpServer other([](int, const httplib::Request&, httplib::Response& r) {
    r.set_content(body_of("caught"), "application/json");
  });
  for (const int status : {301, 302, 303, 307, 308}) {
    const HttpServer server([&](int, const httplib::Request&, httplib::Response& r) {
      r.status = status;
      r.set_header("Location", other.url() + "/chat/completions?key=" + kKey);
    });
    EXPECT_EQ(fault(server.url()), Fault::malformed);
    EXPECT_NE(text_.find("the key goes only to the address that was given: http://127.0.0.1:"),
              std::string::npos);
    EXPECT_EQ(server.requests().size(), 1U);
  }
  EXPECT_TRUE(other.requests().empty());
}

TEST_F(Network, OddBodiesAreMalformed) {
  for (const std::string& body :
       {std::string(), std::string("<html>\x1b[2JBad gateway</html>"), body_of("x").substr(0, 30),
        std::string("\0\0\0", 3), std::string("data: {\"choices\":[]}\n\n"), std::string("[1]")}) {
    const HttpServer server(
        [&](int, const httplib::Request&, httplib::Response& r) { r.set_content(body, "text/html"); });
    EXPECT_EQ(fault(server.url()), Fault::malformed) << body;
    EXPECT_EQ(server.requests().size(), 1U);
  }
}

TEST_F(Network, ASlowBodyRunsOutOfTime) {
  const RawServer server([](int, int socket) {
    send_all(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (send_all(socket, "x")) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  });
  EXPECT_EQ(fault(server.url(), {.timeout_seconds = 0.7}), Fault::timeout);
  EXPECT_LT(seconds(), 10);
  EXPECT_EQ(attempts_, 1);
}

TEST_F(Network, SilenceRunsOutOfTime) {
  const RawServer server([](int, int) { std::this_thread::sleep_for(std::chrono::seconds(100)); });
  EXPECT_EQ(fault(server.url(), {.timeout_seconds = 0.5}), Fault::timeout);
  EXPECT_LT(seconds(), 10);
}

TEST_F(Network, RetriesAreUnderTheDeadlineOfTheCall) {
  const RawServer server([](int, int socket) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    send_all(socket, http("", "Retry-After: 0\r\n", "500 Oops"));
  });
  const Fault f = fault(server.url(), {.timeout_seconds = 1, .max_retries = 20, .clock = &system_clock()});
  EXPECT_TRUE(f == Fault::timeout || f == Fault::server_error);
  EXPECT_LT(seconds(), 5);
  EXPECT_LE(server.requests().size(), 5U);
}

TEST_F(Network, CanBeInterruptedWhileItWaits) {
  const RawServer server([](int, int) { std::this_thread::sleep_for(std::chrono::seconds(100)); });
  EXPECT_EQ(fault(server.url(), {.timeout_seconds = 60, .cancelled = [&] { return seconds() > 0.3; }}),
            Fault::interrupted);
  EXPECT_LT(seconds(), 10);
}

TEST_F(Network, CanBeInterruptedBetweenAttempts) {
  const RawServer server(
      [](int, int socket) { send_all(socket, http("", "Retry-After: 50\r\n", "503 Busy")); });
  EXPECT_EQ(fault(server.url(), {.cancelled = [&] { return seconds() > 0.3; }, .clock = &system_clock()}),
            Fault::interrupted);
  EXPECT_LT(seconds(), 10);
}

TEST_F(Network, EndlessAndLargeBodiesAreTooLarge) {
  const std::string block(1 << 16, 'x');
  for (const char* headers : {"", "Content-Length: 10000000\r\n", "Content-Length: 99999999999999\r\n"}) {
    const RawServer server([&](int, int socket) {
      send_all(socket, fmt::format("HTTP/1.1 200 OK\r\n{}\r\n", headers));
      while (send_all(socket, block)) {
      }
    });
    EXPECT_EQ(fault(server.url()), Fault::too_large);
    EXPECT_EQ(attempts_, 1);
  }
  const RawServer chunked([&](int, int socket) {
    send_all(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (send_all(socket, "10000\r\n" + block + "\r\n")) {
    }
  });
  EXPECT_EQ(fault(chunked.url()), Fault::too_large);
  const RawServer headers([&](int, int socket) {
    send_all(socket, "HTTP/1.1 200 OK\r\n");
    while (send_all(socket, "X-Many: " + std::string(1000, 'y') + "\r\n")) {
    }
  });
  EXPECT_EQ(fault(headers.url()), Fault::too_large);
}

TEST_F(Network, LargeRepliesWithinTheLimitAreRead) {
  const HttpServer server([](int, const httplib::Request&, httplib::Response& r) {
    r.set_content(body_of(std::string(8'000'000, 'x')), "application/json");
  });
  EXPECT_EQ(reply(server.url()).size(), 8'000'000U);
}

TEST_F(Network, DroppedConnections) {
  struct Row {
    std::string sent;
    Fault fault;
    std::int64_t attempts;  // of three
  };
  for (const Row& row : {
           Row{"", Fault::dropped, 3},
           Row{"HTTP/1.1 200 OK\r\nContent-", Fault::dropped, 1},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"choices\":", Fault::dropped, 1},
           Row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", Fault::dropped, 1},
           Row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno\r\nab", Fault::dropped, 1},
           Row{"HTTP/1.1 200 OK\r\n\r\n{\"choices\":", Fault::malformed, 1},
           Row{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + body_of("cut by its length"),
               Fault::malformed, 1},
           Row{"hello, this is no HTTP\r\n", Fault::malformed, 3},
           Row{"SSH-2.0-OpenSSH_9\r\n", Fault::malformed, 3},
       }) {
    const RawServer server([&](int, int socket) { send_all(socket, row.sent); });
    EXPECT_EQ(fault(server.url()), row.fault) << row.sent << text_;
    if (row.fault != Fault::malformed) {
      EXPECT_EQ(attempts_, row.attempts) << row.sent << text_;
    }
  }
}

TEST_F(Network, AResetConnectionIsTriedAgain) {
  const RawServer server([](int number, int socket) {
    if (number > 0) {
      send_all(socket, http(body_of("second")));
      return;
    }
    const linger now{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  });
  EXPECT_EQ(reply(server.url()), "second");
  EXPECT_EQ(attempts_, 2);
}

TEST_F(Network, NothingIsDecompressed) {
  // A bomb: 50 MB that are 50 kB on their way.
  os::Command gzip;
  gzip.argv = os::shell("head -c 50000000 /dev/zero | gzip");
  const std::string packed = os::run(gzip).out;
  ASSERT_GT(packed.size(), 1000U);
  for (const char* encoding : {"gzip", "deflate", "br", "nonsense"}) {
    const RawServer server([&](int, int socket) {
      send_all(socket, http(packed, fmt::format("Content-Encoding: {}\r\n", encoding)));
    });
    EXPECT_EQ(fault(server.url()), Fault::malformed);
  }
}

TEST_F(Network, InterimRepliesAreNotTheReply) {
  const RawServer server([](int, int socket) {
    send_all(socket, "HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n");
    send_all(socket, http(body_of("after all")));
  });
  EXPECT_EQ(reply(server.url()), "after all");
}

TEST_F(Network, WhereNobodyListensIsUnreachable) {
  RawServer server([](int, int) {});
  server.stop();
  EXPECT_EQ(fault(server.url()), Fault::unreachable);
  EXPECT_EQ(attempts_, 3) << "nothing was sent: it may be asked again";
  EXPECT_EQ(clock_.sleeps.size(), 2U);
}

// --- TLS ---

constexpr const char* kHere = "IP:127.0.0.1,DNS:localhost";

struct TlsServer {
  explicit TlsServer(const Certificate& c)
      : server(
            [](int, const httplib::Request&, httplib::Response& r) { r.set_content(body_of("safe"), "a/b"); },
            c.get(), c.key()) {
    c.write(file);
  }
  testing::TemporaryFolder folder;
  std::string file = folder.file("ca.pem");
  HttpServer server;
};

TEST_F(Network, UntrustedCertificatesAreRefused) {
  const Certificate c(kHere, -1, 1);
  const TlsServer tls(c);
  EXPECT_EQ(fault(tls.server.url("https")), Fault::tls);
  EXPECT_EQ(attempts_, 1) << "no repetition makes it trusted";
  EXPECT_TRUE(text_.starts_with("there is no safe connection to the endpoint: ")) << text_;
  EXPECT_TRUE(tls.server.requests().empty());
}

TEST_F(Network, TrustedCertificatesAreThoseOfTheEnvironment) {
  const Certificate c(kHere, -1, 1);
  const TlsServer tls(c);
  for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"}) {
    ::setenv(name, tls.file.c_str(), 1);
    EXPECT_EQ(reply(tls.server.url("https")), "safe") << name;
    ::unsetenv(name);
  }
  ::setenv("SSL_CERT_FILE", tls.file.c_str(), 1);
  ::setenv("CURL_CA_BUNDLE", "/no/such/file", 1);
  EXPECT_EQ(fault(tls.server.url("https")), Fault::tls) << "curl's own comes first";
}

TEST_F(Network, ACertificateOfAnotherHostIsRefused) {
  const Certificate c("DNS:other.example.test,IP:127.0.0.2", -1, 1);
  const TlsServer tls(c);
  ::setenv("SSL_CERT_FILE", tls.file.c_str(), 1);
  EXPECT_EQ(fault(tls.server.url("https")), Fault::tls);
  EXPECT_TRUE(tls.server.requests().empty());
}

TEST_F(Network, CertificatesOfOtherTimesAreRefused) {
  for (const auto& [first, last] : {std::pair(-10L, -1L), std::pair(1L, 10L)}) {
    const Certificate c(kHere, first, last);
    const TlsServer tls(c);
    ::setenv("SSL_CERT_FILE", tls.file.c_str(), 1);
    EXPECT_EQ(fault(tls.server.url("https")), Fault::tls);
  }
}

TEST_F(Network, TlsAndNoTlsDoNotMeet) {
  const RawServer plain([](int, int socket) { send_all(socket, "HTTP/1.1 400 Bad Request\r\n\r\n"); });
  EXPECT_EQ(fault(plain.url("https")), Fault::tls);
  const Certificate c(kHere, -1, 1);
  const TlsServer tls(c);
  const Fault f = fault(tls.server.url("http"));
  EXPECT_TRUE(f == Fault::dropped || f == Fault::malformed || f == Fault::bad_request) << name_of(f) << text_;
}

// --- proxies ---

TEST_F(Network, ProxiesAreThoseOfTheEnvironment) {
  const RawServer proxy([](int, int socket) { send_all(socket, http(body_of("by proxy"))); });
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  auto opened = open({.provider = "ollama", .model = "m", .base_url = "http://model.example.test/v1"});
  ASSERT_TRUE(opened);
  const auto c = *std::move(opened);
  const Answer a = c->ask(request("hi"));
  ASSERT_TRUE(std::holds_alternative<Reply>(a)) << std::get<Failure>(a).text;
  ASSERT_EQ(proxy.requests().size(), 1U);
  EXPECT_TRUE(proxy.requests()[0].starts_with("POST http://model.example.test/v1/chat/completions HTTP/1.1"));
}

TEST_F(Network, WhatStaysHereGoesThroughNoProxy) {
  const RawServer proxy([](int, int socket) { send_all(socket, http(body_of("caught"))); });
  const RawServer server([](int, int socket) { send_all(socket, http(body_of("direct"))); });
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  ::setenv("ALL_PROXY", proxy.url().c_str(), 1);
  EXPECT_EQ(reply(server.url()), "direct");
  EXPECT_TRUE(proxy.requests().empty());
}

// --- all of it ---

TEST_F(Network, ABudgetOfCallsIsWhatTheServerSees) {
  const HttpServer server([](int, const httplib::Request&, httplib::Response& r) {
    r.set_content(body_of("x"), "application/json");
  });
  Session s(chat(server.url()), {.budget = {.calls = 3}});
  int refused = 0;
  for (int i = 0; i < 10; ++i) refused += std::holds_alternative<Failure>(s.ask(request("hi"))) ? 1 : 0;
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(server.requests().size(), 3U);
  EXPECT_EQ(s.spent().usage, (Usage{15, 3, false}));
}

TEST_F(Network, TheKeyIsInNoRecord) {
  // A server that sends back all that it got, in every place there is.
  const HttpServer server([](int number, const httplib::Request& q, httplib::Response& r) {
    const std::string key = q.get_header_value("Authorization");
    constexpr std::array<int, 5> kStatuses{200, 401, 500, 302, 200};
    r.status = kStatuses.at(static_cast<std::size_t>(number) % kStatuses.size());
    r.set_header("Location", "http://" + key.substr(7) + "@x.test/");
    r.set_content(number % 5 == 0 ? body_of("you are " + key) : "<b>" + key + "</b>", "text/plain");
  });
  std::string all;
  Session s(chat(server.url(), {.max_retries = 0}), {.keep = [&](const Exchange& e) {
              all += to_json(e) + "\n";
              return true;
            }});
  for (int i = 0; i < 5; ++i) {
    const Answer a = s.ask(request("hi"));
    all += std::holds_alternative<Reply>(a) ? std::get<Reply>(a).text : std::get<Failure>(a).text;
  }
  EXPECT_EQ(server.requests().size(), 5U);
  EXPECT_NE(all.find("[key]"), std::string::npos);
  EXPECT_EQ(all.find("very-secret"), std::string::npos) << all;
  EXPECT_EQ(all.find("sk-v"), std::string::npos) << all;
}

TEST(Addresses, OfThisMachineAreKnown) {
  for (const char* url : {"http://localhost/v1", "http://LOCALHOST:1", "http://a.b.localhost",
                          "http://127.0.0.1", "http://127.1.2.3:99/x", "http://[::1]:8080/v1"}) {
    const auto a = parse_address(url);
    ASSERT_TRUE(a) << url;
    EXPECT_TRUE(a->loopback) << url;
  }
  for (const char* url :
       {"http://example.test", "http://127.0.0.1.example.test", "http://localhost.example.test",
        "http://notlocalhost", "http://10.0.0.1", "http://[fe80::1]", "http://128.0.0.1"}) {
    const auto a = parse_address(url);
    ASSERT_TRUE(a) << url;
    EXPECT_FALSE(a->loopback) << url;
  }
}

TEST(RetryAfter, IsANumberOrADate) {
  const Seconds now(784'111'777);  // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(retry_after("", now), std::nullopt);
  EXPECT_EQ(retry_after("0", now), Seconds(0));
  EXPECT_EQ(retry_after("12", now), Seconds(12));
  EXPECT_EQ(retry_after("1.5", now), Seconds(1.5));
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), Seconds(10));
  EXPECT_EQ(retry_after("Sunday, 06-Nov-94 08:49:47 GMT", now), Seconds(10));
  EXPECT_EQ(retry_after("Sun Nov  6 08:49:47 1994", now), Seconds(10));
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now), Seconds(0)) << "over already";
  for (const char* odd : {"soon", "-1", "1e9", "12 s", "99:99", "Sun, 45 Nov 1994 08:49:47 GMT"})
    EXPECT_EQ(retry_after(odd, now), std::nullopt) << odd;
  EXPECT_GT(retry_after(std::string(100, '9'), now), Seconds(1e9));
}

}  // namespace
}  // namespace mapwright::llm
