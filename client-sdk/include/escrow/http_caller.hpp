#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <escrow/error.hpp>

#include "protocol/result.hpp"

/// Calls to other services from inside a handler, which carry on its trace and transaction.
namespace escrow {

/// One request to another service.
class OutgoingCall {
 public:
  /// An absolute http or https URL.
  explicit OutgoingCall(std::string url) : url_(std::move(url)) {}

  /// Default: GET without a body, POST with one.
  OutgoingCall& method(std::string method) {
    method_ = std::move(method);
    return *this;
  }
  OutgoingCall& header(std::string name, std::string value) {
    headers_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  /// Sent as application/json.
  OutgoingCall& json(std::string body) {
    body_ = std::move(body);
    return *this;
  }
  /// For the whole call, or for each piece of a streamed answer; default 3 s. Keep it below the time that your own caller gives you.
  OutgoingCall& timeout(std::chrono::milliseconds value) {
    timeout_ = value;
    return *this;
  }

  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  [[nodiscard]] std::string method() const { return !method_.empty() ? method_ : body_ ? "POST" : "GET"; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& headers() const noexcept { return headers_; }
  [[nodiscard]] const std::optional<std::string>& body() const noexcept { return body_; }
  [[nodiscard]] std::chrono::milliseconds timeout() const noexcept { return timeout_; }

 private:
  std::string url_;
  std::string method_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::optional<std::string> body_;
  std::chrono::milliseconds timeout_{3'000};
};

/// A whole answer; what its status means is the caller's business.
class CallReply {
 public:
  CallReply(unsigned status, std::vector<std::pair<std::string, std::string>> headers, std::string body)
      : status_(status), headers_(std::move(headers)), body_(std::move(body)) {}

  [[nodiscard]] unsigned status() const noexcept { return status_; }
  [[nodiscard]] bool is_success() const noexcept { return status_ / 100 == 2; }
  /// The first header of that name, in any case.
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
  [[nodiscard]] const std::string& body() const noexcept { return body_; }

 private:
  unsigned status_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::string body_;
};

/// How an HttpCaller and the servers that it calls by https know each other.
class CallerTls {
 public:
  CallerTls() = default;
  /// A PEM file of authorities instead of the system's.
  CallerTls& ca_file(std::string path) {
    ca_file_ = std::move(path);
    return *this;
  }
  /// PEM files of a certificate with its chain, and of its key: shown to servers that ask for one.
  CallerTls& certificate(std::string certificate_file, std::string key_file) {
    certificate_file_ = std::move(certificate_file);
    key_file_ = std::move(key_file);
    return *this;
  }

  [[nodiscard]] const std::string& ca_file() const noexcept { return ca_file_; }
  [[nodiscard]] const std::string& certificate_file() const noexcept { return certificate_file_; }
  [[nodiscard]] const std::string& key_file() const noexcept { return key_file_; }

 private:
  std::string ca_file_;
  std::string certificate_file_;
  std::string key_file_;
};

/// An HTTP client with kept connections whose calls carry `traceparent` (a new span), `tracestate` and `Escrow-Gid` of the Context that is
/// current where the call is made. Thread-safe; one per process is enough. Repeats nothing, follows no redirects.
class HttpCaller {
 public:
  /// `ca_file`: a PEM file of authorities instead of the system's. Throws std::invalid_argument when it can't be read.
  explicit HttpCaller(const std::string& ca_file = {});
  /// The same with a client certificate. Throws std::invalid_argument when a file can't be used.
  explicit HttpCaller(const CallerTls& tls);
  /// Ends the calls under way with Errc::cancelled or Errc::unknown_outcome.
  ~HttpCaller();
  HttpCaller(const HttpCaller&) = delete;
  HttpCaller& operator=(const HttpCaller&) = delete;

  /// Errc::unreachable: nothing was sent. Errc::unknown_outcome: it may have had its effect. Errc::invalid_argument: no URL that can be
  /// called, or no valid header.
  [[nodiscard]] Result<CallReply> call(const OutgoingCall& call);
  /// Hands the body of a 2xx over piece by piece as it comes, for streams that do not end by themselves; `on_piece` runs on the caller's
  /// network thread, must not block for long, and ends the call by answering false. Any other status comes as with `call`. Errors as with
  /// `call`; Errc::unknown_outcome when the stream broke off or fell silent for longer than the call's timeout.
  [[nodiscard]] Result<CallReply> stream(const OutgoingCall& call, std::function<bool(std::string_view piece)> on_piece);
  /// The same as `call`, begun now.
  [[nodiscard]] std::future<Result<CallReply>> call_async(const OutgoingCall& call);

 private:
  std::future<Result<CallReply>> begin(const OutgoingCall& call, std::function<bool(std::string_view)> on_piece);

  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace escrow
