#pragma once

#include "coordinator/transport/http_server.hpp"
#include "tests/fault-injection/http/network.hpp"
#include "tests/fault-injection/http/reference.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace escrow::http_faults {

/// What a client does once it has sent what it had to send.
enum class Then {
  half_closes,  ///< and waits for what still comes
  stalls,       ///< sends nothing more, until every limit has passed
  resets,
};

/// The product's HTTP server in memory and in a time of its own, behind a handler that notes and echoes. It is kept from conversation to
/// conversation; each has a connection of its own.
class ServerRig {
 public:
  explicit ServerRig(transport::ServerLimits limits = small_limits());
  ~ServerRig();
  ServerRig(const ServerRig&) = delete;
  ServerRig& operator=(const ServerRig&) = delete;

  /// Sends the pieces one by one, waits for whoever works on them, does what comes then, and compares everything with what the reference
  /// reads. Nothing, or what was wrong.
  std::string converse(const std::vector<std::string_view>& pieces, Then then);

  /// Sends what is at once, and then byte by byte what drips, each in less than a limit and all of it in more.
  std::string drip(std::string_view at_once, std::string_view dripping);

  /// The client takes so many bytes of what is answered and no more, and then does what comes: what the server says is a beginning of what
  /// it would have said, and nobody who waits for the rest is left. `whole` is what it would have said.
  std::string cut_answer(std::string_view request, std::string_view whole, std::size_t bytes, Then then);
  /// What a request is answered with, all of it.
  std::string whole_answer(std::string_view request);

  /// The client goes, or only ends its side, while its first request is worked on, so long after it was sent.
  std::string leave(std::string_view request, std::chrono::milliseconds after, Then then);

  /// Limits that a short message can exceed.
  static transport::ServerLimits small_limits();
  [[nodiscard]] std::uint64_t conversations() const { return conversations_; }

 private:
  struct Handled {
    std::string method;
    std::string target;
    std::string body;
  };
  struct Expected {
    std::vector<ReadRequest> requests;
    /// How what is behind them ends; End::complete: nothing is behind them, or the connection was closed.
    End end = End::complete;
    bool closes = false;
    bool has_rest = false;
    bool rest_has_head = false;
  };

  async::Task<transport::Response> answer(transport::Request request);
  void begin();
  void pump();
  void wait_for_handlers();
  std::string end_of_connection();
  [[nodiscard]] std::string check_prefix(const Expected& expected, std::size_t count) const;
  [[nodiscard]] Expected expect(std::string_view sent) const;
  std::string wait_out(const Expected& expected);
  [[nodiscard]] std::string check_handled(const Expected& expected) const;
  [[nodiscard]] std::string check_answers(const Expected& expected, Then then) const;

  transport::ServerLimits limits_;
  Network network_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<transport::HttpServer> server_;
  boost::asio::ip::tcp::endpoint endpoint_;
  std::shared_ptr<Line> line_;
  std::vector<Handled> handled_;
  std::string output_;
  int working_ = 0;
  /// Whoever is at the other end takes what comes.
  bool is_taking_ = true;
  std::uint64_t conversations_ = 0;
};

}  // namespace escrow::http_faults
