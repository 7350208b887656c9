#include "client-sdk/src/http/connection.hpp"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl.hpp>
#include <cerrno>
#include <optional>

namespace escrow::http {
namespace {

namespace beast = boost::beast;
constexpr auto awaiting = asio::as_tuple(asio::use_awaitable);

Failure failed(const HttpClient& client, bool written, const boost::system::error_code& error, const std::string& doing) {
  Failure failure;
  failure.written = written;
  if (client.is_closing()) {
    failure.kind = Failure::Kind::closing;
    failure.detail = "the client is being destroyed";
  } else if (error == beast::error::timeout) {
    failure.kind = Failure::Kind::timed_out;
    failure.detail = "timed out " + doing;
  } else {
    failure.kind = Failure::Kind::broken;
    failure.detail = "broke off " + doing + ": " + error.message();
  }
  return failure;
}

beast::http::request<beast::http::string_body> to_beast(const Request& request, const protocol::Url& url) {
  beast::http::request<beast::http::string_body> out;
  out.version(11);
  out.method_string(request.method);
  out.target(url.target());
  out.set(beast::http::field::host, url.host_header());
  for (const auto& [name, value] : request.headers) out.set(name, value);
  out.body() = request.body;
  out.prepare_payload();
  return out;
}

}  // namespace

Connection::Connection(HttpClient& client, std::string origin, bool tls) : client_(client), origin_(std::move(origin)) {
  if (tls) {
    tls_ = std::make_unique<Tls>(Plain(client.io_), client.tls_);
  } else {
    plain_ = std::make_unique<Plain>(client.io_);
  }
  place_ = client.connections_.insert(client.connections_.end(), this);
}

Connection::~Connection() { client_.connections_.erase(place_); }

bool Connection::is_quiet() {
  char byte = 0;
  const auto received = ::recv(socket().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void Connection::break_off() { socket().close(); }

template <class Stream>
Task<Result<Answer, Failure>> Connection::exchange_on(Stream& stream, const Request& request, const protocol::Url& url) {
  keep_ = false;
  socket().expires_at(request.deadline);
  const auto outgoing = to_beast(request, url);
  const auto [write_error, sent] = co_await beast::http::async_write(stream, outgoing, awaiting);
  if (write_error) co_return failed(client_, sent > 0, write_error, "while sending");

  if (request.on_piece) {
    auto streamed = co_await receive_pieces(stream, request);
    co_return streamed;
  }
  for (;;) {
    beast::http::response_parser<beast::http::string_body> parser;
    parser.body_limit(client_.options_.body_limit);
    parser.header_limit(client_.options_.header_limit);
    const auto [read_error, received] = co_await beast::http::async_read(stream, buffer_, parser, awaiting);
    if (read_error) co_return failed(client_, true, read_error, "while waiting for the answer");
    // An interim answer says nothing; the real one follows.
    if (parser.get().result_int() / 100 == 1) continue;

    keep_ = parser.get().keep_alive() && buffer_.size() == 0;
    auto message = parser.release();
    Answer answer;
    answer.status = message.result_int();
    for (const auto& field : message) answer.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    answer.body = std::move(message.body());
    socket().expires_never();
    co_return answer;
  }
}

/// The connection is not kept: its other end may have more to say.
template <class Stream>
Task<Result<Answer, Failure>> Connection::receive_pieces(Stream& stream, const Request& request) {
  using Parser = beast::http::response_parser<beast::http::buffer_body>;
  std::optional<Parser> parser;
  do {
    parser.emplace();
    parser->body_limit(boost::none);
    parser->header_limit(client_.options_.header_limit);
    const auto [error, received] = co_await beast::http::async_read_header(stream, buffer_, *parser, awaiting);
    if (error) co_return failed(client_, true, error, "while waiting for the answer");
  } while (parser->get().result_int() / 100 == 1);

  Answer answer;
  answer.status = parser->get().result_int();
  for (const auto& field : parser->get()) answer.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  const bool hands_over = answer.status / 100 == 2;
  std::array<char, 8192> piece{};
  while (!parser->is_done()) {
    parser->get().body().data = piece.data();
    parser->get().body().size = piece.size();
    if (hands_over) socket().expires_after(request.piece_timeout);
    const auto [error, received] = co_await beast::http::async_read_some(stream, buffer_, *parser, awaiting);
    if (error && error != beast::http::error::need_buffer) co_return failed(client_, true, error, "in the middle of the answer");
    const std::string_view got(piece.data(), piece.size() - parser->get().body().size);
    if (got.empty()) continue;
    if (!hands_over && answer.body.size() + got.size() > client_.options_.body_limit) {
      co_return failed(client_, true, beast::http::error::body_limit, "in the middle of the answer");
    }
    if (!hands_over) answer.body.append(got);
    if (hands_over && !request.on_piece(got)) break;
  }
  co_return answer;
}

Task<Result<Answer, Failure>> Connection::exchange(const Request& request, const protocol::Url& url) {
  if (tls_) co_return co_await exchange_on(*tls_, request, url);
  co_return co_await exchange_on(*plain_, request, url);
}

}  // namespace escrow::http
