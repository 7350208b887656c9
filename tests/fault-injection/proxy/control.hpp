#pragma once

#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "coordinator/async/task.hpp"
#include "protocol/result.hpp"
#include "tests/fault-injection/proxy/message.hpp"

namespace escrow::proxy {

class Station;

/// Where a test steers the proxy from, and reads what was on the wire: a small HTTP server, one request for each connection.
class Control {
 public:
  Control(Station& station, boost::asio::ip::tcp::endpoint listen);

  [[nodiscard]] Result<void> open();
  void stop();
  [[nodiscard]] boost::asio::ip::tcp::endpoint address() const { return listen_; }

 private:
  struct Reply {
    int status = 200;
    std::string body = {};
    std::string type = "application/json";
  };

  void accept();
  async::Task<void> serve(std::shared_ptr<boost::asio::ip::tcp::socket> socket);
  [[nodiscard]] Reply reply_to(const Head& head, const std::string& body);
  [[nodiscard]] Reply rules(const Head& head, const std::string& body, const std::string& name);
  [[nodiscard]] Reply link(const std::string& name, const std::string& body);

  Station& station_;
  boost::asio::ip::tcp::endpoint listen_;
  boost::asio::ip::tcp::acceptor acceptor_;
};

}  // namespace escrow::proxy
