#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "coordinator/async/task.hpp"
#include "protocol/result.hpp"

namespace escrow::proxy {

class Connection;
class Station;

/// A port that stands for another one.
class Link {
 public:
  Link(Station& station, std::string name, boost::asio::ip::tcp::endpoint listen, boost::asio::ip::tcp::endpoint to);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] Result<void> open();
  /// Does what the rules say of the whole link.
  void rules_changed();
  void stop();
  /// There may be a place for a connection again.
  void place_is_free();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] boost::asio::ip::tcp::endpoint address() const { return listen_; }
  [[nodiscard]] boost::asio::ip::tcp::endpoint to() const { return to_; }
  /// New connections go there.
  void lead_to(boost::asio::ip::tcp::endpoint to) { to_ = std::move(to); }
  [[nodiscard]] bool is_clogged() const { return is_clogged_; }
  void set_clogged(bool clogged) { is_clogged_ = clogged; }
  void is_over(const std::shared_ptr<Connection>& connection);

 private:
  enum class State { closed, listening, swallowing };

  void become(State state);
  void listen(int backlog);
  void accept();
  void accepted(boost::system::error_code fault, boost::asio::ip::tcp::socket socket);
  void fill_queue();

  Station& station_;
  std::string name_;
  boost::asio::ip::tcp::endpoint listen_;
  boost::asio::ip::tcp::endpoint to_;
  boost::asio::ip::tcp::acceptor acceptor_;
  State state_ = State::closed;
  bool is_accepting_ = false;
  bool is_clogged_ = false;
  std::set<std::shared_ptr<Connection>> connections_;
  /// Connections of our own that fill the queue of a link that swallows.
  std::vector<std::shared_ptr<boost::asio::ip::tcp::socket>> fillers_;
};

}  // namespace escrow::proxy
