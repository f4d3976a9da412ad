// Servers for tests: each a process of its own on this machine, which ends with the test.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// After the headers of sockets, which it changes.
#include <httplib.h>

namespace mapwright::llm::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "mapwright-llm-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code none;
    if (!path_.empty()) std::filesystem::remove_all(path_, none);
  }
  std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

//! What a server was asked is kept in a file, so that both processes see it.
class Log {
 public:
  void add(const std::string& request) const {
    std::string text = request;
    for (char& c : text) c = c == '\0' ? '?' : c;
    std::ofstream(file_, std::ios::app | std::ios::binary) << text << '\0' << std::flush;
  }
  std::vector<std::string> requests() const {
    std::ifstream in(file_, std::ios::binary);
    std::vector<std::string> all;
    for (std::string one; std::getline(in, one, '\0');) all.push_back(one);
    return all;
  }

 private:
  TemporaryFolder folder_;
  std::string file_ = folder_.file("log");
};

//! A child of this process that serves at a port until it is killed.
class Server {
 public:
  //! `serve` is given what tells the port; it does not return.
  explicit Server(const std::function<void(std::function<void(int)>)>& serve) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return;
    const pid_t parent = ::getpid();
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(1);
      ::signal(SIGPIPE, SIG_IGN);
      ::close(ends[0]);
      serve([&](int port) { static_cast<void>(!::write(ends[1], &port, sizeof port)); });
      ::_exit(0);
    }
    ::close(ends[1]);
    static_cast<void>(!::read(ends[0], &port_, sizeof port_));
    ::close(ends[0]);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() { stop(); }
  void stop() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
  }
  std::string url(std::string_view scheme = "http") const {
    return std::string(scheme) + "://127.0.0.1:" + std::to_string(port_) + "/v1";
  }

 private:
  pid_t child_ = 0;
  int port_ = 0;
};

//! Answers each POST as `answer` says, which is given its number, from 0.
class HttpServer {
 public:
  using Handler = std::function<void(int number, const httplib::Request&, httplib::Response&)>;
  explicit HttpServer(const Handler& answer)
      : server_([&](const std::function<void(int)>& tell) {
          httplib::Server server;
          run(server, answer, tell);
        }) {}
  //! With TLS.
  HttpServer(const Handler& answer, X509* certificate, EVP_PKEY* key)
      : server_([&](const std::function<void(int)>& tell) {
          httplib::SSLServer server(certificate, key);
          run(server, answer, tell);
        }) {}

  std::string url(std::string_view scheme = "http") const { return server_.url(scheme); }
  //! The headers and the body of each request so far.
  std::vector<std::string> requests() const { return log_.requests(); }

 private:
  void run(httplib::Server& server, const Handler& answer, const std::function<void(int)>& tell) const {
    int number = 0;
    // One after the other, so that they have an order.
    server.new_task_queue = [] { return new httplib::ThreadPool(1); };
    server.set_keep_alive_max_count(1);
    server.Post(".*", [&](const httplib::Request& request, httplib::Response& response) {
      std::string text = request.path + "\n";
      for (const auto& [name, value] : request.headers) text.append(name).append(": ").append(value) += '\n';
      log_.add(text + "\n" + request.body);
      answer(number++, request, response);
    });
    tell(server.bind_to_any_port("127.0.0.1"));
    server.listen_after_bind();
  }

  Log log_;
  Server server_;
};

//! Sends what `answer` writes to the socket of each request, which is given the number of the request, from
//! 0; then closes it.
class RawServer {
 public:
  using Handler = std::function<void(int number, int socket)>;
  explicit RawServer(const Handler& answer)
      : server_([&](const std::function<void(int)>& tell) {
          const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
          sockaddr_in address{};
          address.sin_family = AF_INET;
          address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
          socklen_t size = sizeof address;
          // NOLINTNEXTLINE: sockets take addresses of all families by this type
          auto* any = reinterpret_cast<sockaddr*>(&address);
          ::bind(listening, any, size);
          ::listen(listening, 16);
          ::getsockname(listening, any, &size);
          tell(ntohs(address.sin_port));
          for (int number = 0;; ++number) {
            const int socket = ::accept(listening, nullptr, nullptr);
            log_.add(read_request(socket));
            answer(number, socket);
            ::close(socket);
          }
        }) {}

  std::string url(std::string_view scheme = "http") const { return server_.url(scheme); }
  void stop() { server_.stop(); }
  std::vector<std::string> requests() const { return log_.requests(); }

 private:
  static std::string read_request(int socket) {
    constexpr std::string_view kLength = "Content-Length: ";
    std::string text;
    std::array<char, 1 << 16> chunk;
    for (;;) {
      // What is no HTTP has no end that is known here.
      if (!text.empty() && text.front() != 'P') return text;
      const std::size_t end = text.find("\r\n\r\n");
      const std::size_t length = text.find(kLength);
      if (end != std::string::npos &&
          (length == std::string::npos ||
           text.size() >= end + 4 + std::stoul(text.substr(length + kLength.size()))))
        return text;
      const ssize_t got = ::read(socket, chunk.data(), chunk.size());
      if (got <= 0) return text;
      text.append(chunk.data(), static_cast<std::size_t>(got));
    }
  }

  Log log_;
  Server server_;
};

//! False where nobody reads any more.
inline bool send_all(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (put <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

//! A certificate that is signed by itself.
class Certificate {
 public:
  //! `names` as OpenSSL has them: "IP:127.0.0.1"; days from now on.
  Certificate(const char* names, long first_day, long last_day)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    constexpr long kDay = 24 * 3600;
    X509* c = certificate_.get();
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
    X509_gmtime_adj(X509_getm_notBefore(c), first_day * kDay);
    X509_gmtime_adj(X509_getm_notAfter(c), last_day * kDay);
    X509_set_pubkey(c, key_.get());
    X509_NAME* name = X509_get_subject_name(c);
    const std::array<unsigned char, 4> common{'t', 'e', 's', 't'};
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common.data(), common.size(), -1, 0);
    X509_set_issuer_name(c, name);
    add(NID_subject_alt_name, names);
    add(NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(c, key_.get(), EVP_sha256());
  }

  X509* get() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }
  void write(const std::string& file) const {
    FILE* out = std::fopen(file.c_str(), "w");
    PEM_write_X509(out, certificate_.get());
    std::fclose(out);
  }

 private:
  void add(int extension, const char* value) {
    X509_EXTENSION* e = X509V3_EXT_conf_nid(nullptr, nullptr, extension, value);
    X509_add_ext(certificate_.get(), e, -1);
    X509_EXTENSION_free(e);
  }
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  std::unique_ptr<EVP_PKEY, Free> key_;
  std::unique_ptr<X509, Free> certificate_;
};

}  // namespace mapwright::llm::testing
