#include "llm/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <mutex>

#include "base/bug.h"
#include "base/text.h"

namespace mapwright::llm {
namespace {

constexpr long kConnectMs = 10'000;
// All headers of a reply together.
constexpr std::size_t kMostHeaderBytes = std::size_t{1} << 18;

struct FreeEasy {
  void operator()(CURL* easy) const { ::curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { ::curl_slist_free_all(list); }
};
struct FreeUrl {
  void operator()(CURLU* url) const { ::curl_url_cleanup(url); }
};
struct FreeText {
  void operator()(char* text) const { ::curl_free(text); }
};

void start_curl() {
  static std::once_flag once;
  std::call_once(once, [] {
    base::expects(::curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl does not start");
  });
}

struct Transfer {
  const HttpRequest* request = nullptr;
  HttpReply reply;
  std::size_t header_bytes = 0;
  bool begun = false;    // something of the reply has come
  bool headers = false;  // all headers have come
  bool too_large = false;
  bool cancelled = false;
};

Transfer& transfer_of(void* data) {
  return *static_cast<Transfer*>(data);
}

std::size_t take_body(char* text, std::size_t, std::size_t size, void* data) {
  Transfer& t = transfer_of(data);
  t.too_large = size > kMostReplyBytes - t.reply.body.size();
  if (t.too_large) return 0;
  t.reply.body.append(text, size);
  return size;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::size_t take_header(char* text, std::size_t, std::size_t size, void* data) {
  struct Kept {
    std::string_view name;
    std::string HttpReply::* to;
  };
  constexpr std::array<Kept, 2> kKept{Kept{"retry-after", &HttpReply::retry_after},
                                      Kept{"location", &HttpReply::location}};
  Transfer& t = transfer_of(data);
  t.begun = true;
  t.header_bytes += size;
  t.too_large = t.header_bytes > kMostHeaderBytes;
  if (t.too_large) return 0;
  const std::string_view line(text, size);
  // The final reply's headers count, not those of a "100 Continue" before it.
  if (line.starts_with("HTTP/")) t.reply = HttpReply();
  t.headers = trimmed(line).empty();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  for (const Kept& k : kKept) {
    if (same_name(line.substr(0, colon), k.name)) t.reply.*k.to = trimmed(line.substr(colon + 1));
  }
  return size;
}

int look(void* data, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  Transfer& t = transfer_of(data);
  t.cancelled = t.cancelled || (t.request->cancelled && t.request->cancelled());
  return t.cancelled ? 1 : 0;
}

// What libcurl's codes mean here; those that are not named are Fault::unreachable.
struct Meaning {
  CURLcode code;
  Fault fault;
  bool repeatable;  // where nothing of the reply has come
};
constexpr std::array<Meaning, 23> kMeanings{{
    {CURLE_COULDNT_RESOLVE_PROXY, Fault::unreachable, true},
    {CURLE_COULDNT_RESOLVE_HOST, Fault::unreachable, true},
    {CURLE_COULDNT_CONNECT, Fault::unreachable, true},
    {CURLE_OPERATION_TIMEDOUT, Fault::timeout, false},
    {CURLE_SSL_CONNECT_ERROR, Fault::tls, false},
    {CURLE_SSL_CERTPROBLEM, Fault::tls, false},
    {CURLE_SSL_CIPHER, Fault::tls, false},
    {CURLE_SSL_CACERT_BADFILE, Fault::tls, false},
    {CURLE_SSL_ISSUER_ERROR, Fault::tls, false},
    {CURLE_SSL_INVALIDCERTSTATUS, Fault::tls, false},
    {CURLE_PEER_FAILED_VERIFICATION, Fault::tls, false},
    {CURLE_USE_SSL_FAILED, Fault::tls, false},
    {CURLE_SEND_ERROR, Fault::dropped, true},
    {CURLE_RECV_ERROR, Fault::dropped, true},
    {CURLE_GOT_NOTHING, Fault::dropped, true},
    {CURLE_PARTIAL_FILE, Fault::dropped, false},
    {CURLE_HTTP2, Fault::dropped, true},
    {CURLE_HTTP2_STREAM, Fault::dropped, true},
    {CURLE_SSL_SHUTDOWN_FAILED, Fault::dropped, true},
    {CURLE_WEIRD_SERVER_REPLY, Fault::malformed, false},
    {CURLE_UNSUPPORTED_PROTOCOL, Fault::malformed, false},
    {CURLE_BAD_CONTENT_ENCODING, Fault::malformed, false},
    {CURLE_OUT_OF_MEMORY, Fault::too_large, false},
}};

struct Saying {
  Fault fault;
  std::string_view text;
};
constexpr std::array<Saying, 6> kSayings{{
    {Fault::unreachable, "the endpoint cannot be reached"},
    {Fault::tls, "there is no safe connection to the endpoint"},
    {Fault::timeout, "the endpoint did not answer in time"},
    {Fault::dropped, "the connection ended before the reply did"},
    {Fault::too_large, "the reply is too large"},
    {Fault::malformed, "the endpoint does not speak HTTP"},
}};

class Curl final : public Http {
 public:
  Curl() {
    start_curl();
    easy_.reset(::curl_easy_init());
    base::expects(easy_ != nullptr, "libcurl has no memory");
  }

  std::variant<HttpReply, HttpFailure> post(const HttpRequest& request) override {
    Transfer t;
    t.request = &request;
    // Connections stay open from call to call, everything else is set anew.
    ::curl_easy_reset(easy_.get());
    std::array<char, CURL_ERROR_SIZE> reason{};
    set(CURLOPT_ERRORBUFFER, reason.data());
    const auto limit = std::max(1L, static_cast<long>(std::ceil(request.limit.count() * 1e3)));
    set(CURLOPT_TIMEOUT_MS, limit);
    set(CURLOPT_CONNECTTIMEOUT_MS, std::min(limit, kConnectMs));
    set_safety(request);
    set(CURLOPT_URL, request.url.c_str());
    std::unique_ptr<curl_slist, FreeList> headers;
    // Without "Expect", a server is not asked first whether it takes a long prompt.
    add(&headers, "Expect:");
    for (const std::string& h : request.headers) add(&headers, h);
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_WRITEFUNCTION, &take_body);
    set(CURLOPT_WRITEDATA, &t);
    set(CURLOPT_HEADERFUNCTION, &take_header);
    set(CURLOPT_HEADERDATA, &t);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &look);
    set(CURLOPT_XFERINFODATA, &t);
    const CURLcode code = ::curl_easy_perform(easy_.get());
    if (code != CURLE_OK) return failure(code, t, reason.data());
    // libcurl takes a connection that ends among them for their end.
    if (!t.headers) return failure(CURLE_PARTIAL_FILE, t, "it ended among the headers");
    long status = 0;
    ::curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    t.reply.status = static_cast<int>(status);
    return std::move(t.reply);
  }

 private:
  template <class T>
  void set(CURLoption option, T value) {
    const CURLcode code = ::curl_easy_setopt(easy_.get(), option, value);
    base::expects(code == CURLE_OK || code == CURLE_OUT_OF_MEMORY, "libcurl does not know an option");
  }

  static void add(std::unique_ptr<curl_slist, FreeList>* list, const std::string& line) {
    curl_slist* longer = ::curl_slist_append(list->release(), line.c_str());
    base::expects(longer != nullptr, "libcurl has no memory");
    list->reset(longer);
  }

  void set_safety(const HttpRequest& request) {
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_USERAGENT, "mapwright");
    // What goes to this machine itself never goes through a proxy, which would see it, key and all.
    const std::optional<Address> address = parse_address(request.url);
    if (address && address->loopback) set(CURLOPT_NOPROXY, "*");
    set_authorities();
  }

  // The variables that the curl tool heeds, in its order; libcurl itself heeds none.
  void set_authorities() {
    // NOLINTBEGIN(concurrency-mt-unsafe): nothing writes the environment while calls are made
    const char* bundle = std::getenv("CURL_CA_BUNDLE");
    const char* file = std::getenv("SSL_CERT_FILE");
    const char* folder = std::getenv("SSL_CERT_DIR");
    // NOLINTEND(concurrency-mt-unsafe)
    const auto given = [](const char* value) { return value != nullptr && *value != '\0'; };
    if (given(bundle)) return set(CURLOPT_CAINFO, bundle);
    if (given(folder)) set(CURLOPT_CAPATH, folder);
    if (given(file)) set(CURLOPT_CAINFO, file);
  }

  HttpFailure failure(CURLcode code, const Transfer& t, std::string_view reason) const {
    if (t.cancelled) return {{Fault::interrupted, "the call was interrupted"}, false};
    if (t.too_large)
      return {{Fault::too_large, fmt::format("the reply is over {}", base::bytes_text(kMostReplyBytes))},
              false};
    const auto* const meaning = std::ranges::find(kMeanings, code, &Meaning::code);
    Fault fault = meaning == kMeanings.end() ? Fault::unreachable : meaning->fault;
    bool repeatable = meaning != kMeanings.end() && meaning->repeatable && !t.begun;
    // No time of the call is up where only that of connecting was; whoever asks knows how much is left.
    curl_off_t connected = 0;
    ::curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &connected);
    if (code == CURLE_OPERATION_TIMEDOUT && connected == 0) {
      fault = Fault::unreachable;
      repeatable = true;
    }
    if (reason.empty()) reason = ::curl_easy_strerror(code);
    return {{fault, fmt::format("{}: {}", std::ranges::find(kSayings, fault, &Saying::fault)->text,
                                base::shortened(base::visible(reason), 300))},
            repeatable};
  }

  std::unique_ptr<CURL, FreeEasy> easy_;
};

// 127.0.0.0/8, ::1, localhost and the names below it (RFC 6761).
bool is_loopback(std::string_view host) {
  if (host == "::1" || same_name(host, "localhost")) return true;
  constexpr std::string_view kBelow = ".localhost";
  if (host.size() > kBelow.size() && same_name(host.substr(host.size() - kBelow.size()), kBelow)) return true;
  // Only a number of four parts: "127.0.0.1.example.org" is somebody else's.
  return host.starts_with("127.") && std::ranges::count(host, '.') == 3 &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::unique_ptr<Http> make_http() {
  return std::make_unique<Curl>();
}

std::optional<Address> parse_address(const std::string& url) {
  start_curl();
  const std::unique_ptr<CURLU, FreeUrl> parsed(::curl_url());
  if (parsed == nullptr || ::curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  const auto part = [&](CURLUPart which) -> std::optional<std::string> {
    char* text = nullptr;
    if (::curl_url_get(parsed.get(), which, &text, 0) != CURLUE_OK) return std::nullopt;
    const std::unique_ptr<char, FreeText> owner(text);
    return std::string(text);
  };
  for (const CURLUPart which : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    if (part(which)) return std::nullopt;
  }
  Address address;
  address.scheme = part(CURLUPART_SCHEME).value_or("");
  address.host = part(CURLUPART_HOST).value_or("");
  if (address.host.starts_with('[')) address.host = address.host.substr(1, address.host.size() - 2);
  if ((address.scheme != "http" && address.scheme != "https") || address.host.empty()) return std::nullopt;
  address.loopback = is_loopback(address.host);
  return address;
}

std::optional<Seconds> retry_after(const std::string& header, Seconds calendar) {
  if (header.empty()) return std::nullopt;
  if (header.find_first_not_of("0123456789.") == std::string::npos) {
    // More digits than a number has stand for a time that nobody waits for.
    constexpr std::size_t kDigits = 12;
    if (header.size() > kDigits) return Seconds(1e12);
    const double seconds = std::strtod(header.c_str(), nullptr);
    return Seconds(seconds);
  }
  const std::time_t date = ::curl_getdate(header.c_str(), nullptr);
  if (date < 0) return std::nullopt;
  return std::max(Seconds(0), Seconds(static_cast<double>(date)) - calendar);
}

}  // namespace mapwright::llm
