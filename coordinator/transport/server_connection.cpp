#include "coordinator/transport/server_connection.hpp"

#include "coordinator/async/persist.hpp"
#include "coordinator/faults/fault_point.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <array>
#include <exception>
#include <utility>

namespace escrow::transport {
namespace {

namespace asio = boost::asio;

constexpr std::size_t read_size = 8192;
constexpr int stream_send_buffer = 128 * 1024;
/// Closing a socket with unread bytes makes the kernel reset the connection, and the peer may lose our last answer with
/// it. So what still comes is read for a while, up to these limits.
constexpr std::size_t linger_bytes = std::size_t{4} << 20;
constexpr std::chrono::milliseconds linger_time{1000};

std::string_view view(const boost::beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.data().size()};
}

Response plain_error(ProtocolError error, std::string_view detail) {
  Response response(status_of(error));
  response.headers.add("Content-Type", "text/plain");
  response.body.assign(detail).append("\n");
  return response;
}

}  // namespace

ServerContext::ServerContext(const async::Executor& executor, ServerLimits with_limits, RequestHandler to_handler,
                             ErrorRenderer with_renderer, WarningSink to_warn)
    : limits(with_limits),
      handler(std::move(to_handler)),
      render(with_renderer ? std::move(with_renderer) : plain_error),
      warn(to_warn ? std::move(to_warn) : [](std::string_view) {}),
      deadlines(executor),
      handshakes(deadlines, executor, with_limits.handshakes_per_s),
      draining(executor) {}

ServerConnection::ServerConnection(ServerContext& server, Socket socket)
    : server_(server),
      stream_(std::move(socket)),
      parser_(MessageLimits{.header_bytes = server.limits.header_bytes, .body_bytes = server.limits.body_bytes}),
      stranger_(server.strangers),
      turn_(server.handshakes),
      deadline_(server.deadlines, [this] { expire(); }) {
  boost::system::error_code failure;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), failure);
  const auto peer = stream_.socket().remote_endpoint(failure);
  if (!failure) note_peer(peer.address());
  // Last, and nothing may throw behind it: a constructor that fails must leave no entry.
  entry_ = server.open.insert(server.open.end(), this);
}

void ServerConnection::note_peer(asio::ip::address address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  peer_is_loopback_ = address.is_loopback();
  remote_address_ = address.to_string();
  neighbourhood_ = neighbourhood_of(address);
  if (server_.limits.unknown_connections > 0) stranger_.take(*this, neighbourhood_);
}

ServerConnection::~ServerConnection() {
  hold(0);
  server_.open.erase(entry_);
}

void ServerConnection::limit(Phase phase, std::chrono::milliseconds time) {
  phase_ = phase;
  expired_ = false;
  deadline_.set(async::Clock::now() + time);
}

void ServerConnection::expire() {
  expired_ = true;
  boost::system::error_code ignored;
  // A request that takes too long still gets its answer; everything else just ends.
  if (phase_ == Phase::receiving) {
    stream_.socket().cancel(ignored);
  } else {
    turn_.give_up();
    stream_.close();
  }
}

bool ServerConnection::make_room() {
  // Who is being answered now has waited long enough, and leaves soon or turns out to be known.
  if (phase_ == Phase::handling) return false;
  stranger_.leave();
  has_made_room_ = true;
  turn_.give_up();
  stream_.close();
  return true;
}

void ServerConnection::set_known(bool is_known) {
  if (server_.limits.unknown_connections == 0 || has_made_room_ || is_known != stranger_.is_taken()) return;
  if (is_known) {
    stranger_.leave();
  } else {
    stranger_.take(*this, neighbourhood_);
  }
}

void ServerConnection::close_if_idle() {
  if (phase_ == Phase::idle && buffer_.size() == 0) stream_.close();
}

async::Task<> ServerConnection::serve() {
  limit(Phase::idle, server_.limits.header_timeout);
  const bool begun = co_await begin();
  if (!begun) co_return;
  for (;;) {
    const Received received = co_await receive();
    if (received == Received::nothing) co_return;
    if (received == Received::refused || received == Received::failed) forget_what_came();
    if (received == Received::refused) {
      Response refusal = *std::move(refusal_);
      const bool sent = co_await send(std::move(refusal), parser_.request().method == "HEAD", parser_.request().version, false);
      if (sent) co_await hang_up();
      co_return;
    }
    // It is as if it had come anew, and its handshake had failed.
    if (is_peer_gone()) co_return;
    if (received == Received::failed) {
      co_await send_error(error_, error_detail_);
      co_return;
    }
    phase_ = Phase::handling;
    deadline_.lift();
    Request request = std::move(introduce(parser_.request()));
    const bool to_head = request.method == "HEAD";
    const int version = request.version;
    ESCROW_FAULT_CONTEXT(asked, request.method + request.path);
    ESCROW_FAULT_POINT("http.received", asked);
    Response response = co_await handle(std::move(request));
    ESCROW_FAULT_POINT("http.answering", asked);
    hold(0);
    const bool keep_alive = parser_.keep_alive() && !response.close && !server_.draining.is_set();
    const bool sent = co_await send(std::move(response), to_head, version, keep_alive);
    ESCROW_FAULT_POINT("http.answered", asked);
    if (!sent) co_return;
    if (!keep_alive) {
      co_await hang_up();
      co_return;
    }
    parser_.restart();
    // A large header leaves a large buffer, which nobody needs while nothing comes.
    if (buffer_.size() == 0 && buffer_.capacity() > 2 * read_size) buffer_.shrink_to_fit();
    limit(Phase::idle, server_.limits.idle_timeout);
  }
}

/// The handshake, where there is one. False: there will be no request.
async::Task<bool> ServerConnection::begin() {
  const std::shared_ptr<const ServerTls> tls = server_.tls;
  if (!tls) co_return true;
  // Who says nothing has no turn, and no memory for TLS.
  const auto [nothing] = co_await stream_.wait_for_bytes();
  if (nothing || expired_) co_return false;
  const bool has_turn = co_await turn_.wait(neighbourhood_);
  if (!has_turn || expired_) co_return false;
  const auto [failure] = co_await stream_.accept_tls(tls->context());
  if (!failure && !expired_) {
    if (auto certificate = stream_.peer_certificate()) {
      peer_ = std::make_shared<PeerCertificate>(*std::move(certificate));
      believed_by_ = tls;
    }
    co_return true;
  }
  if (!is_plain_http(failure) || expired_) co_return false;
  stream_.forget_tls();
  co_await send_error(ProtocolError::malformed_request, "this port speaks https, and the request came in plain http");
  co_return false;
}

async::Task<ServerConnection::Received> ServerConnection::receive() {
  bool reads_body = false;
  for (;;) {
    if (buffer_.size() > 0) buffer_.consume(parser_.feed(view(buffer_)));
    if (parser_.state() == ParseState::complete) co_return Received::request;
    if (parser_.state() == ParseState::failed) co_return received_fault();
    if (holds_too_much()) co_return too_much_at_once();
    // The limit may also have passed while the last bytes were on their way from the socket to here.
    if (expired_) co_return received_nothing_more();
    if (parser_.state() == ParseState::body && !reads_body) {
      reads_body = true;
      if (refuses_head()) co_return Received::refused;
      if (parser_.expects_continue() && buffer_.size() == 0) {
        const bool sent = co_await write("HTTP/1.1 100 Continue\r\n\r\n", {});
        if (!sent) co_return Received::nothing;
      }
      limit(Phase::receiving, server_.limits.body_timeout);
    } else if (phase_ == Phase::idle && buffer_.size() > 0) {
      limit(Phase::receiving, server_.limits.header_timeout);
    }
    if (phase_ == Phase::idle && server_.draining.is_set()) co_return Received::nothing;

    const auto [failure, size] = co_await stream_.read_some(buffer_.prepare(read_size));
    buffer_.commit(size);
    if (failure) {
      if (failure != asio::error::eof && !expired_) co_return Received::nothing;
      co_return received_nothing_more();
    }
  }
}

Request& ServerConnection::introduce(Request& request) {
  request.remote_address = remote_address_;
  request.peer_is_loopback = peer_is_loopback_;
  request.is_tls = stream_.is_tls();
  request.peer = peer_;
  request.standing = this;
  return request;
}

bool ServerConnection::refuses_head() {
  if (!server_.check_head) return false;
  refusal_ = server_.check_head(introduce(parser_.request()));
  return refusal_.has_value();
}

/// What is in memory of this request is counted in what is of all, but for the little that every connection has: so who says "commit" is
/// served whatever others send.
bool ServerConnection::holds_too_much() {
  const std::size_t size = buffer_.size() + parser_.request().body.size();
  const std::size_t counted = size > read_size ? size - read_size : 0;
  if (counted > held_ && server_.receiving_bytes - held_ + counted > server_.limits.receiving_bytes) return true;
  hold(counted);
  return false;
}

void ServerConnection::hold(std::size_t bytes) {
  server_.receiving_bytes = server_.receiving_bytes - held_ + bytes;
  held_ = bytes;
}

/// Nobody will look at it, and it must not take the room of others while the answer goes out.
void ServerConnection::forget_what_came() {
  parser_.request().body = std::string();
  buffer_.clear();
  buffer_.shrink_to_fit();
  hold(0);
}

ServerConnection::Received ServerConnection::too_much_at_once() {
  error_ = ProtocolError::overloaded;
  error_detail_ = "the requests that are on their way hold as much memory as they may";
  return Received::failed;
}

bool ServerConnection::is_peer_gone() {
  if (!peer_) return false;
  if (server_.tls && believed_by_ != server_.tls) {
    const bool is_same = server_.tls->client_authorities() == believed_by_->client_authorities();
    believed_by_ = server_.tls;
    if (!is_same && !stream_.is_peer_believed_by(believed_by_->context())) peer_->is_withdrawn = true;
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return !peer_->counts_at(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

void ServerConnection::look_again_at_who_streams() {
  if (is_streaming_) static_cast<void>(is_peer_gone());
}

ServerConnection::Received ServerConnection::received_fault() {
  error_detail_ = parser_.detail();
  switch (parser_.fault()) {
    case ParseFault::malformed: error_ = ProtocolError::malformed_request; break;
    case ParseFault::header_too_large: error_ = ProtocolError::header_too_large; break;
    case ParseFault::body_too_large: error_ = ProtocolError::body_too_large; break;
  }
  return Received::failed;
}

ServerConnection::Received ServerConnection::received_nothing_more() {
  if (phase_ == Phase::idle) return Received::nothing;
  error_ = expired_ ? ProtocolError::request_timeout : ProtocolError::malformed_request;
  error_detail_ = expired_ ? "the request took too long to arrive" : "the request ended before it was complete";
  return Received::failed;
}

async::Task<Response> ServerConnection::handle(Request request) {
  std::exception_ptr failure;
  try {
    co_return co_await server_.handler(std::move(request));
  } catch (...) {
    failure = std::current_exception();
  }
  const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none) std::rethrow_exception(failure);
  server_.warn(fmt::format("a request handler threw: {}", async::describe(failure)));
  co_return server_.render(ProtocolError::internal, "");
}

async::Task<bool> ServerConnection::send(Response response, bool to_head, int version, bool keep_alive) {
  if (response.stream) {
    const bool sent = co_await send_stream(std::move(response), to_head, version, keep_alive);
    co_return sent;
  }
  const std::string_view date = server_.date.text(std::chrono::system_clock::now());
  if (!write_answer_head(head_, response, AnswerFraming::content_length, keep_alive, version, date)) {
    server_.warn("an answer had a status or a header that cannot be sent");
    response = server_.render(ProtocolError::internal, "");
    if (!write_answer_head(head_, response, AnswerFraming::content_length, keep_alive, version, date)) co_return false;
  }
  const bool has_body = !to_head && response.status != 204 && response.status != 304;
  const bool sent = co_await write(head_, has_body ? response.whole_body() : std::string_view());
  co_return sent;
}

/// Chunks of a streamed answer; in HTTP/1.0 just bytes until the connection closes.
class ServerConnection::ChunkWriter final : public BodyWriter {
 public:
  ChunkWriter(ServerConnection& connection, bool is_chunked) : connection_(connection), is_chunked_(is_chunked) {}

  async::Task<bool> write(std::string_view chunk) override {
    if (chunk.empty()) co_return is_whole_;
    if (!is_whole_ || connection_.server_.draining.is_set()) co_return false;
    is_whole_ = false;
    if (is_chunked_) {
      frame_.clear();
      fmt::format_to(std::back_inserter(frame_), "{:x}\r\n", chunk.size());
      frame_.append(chunk).append("\r\n");
      is_whole_ = co_await connection_.write(frame_, {});
    } else {
      is_whole_ = co_await connection_.write(chunk, {});
    }
    co_return is_whole_;
  }

  /// False if a chunk was begun and not ended: then nothing may follow it.
  [[nodiscard]] bool is_whole() const { return is_whole_; }

 private:
  ServerConnection& connection_;
  std::string frame_;
  bool is_chunked_;
  bool is_whole_ = true;
};

async::Task<bool> ServerConnection::send_stream(Response response, bool to_head, int version, bool keep_alive) {
  const bool is_chunked = version >= 11;
  const std::string_view date = server_.date.text(std::chrono::system_clock::now());
  const AnswerFraming framing = is_chunked ? AnswerFraming::chunked : AnswerFraming::until_close;
  if (!write_answer_head(head_, response, framing, keep_alive && is_chunked, version, date)) {
    server_.warn("an answer had a status or a header that cannot be sent");
    const Response error = server_.render(ProtocolError::internal, "");
    if (!write_answer_head(head_, error, AnswerFraming::content_length, keep_alive, version, date)) co_return false;
    const bool sent = co_await write(head_, error.body);
    co_return sent;
  }
  const bool begun = co_await write(head_, {});
  if (!begun) co_return false;
  if (to_head) co_return is_chunked;

  // A peer that does not read must not hold megabytes in the kernel, which would also hide from the producer how far behind it is.
  boost::system::error_code ignored;
  stream_.socket().set_option(asio::socket_base::send_buffer_size(stream_send_buffer), ignored);
  is_streaming_ = true;
  // Whoever ends first, the producer, the peer or the drain, ends the other two.
  ChunkWriter writer(*this, is_chunked);
  const async::Executor executor = co_await asio::this_coro::executor;
  auto race = asio::experimental::make_parallel_group(asio::co_spawn(executor, response.stream(writer), asio::deferred),
                                                      asio::co_spawn(executor, watch_peer(), asio::deferred),
                                                      asio::co_spawn(executor, server_.draining.wait(), asio::deferred));
  const auto outcome = co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
  is_streaming_ = false;
  const bool producer_was_first = std::get<0>(outcome)[0] == 0;
  const std::exception_ptr failure = std::get<1>(outcome);
  if (failure && producer_was_first) {
    const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() == asio::cancellation_type::none) {
      server_.warn(fmt::format("a streamed answer threw: {}", async::describe(failure)));
    }
    co_return false;  // the missing last chunk tells the peer
  }
  const bool peer_hung_up = std::get<0>(outcome)[0] == 1;
  if (peer_hung_up || !writer.is_whole() || !is_chunked) co_return false;
  const bool ended = co_await write("0\r\n\r\n", {});
  co_return ended;
}

async::Task<> ServerConnection::watch_peer() {
  for (;;) {
    // What a client pipelines behind a stream waits in the buffer, which bounds how much of it we take.
    if (buffer_.size() >= server_.limits.header_bytes) co_return;
    const auto [failure, size] = co_await stream_.read_some(buffer_.prepare(read_size));
    buffer_.commit(size);
    if (failure) co_return;
  }
}

async::Task<bool> ServerConnection::write(std::string_view first, std::string_view second) {
  limit(Phase::sending, server_.limits.body_timeout);
  const std::array<asio::const_buffer, 2> gathered{asio::buffer(first.data(), first.size()), asio::buffer(second.data(), second.size())};
  const auto [failure, size] = co_await stream_.write(gathered);
  deadline_.lift();
  co_return !failure;
}

async::Task<> ServerConnection::send_error(ProtocolError error, std::string_view detail) {
  Response response = server_.render(error, detail);
  if (error == ProtocolError::overloaded && !response.headers.contains("retry-after")) response.headers.add("Retry-After", "1");
  const bool sent = co_await send(std::move(response), false, 11, false);
  if (sent) co_await hang_up();
}

async::Task<> ServerConnection::refuse() {
  limit(Phase::idle, server_.limits.header_timeout);
  const bool begun = co_await begin();
  if (begun) co_await send_error(ProtocolError::overloaded, "too many connections");
}

async::Task<> ServerConnection::hang_up() {
  limit(Phase::closing, linger_time);
  co_await stream_.end_writing();
  buffer_.clear();
  boost::system::error_code failure;
  for (std::size_t drained = 0; !failure && drained < linger_bytes;) {
    const auto [read_failure, size] = co_await stream_.read_raw(buffer_.prepare(read_size));
    failure = read_failure;
    drained += size;
  }
}

}  // namespace escrow::transport
