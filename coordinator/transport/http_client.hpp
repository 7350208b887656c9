#pragma once

#include "coordinator/async/task.hpp"
#include "coordinator/transport/http_message.hpp"
#include "coordinator/transport/target_tls.hpp"
#include "protocol/result.hpp"
#include "protocol/url.hpp"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace escrow::transport {

class NameResolver;

/// One call to a participant. (A class rather than an aggregate: g++ 12 destroys aggregate temporaries in co_await twice.)
class OutboundCall {
 public:
  explicit OutboundCall(protocol::Url url) : url_(std::move(url)) {}

  /// POST unless set.
  OutboundCall& method(std::string method) {
    method_ = std::move(method);
    return *this;
  }
  /// Appends a header. Host and Content-Length are the client's. The caller has validated name and value; control
  /// characters that slipped through make the call fail with `CallFailureKind::invalid_request`, unsent.
  OutboundCall& header(std::string_view name, std::string_view value) {
    headers_.add(name, value);
    return *this;
  }
  OutboundCall& body(std::string body) {
    body_ = std::make_shared<const std::string>(std::move(body));
    return *this;
  }
  /// Shared with the caller, never copied.
  OutboundCall& body(std::shared_ptr<const std::string> body) {
    body_ = std::move(body);
    return *this;
  }
  /// The whole call, from resolving and connecting to the last byte of the answer. 3 seconds unless set.
  OutboundCall& timeout(std::chrono::milliseconds timeout) {
    timeout_ = timeout;
    return *this;
  }

  [[nodiscard]] const protocol::Url& url() const { return url_; }
  [[nodiscard]] const std::string& method() const { return method_; }
  [[nodiscard]] const Headers& headers() const { return headers_; }
  [[nodiscard]] std::string_view body() const { return body_ ? std::string_view(*body_) : std::string_view(); }
  [[nodiscard]] std::chrono::milliseconds timeout() const { return timeout_; }

 private:
  protocol::Url url_;
  std::string method_ = "POST";
  Headers headers_;
  std::shared_ptr<const std::string> body_;
  std::chrono::milliseconds timeout_{3000};
};

/// A complete, well-formed answer. The status decides what it means; the body is as it came, never decoded.
struct Answer {
  Answer() {}

  int status = 0;
  Headers headers;
  std::string body;
};

/// Why there is no answer. In every case but the first four the participant may have acted.
enum class CallFailureKind {
  invalid_request,   ///< the request cannot be written; nothing left
  resolve,           ///< the host name has no address
  target_forbidden,  ///< every address of the host is refused by the target policy
  refused,           ///< no address accepts connections
  connect,           ///< no route, or no descriptor left on our side
  tls,               ///< handshake or certificate
  timeout,           ///< the time limit of the call passed
  reset,             ///< closed or reset before an answer was complete
  broken_answer,     ///< malformed, cut short, longer than announced, or over a limit
  cancelled,         ///< the calling coroutine was cancelled (shutdown)
};

[[nodiscard]] std::string_view to_string(CallFailureKind kind);

struct CallFailure {
  CallFailure(CallFailureKind what, std::string why) : kind(what), detail(std::move(why)) {}

  CallFailureKind kind;
  /// A sentence for people; never holds payload bytes.
  std::string detail;
};

/// Either an answer or the reason why there is none.
class CallAnswer {
 public:
  /// A call that was never made; Asio's completion handlers want it.
  CallAnswer() : held_(CallFailure(CallFailureKind::cancelled, "never called")) {}
  CallAnswer(Answer answer) : held_(std::move(answer)) {}         // NOLINT(google-explicit-constructor)
  CallAnswer(CallFailure failure) : held_(std::move(failure)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool answered() const { return held_.index() == 0; }
  /// Throws std::bad_variant_access unless `answered()`.
  [[nodiscard]] const Answer& answer() const { return std::get<Answer>(held_); }
  [[nodiscard]] Answer& answer() { return std::get<Answer>(held_); }
  /// Throws std::bad_variant_access if `answered()`.
  [[nodiscard]] const CallFailure& failure() const { return std::get<CallFailure>(held_); }

 private:
  std::variant<Answer, CallFailure> held_;
};

struct ClientLimits {
  std::size_t answer_header_bytes = 65536;
  std::size_t answer_body_bytes = 1048576;
  /// An unused connection is closed after this.
  std::chrono::milliseconds idle_timeout{60000};
  /// How often unused connections are looked at, to close those that the peer has closed.
  std::chrono::milliseconds idle_check{1000};
  std::size_t idle_per_destination = 64;
  std::size_t idle_total = 1024;
  /// Time for one of several addresses to accept before the next is tried; also bounded by an equal share of what is
  /// left of the call's limit.
  std::chrono::milliseconds connect_attempt{2000};
};

/// Whether a call may go to this address, which `host` has been resolved to. TargetPolicy::allows is one.
using TargetCheck = std::function<bool(std::string_view host, const boost::asio::ip::address& address)>;

/// Calls participants over HTTP/1.1 on one executor (one thread), on kept connections where there are any.
/// Redirects are never followed, cookies and content encodings are ignored.
///
/// A request on a kept connection is sent again (on a new one) only if not a byte of it was written. A connection is
/// kept only after a clean answer, and used again only if nothing has come in on it since.
class HttpClient {
 public:
  /// `check` is asked about each resolved address at call time. `resolver` must outlive the client; null: the
  /// system's, with threads of its own. Error: Errc::tls_setup.
  static Result<std::unique_ptr<HttpClient>> make(async::Executor executor, ClientLimits limits, TargetCheck check,
                                                  const ClientTls& tls = {}, std::shared_ptr<NameResolver> resolver = {});
  /// The same with what has been loaded already.
  static std::unique_ptr<HttpClient> make(async::Executor executor, ClientLimits limits, TargetCheck check,
                                          std::shared_ptr<const TargetTls> tls, std::shared_ptr<NameResolver> resolver = {});
  /// No call may be running.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Never throws for what happens on the network. Cancelling the calling coroutine ends it at once.
  async::Task<CallAnswer> call(OutboundCall call);

  /// From now on TLS connections are made with these files: those not in use are closed, those in use are not kept.
  void use_tls(std::shared_ptr<const TargetTls> tls);

  /// Closes the connections that are not in use, and keeps none from now on.
  void shut_down();

  [[nodiscard]] std::size_t idle_connections() const;
  /// Connections made since the start, to tell how well they are reused.
  [[nodiscard]] std::uint64_t connections_made() const;

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace escrow::transport
