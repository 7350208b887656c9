#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "coordinator/async/task.hpp"
#include "tests/fault-injection/proxy/rulebook.hpp"
#include "tests/fault-injection/proxy/wire.hpp"

namespace escrow::proxy {

class Link;
class Station;

/// One connection of a client, and the one that it leads to. Requests are taken whole before anything is done to them; answers pass as
/// they come.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Station& station, Link& link, boost::asio::ip::tcp::socket client);

  /// Until one side is gone.
  [[nodiscard]] async::Task<void> run();
  /// Both sides see a reset.
  void reset();

 private:
  enum class Request : std::uint8_t { whole, none, unreadable };
  using SharedCall = std::shared_ptr<const Call>;

  // Each answers whether the connection goes on.
  async::Task<bool> exchange();
  async::Task<bool> strike(SharedCall call, std::string message, Chosen chosen);
  async::Task<bool> send_request(SharedCall call, std::string message, const Passage& passage);
  async::Task<bool> answer(SharedCall call, Chosen chosen);
  async::Task<bool> pass_answer(SharedCall call, Head head, Action action);

  async::Task<Request> read_request(Head& head, std::string& body);
  /// Nothing: the other side has closed, or what it says is no answer; then that is in `from_other_`.
  async::Task<std::optional<Head>> read_answer_head(bool& was_reset);
  async::Task<bool> say(const Said& said);
  async::Task<Passing::Went> pass_body(Body body, Passing& passing, std::size_t& bytes);
  async::Task<void> discard_body(Body body);
  async::Task<bool> reach_other_side();
  async::Task<void> tunnel();
  async::Task<void> pump(std::string& buffer, Socket& from, Socket& to, bool has_ended);

  /// What a rule asks for before the bytes of one direction go.
  async::Task<void> wait_for_turn(SharedCall call, Passage passage, Chosen chosen);
  async::Task<void> rest(Duration time);
  /// Until the client hangs up.
  async::Task<void> stall();
  async::Task<void> cut_client(Cut::How how);

  void watch_client();
  void watch_other_side();
  void record_end(const SharedCall& call, const std::string& how, int status = 0, std::size_t bytes = 0);
  [[nodiscard]] Duration drawn(const Delay& delay, const Call& call) const;

  Station& station_;
  Link& link_;
  boost::asio::ip::tcp::socket client_;
  boost::asio::ip::tcp::socket other_;
  boost::asio::steady_timer timer_;
  std::string from_client_;
  std::string from_other_;
  /// A request is under way.
  bool is_busy_ = false;
  bool is_watching_client_ = false;
  bool is_forwarded_ = false;
  bool client_has_ended_ = false;
  bool other_has_ended_ = false;
  /// The client has ended its side, or all of it.
  bool has_hung_up_ = false;
};

}  // namespace escrow::proxy
