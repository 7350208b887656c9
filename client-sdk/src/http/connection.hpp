#pragma once

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <list>
#include <memory>
#include <string>

#include "client-sdk/src/http/http_client.hpp"

namespace escrow::http {

/// One connection to an origin, plain or TLS; known to its client from birth to death, so that closing can break it off.
class Connection {
 public:
  using Plain = boost::beast::tcp_stream;
  using Tls = boost::asio::ssl::stream<boost::beast::tcp_stream>;

  Connection(HttpClient& client, std::string origin, bool tls);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] const std::string& origin() const noexcept { return origin_; }
  [[nodiscard]] Plain& socket() { return tls_ ? tls_->next_layer() : *plain_; }
  /// Null for a plain connection.
  [[nodiscard]] Tls* tls() { return tls_.get(); }
  [[nodiscard]] Plain* plain() { return plain_.get(); }

  /// Whether nobody has closed it or said anything while it was idle.
  [[nodiscard]] bool is_quiet();
  void break_off();

  /// One request and its answer. On failure the connection is of no further use.
  [[nodiscard]] Task<Result<Answer, Failure>> exchange(const Request& request, const protocol::Url& url);
  /// Whether the last exchange left it ready for another.
  [[nodiscard]] bool can_be_kept() const noexcept { return keep_; }

  Clock::time_point idle_since;

 private:
  template <class Stream>
  Task<Result<Answer, Failure>> exchange_on(Stream& stream, const Request& request, const protocol::Url& url);

  template <class Stream>
  Task<Result<Answer, Failure>> receive_pieces(Stream& stream, const Request& request);

  HttpClient& client_;
  std::list<Connection*>::iterator place_;
  std::string origin_;
  std::unique_ptr<Plain> plain_;
  std::unique_ptr<Tls> tls_;
  boost::beast::flat_buffer buffer_;
  bool keep_ = false;
};

}  // namespace escrow::http
