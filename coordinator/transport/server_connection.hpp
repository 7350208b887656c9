#pragma once

#include "coordinator/async/deadline_queue.hpp"
#include "coordinator/async/event.hpp"
#include "coordinator/async/task_group.hpp"
#include "coordinator/transport/byte_stream.hpp"
#include "coordinator/transport/handshake_turns.hpp"
#include "coordinator/transport/http_server.hpp"
#include "coordinator/transport/message_parser.hpp"
#include "coordinator/transport/message_writer.hpp"
#include "coordinator/transport/strangers.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace escrow::transport {

class ServerConnection;

/// What the connections of a server share.
struct ServerContext {
  ServerContext(const async::Executor& executor, ServerLimits with_limits, RequestHandler to_handler, ErrorRenderer with_renderer,
                WarningSink to_warn);

  ServerLimits limits;
  RequestHandler handler;
  ErrorRenderer render;
  WarningSink warn;
  /// May be empty.
  HeadCheck check_head;
  async::DeadlineQueue deadlines;
  HandshakeTurns handshakes;
  Strangers strangers;
  /// Of `ServerLimits::receiving_bytes`.
  std::size_t receiving_bytes = 0;
  async::Event draining;
  DateHeader date;
  /// What new connections are made with; null: plain HTTP.
  std::shared_ptr<const ServerTls> tls;
  std::list<ServerConnection*> open;
};

/// One connection of the server, from its first request to its last. Lives in the frame of the task that runs it.
class ServerConnection final : public Stranger, public PeerStanding {
 public:
  ServerConnection(ServerContext& server, Socket socket);
  ~ServerConnection() override;
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  /// Serves requests until the connection ends. Throws operation_aborted when it is cancelled.
  async::Task<> serve();
  /// Says that the server is full, and hangs up.
  async::Task<> refuse();
  /// Hangs up if no request has begun: the server drains.
  void close_if_idle();
  /// The authorities of clients may be others now: what streams to one of them asks again who it is.
  void look_again_at_who_streams();

  bool make_room() override;
  void set_known(bool is_known) override;

 private:
  enum class Phase { idle, receiving, handling, sending, closing };
  enum class Received { request, refused, nothing, failed };
  class ChunkWriter;

  async::Task<bool> begin();
  async::Task<Received> receive();
  async::Task<Response> handle(Request request);
  async::Task<bool> send(Response response, bool to_head, int version, bool keep_alive);
  async::Task<bool> send_stream(Response response, bool to_head, int version, bool keep_alive);
  async::Task<bool> write(std::string_view first, std::string_view second);
  async::Task<> send_error(ProtocolError error, std::string_view detail);
  async::Task<> watch_peer();
  async::Task<> hang_up();

  Request& introduce(Request& request);
  bool refuses_head();
  bool holds_too_much();
  void hold(std::size_t bytes);
  void forget_what_came();
  bool is_peer_gone();
  Received received_fault();
  Received too_much_at_once();
  Received received_nothing_more();
  void limit(Phase phase, std::chrono::milliseconds time);
  void expire();
  void note_peer(boost::asio::ip::address address);

  ServerContext& server_;
  std::list<ServerConnection*>::iterator entry_;
  ByteStream stream_;
  boost::beast::flat_buffer buffer_;
  RequestParser parser_;
  std::string head_;
  std::string remote_address_;
  bool peer_is_loopback_ = false;
  std::string neighbourhood_;
  std::shared_ptr<PeerCertificate> peer_;
  /// What `peer_` was verified with.
  std::shared_ptr<const ServerTls> believed_by_;
  Strangers::Place stranger_;
  HandshakeTurns::Turn turn_;
  std::size_t held_ = 0;
  bool is_streaming_ = false;
  bool has_made_room_ = false;
  std::optional<Response> refusal_;
  async::Deadline deadline_;
  Phase phase_ = Phase::idle;
  bool expired_ = false;
  ProtocolError error_ = ProtocolError::malformed_request;
  std::string_view error_detail_;
};

}  // namespace escrow::transport
