#include "client-sdk/src/participant/session.hpp"

#include <array>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>

#include "client-sdk/src/participant/problem.hpp"
#include "protocol/headers.hpp"

namespace escrow::participant {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds write_timeout{30};
constexpr std::chrono::seconds linger_timeout{1};
constexpr std::size_t linger_bytes = 1 << 20;

Routed only(HttpAnswer answer) {
  Routed routed;
  routed.answer = std::move(answer);
  return routed;
}

/// What is said to a request that could not be read; nothing where the peer is gone, or was too slow: Beast's timer has closed
/// the connection then.
std::optional<Routed> answer_to_broken(const beast::error_code& error) {
  if (error == http::error::header_limit) return only(problem(431, "header_too_large", "Header too large", "the header is too large"));
  if (error == http::error::body_limit) return only(problem(413, "body_too_large", "Body too large", "the body is too large"));
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error.category() == make_error_code(http::error::bad_method).category()) {
    return only(problem(400, "malformed_request", "Malformed request", error.message()));
  }
  return std::nullopt;
}

HttpRequest::Fields fields_of(const http::request<http::string_body>& request) {
  HttpRequest::Fields fields;
  for (const auto& field : request) fields.emplace_back(std::string(field.name_string()), std::string(field.value()));
  return fields;
}

/// Runs on the pool; it never suspends, so it blocks only its own thread.
asio::awaitable<Routed> run_handler(const Router& router, HttpRequest request) {
  try {
    co_return router.route(std::move(request));
  } catch (const std::exception&) {
    // Handlers' exceptions end in the router; what is left is memory running out.
  }
  co_return only(problem(500, "internal", "Internal error", "the request could not be handled"));
}

}  // namespace

Session::Session(asio::ip::tcp::socket socket, Shared& shared, asio::ssl::context* tls) : stream_(std::move(socket)), shared_(shared) {
  if (tls != nullptr) tls_ = std::make_unique<asio::ssl::stream<beast::tcp_stream&>>(stream_, *tls);
}

asio::awaitable<bool> Session::shake_hands() {
  if (!tls_) co_return true;
  reading_ = true;
  stream_.expires_after(shared_.options.idle_timeout());
  const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::server, use_tuple);
  reading_ = false;
  co_return !error;
}

asio::awaitable<Session::IoResult> Session::read_header(Parser& parser) {
  if (tls_) return http::async_read_header(*tls_, buffer_, parser, use_tuple);
  return http::async_read_header(stream_, buffer_, parser, use_tuple);
}

asio::awaitable<Session::IoResult> Session::read_body(Parser& parser) {
  if (tls_) return http::async_read(*tls_, buffer_, parser, use_tuple);
  return http::async_read(stream_, buffer_, parser, use_tuple);
}

asio::awaitable<Session::IoResult> Session::write_bytes(asio::const_buffer bytes) {
  if (tls_) return asio::async_write(*tls_, bytes, use_tuple);
  return asio::async_write(stream_, bytes, use_tuple);
}

asio::awaitable<Session::IoResult> Session::write_response(Response& response) {
  if (tls_) return http::async_write(*tls_, response, use_tuple);
  return http::async_write(stream_, response, use_tuple);
}

asio::awaitable<void> Session::serve() {
  bool goes_on = co_await shake_hands();
  while (goes_on && !shared_.stopping) goes_on = co_await serve_one();
  close();
}

asio::awaitable<void> Session::turn_away() {
  auto answer = problem(503, "overloaded", "Overloaded", "too many connections");
  answer.retry_after = std::chrono::seconds(1);
  Routed routed = only(std::move(answer));
  const bool can_be_told = co_await shake_hands();
  if (can_be_told) {
    co_await write(std::move(routed), false);
    co_await linger();
  }
  close();
}

void Session::stop() {
  if (reading_) stream_.cancel();
}

asio::awaitable<bool> Session::serve_one() {
  Parser parser;
  parser.header_limit(shared_.options.header_bytes());
  parser.body_limit(shared_.options.body_bytes());

  // The timer is for the whole header, not for each read: a byte a second does not keep a connection.
  reading_ = true;
  stream_.expires_after(shared_.options.idle_timeout());
  auto [error, count] = co_await read_header(parser);
  if (!error && !parser.is_done()) {
    stream_.expires_after(shared_.options.body_timeout());
    if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      co_await write_bytes(asio::buffer(go_on));
    }
    auto [body_error, body_count] = co_await read_body(parser);
    error = body_error;
  }
  reading_ = false;
  if (error) {
    auto broken = answer_to_broken(error);
    if (broken && !shared_.stopping) {
      co_await write(std::move(*broken), false);
      co_await linger();
    }
    co_return false;
  }

  auto message = parser.release();
  const bool keep_alive = message.keep_alive();
  auto request = HttpRequest::parse(std::string(message.method_string()), message.target(), fields_of(message), std::move(message.body()));
  Routed routed;
  if (request) {
    routed = co_await handle(std::move(*request));
  } else {
    routed.answer = problem(400, "malformed_request", "Malformed request", "the target is not a path");
  }
  const bool goes_on = keep_alive && !shared_.stopping;
  co_return co_await write(std::move(routed), goes_on);
}

asio::awaitable<Routed> Session::handle(HttpRequest request) {
  Routed routed;
  if (shared_.in_hand >= shared_.options.threads() + shared_.options.waiting_requests()) {
    routed.answer = problem(503, "overloaded", "Overloaded", "too many requests wait");
    routed.answer.retry_after = std::chrono::seconds(1);
    co_return routed;
  }
  // While a handler runs no timer of the connection does: the caller's time limit is the caller's.
  stream_.expires_never();
  ++shared_.in_hand;
  auto work = run_handler(shared_.router, std::move(request));
  routed = co_await asio::co_spawn(shared_.handlers, std::move(work), asio::use_awaitable);
  --shared_.in_hand;
  co_return routed;
}

asio::awaitable<bool> Session::write(Routed routed, bool keep_alive) {
  Response response;
  response.result(routed.answer.status);
  response.version(11);
  if (!routed.answer.content_type.empty()) response.set(http::field::content_type, routed.answer.content_type);
  if (routed.answer.retry_after) response.set(http::field::retry_after, std::to_string(routed.answer.retry_after->count()));
  if (!routed.authenticate.empty()) response.set(http::field::www_authenticate, routed.authenticate);
  if (!routed.allow.empty()) response.set(http::field::allow, routed.allow);
  if (routed.branch) {
    response.set(std::string(protocol::header_gid), routed.branch->gid());
    if (!routed.branch->id().empty()) response.set(std::string(protocol::header_branch), routed.branch->id());
    response.set(std::string(protocol::header_operation), std::string(protocol::to_string(routed.branch->operation())));
  }
  response.keep_alive(keep_alive);
  response.body() = std::move(routed.answer.body);
  response.prepare_payload();

  stream_.expires_after(write_timeout);
  auto [error, count] = co_await write_response(response);
  co_return !error && keep_alive;
}

asio::awaitable<void> Session::linger() {
  reading_ = true;
  stream_.expires_after(linger_timeout);
  // The close alert: without it the answer could have been cut short, for all that the peer knows.
  if (tls_) co_await tls_->async_shutdown(use_tuple);
  beast::error_code error;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) co_return;
  std::array<char, 4096> dropped;
  for (std::size_t bytes = 0; bytes < linger_bytes;) {
    auto [ended, count] = co_await stream_.async_read_some(asio::buffer(dropped), use_tuple);
    if (ended) break;
    bytes += count;
  }
  reading_ = false;
}

void Session::close() {
  beast::error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.close();
}

}  // namespace escrow::participant
