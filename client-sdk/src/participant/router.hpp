#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <escrow/call_verifier.hpp>
#include <escrow/handler.hpp>
#include <escrow/http_request.hpp>

/// From a request to the handler that answers it. No sockets: any framework, and a test, can ask it.
namespace escrow::participant {

/// What goes back, with the headers that are not part of every HttpAnswer.
struct Routed {
  HttpAnswer answer;
  /// The header Allow of a 405; else empty.
  std::string allow;
  /// The header WWW-Authenticate of a 401; else empty.
  std::string authenticate;
  /// The call that was answered, to be echoed in Escrow-* headers: an answer that strays to another call is then recognised.
  std::optional<Branch> branch;
};

class Router {
 public:
  /// Told of every call that was answered 503 or 500, and why; of those answered 401 once a second.
  using Log = std::function<void(const std::string& line)>;
  explicit Router(Log log) : log_(std::move(log)) {}

  /// Paths are made of literal segments and `{name}` places. One path may serve several operations and plain methods.
  void add_operation(std::string_view path, Operation operation, Handler handler);
  void add_plain(std::string_view method, std::string_view path, HttpHandler handler);

  /// From now on every call is verified first. Before the first request.
  void verify_with(CallVerifier verifier) { verifier_ = std::move(verifier); }

  /// Thread-safe once every route has been added; never throws for what a handler does.
  [[nodiscard]] Routed route(HttpRequest request) const;

 private:
  struct Route {
    std::vector<std::string> segments;
    std::string method;
    std::optional<Operation> operation;
    Handler handler;
    HttpHandler plain;
  };

  [[nodiscard]] Routed answer_call(const HttpRequest& request, const std::vector<const Route*>& candidates) const;
  [[nodiscard]] Routed turn_away(const Route& route, const Error& error) const;
  [[nodiscard]] HttpAnswer answer_plain(const HttpRequest& request, const Route& route) const;

  Log log_;
  std::optional<CallVerifier> verifier_;
  /// When a refused call was told last, in seconds: whoever floods the door shall not flood the log.
  mutable std::atomic<std::int64_t> told_s_ = 0;
  std::vector<Route> routes_;
};

}  // namespace escrow::participant
