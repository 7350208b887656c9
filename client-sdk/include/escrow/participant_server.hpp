#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <escrow/call_verifier.hpp>
#include <escrow/handler.hpp>
#include <escrow/http_request.hpp>

#include "protocol/result.hpp"

/// A small HTTP/1.1 server, so that a participant is a page of code. Services with a server of their own need none of this:
/// they use Branch, Outcome and the barrier.
namespace escrow {

/// The PEM files of a server that speaks https. All are read again when they change; connections that are open stay as they are.
class ServerTls {
 public:
  /// A certificate with its chain, and its key.
  ServerTls(std::string certificate_file, std::string key_file)
      : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}
  /// Only clients with a certificate of these authorities are let in: an authority for coordinators keeps everybody else away.
  ServerTls& client_ca_file(std::string path) {
    client_ca_file_ = std::move(path);
    return *this;
  }

  [[nodiscard]] const std::string& certificate_file() const noexcept { return certificate_file_; }
  [[nodiscard]] const std::string& key_file() const noexcept { return key_file_; }
  [[nodiscard]] const std::string& client_ca_file() const noexcept { return client_ca_file_; }

 private:
  std::string certificate_file_;
  std::string key_file_;
  std::string client_ca_file_;
};

class ServerOptions {
 public:
  /// Address and port; port 0 takes a free one. Default 127.0.0.1:0.
  ServerOptions& listen(std::string host, std::uint16_t port) {
    host_ = std::move(host);
    port_ = port;
    return *this;
  }
  /// How many handlers run at once (default 8, at least 1).
  ServerOptions& threads(std::size_t count) {
    threads_ = count;
    return *this;
  }
  /// How many requests may wait for a thread (default 256); more are answered 503 with Retry-After.
  ServerOptions& waiting_requests(std::size_t count) {
    waiting_requests_ = count;
    return *this;
  }
  /// Open connections (default 1024); more are answered 503 and closed.
  ServerOptions& connections(std::size_t count) {
    connections_ = count;
    return *this;
  }
  /// Largest body (default 1 MiB, else 413) and header (default 64 KiB, else 431), in bytes.
  ServerOptions& limits(std::uint64_t body_bytes, std::uint32_t header_bytes) {
    body_bytes_ = body_bytes;
    header_bytes_ = header_bytes;
    return *this;
  }
  /// How long a connection may be without a whole request (default 120 s), and a body may take (default 30 s).
  ServerOptions& timeouts(std::chrono::milliseconds idle, std::chrono::milliseconds body) {
    idle_timeout_ = idle;
    body_timeout_ = body;
    return *this;
  }
  /// Calls of the coordinator, checks included, are let in only if they are rightly signed; all others get 401 before a handler or a
  /// barrier sees them. The service's own routes are its own business. Without this nothing is verified.
  ServerOptions& verify_calls(SignatureOptions options) {
    signature_ = std::move(options);
    return *this;
  }
  /// Speaks https instead of http, TLS 1.2 at least. A handshake has the time of `timeouts`' first value.
  ServerOptions& tls(ServerTls files) {
    tls_ = std::move(files);
    return *this;
  }
  /// Told, from any thread, of every call answered 503 or 500 and why, and of one a second of those answered 401. Default: a line to
  /// standard error.
  ServerOptions& log(std::function<void(const std::string& line)> log) {
    log_ = std::move(log);
    return *this;
  }

  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::size_t threads() const noexcept { return threads_; }
  [[nodiscard]] std::size_t waiting_requests() const noexcept { return waiting_requests_; }
  [[nodiscard]] std::size_t connections() const noexcept { return connections_; }
  [[nodiscard]] std::uint64_t body_bytes() const noexcept { return body_bytes_; }
  [[nodiscard]] std::uint32_t header_bytes() const noexcept { return header_bytes_; }
  [[nodiscard]] std::chrono::milliseconds idle_timeout() const noexcept { return idle_timeout_; }
  [[nodiscard]] std::chrono::milliseconds body_timeout() const noexcept { return body_timeout_; }
  [[nodiscard]] const std::optional<SignatureOptions>& signature() const noexcept { return signature_; }
  [[nodiscard]] const std::optional<ServerTls>& tls() const noexcept { return tls_; }
  [[nodiscard]] const std::function<void(const std::string&)>& log() const noexcept { return log_; }

 private:
  std::string host_ = "127.0.0.1";
  std::uint16_t port_ = 0;
  std::size_t threads_ = 8;
  std::size_t waiting_requests_ = 256;
  std::size_t connections_ = 1024;
  std::uint64_t body_bytes_ = 1048576;
  std::uint32_t header_bytes_ = 65536;
  std::chrono::milliseconds idle_timeout_{120000};
  std::chrono::milliseconds body_timeout_{30000};
  std::optional<SignatureOptions> signature_;
  std::optional<ServerTls> tls_;
  std::function<void(const std::string&)> log_;
};

/// Routes first, then `run()` (or `start()` ... `stop()`). Handlers run on the server's threads, several at once, inside a
/// ContextScope of their call. A call whose headers are wrong, or whose operation the path does not serve, is answered 400.
class ParticipantServer {
 public:
  explicit ParticipantServer(ServerOptions options = {});
  /// Stops.
  ~ParticipantServer();
  ParticipantServer(const ParticipantServer&) = delete;
  ParticipantServer& operator=(const ParticipantServer&) = delete;

  /// Paths begin with '/'; a segment `{name}` stands for any one segment. Routes are added before the start.
  ParticipantServer& on_action(std::string_view path, Handler handler);
  ParticipantServer& on_compensate(std::string_view path, Handler handler);
  ParticipantServer& on_try(std::string_view path, Handler handler);
  ParticipantServer& on_confirm(std::string_view path, Handler handler);
  ParticipantServer& on_cancel(std::string_view path, Handler handler);
  /// The action of a `message` branch: it is called until it succeeds, so refusing only raises attention.
  ParticipantServer& on_message(std::string_view path, Handler handler);
  /// The check of a two-phase message, at its initiator.
  ParticipantServer& on_check(std::string_view path, Handler handler);
  /// The service's own API.
  ParticipantServer& on_get(std::string_view path, HttpHandler handler);
  ParticipantServer& on_post(std::string_view path, HttpHandler handler);

  /// Listens and serves on threads of its own. Errc::listen, Errc::invalid_argument (the keys of verify_calls, the files of tls); once
  /// only.
  [[nodiscard]] Result<void> start();
  /// start(), then blocks until SIGINT, SIGTERM or another thread's stop(). `ready` is called once requests are taken.
  [[nodiscard]] Result<void> run(const std::function<void(const std::string& url)>& ready = {});
  /// Takes no more requests, lets running handlers end and answers them, joins every thread. Not from a handler. May be repeated.
  void stop();

  /// The port in use; 0 before the start.
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// "http://HOST:PORT", with TLS "https://HOST:PORT"; empty before the start.
  [[nodiscard]] std::string url() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace escrow
