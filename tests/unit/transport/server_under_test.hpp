#pragma once

#include "coordinator/async/event.hpp"
#include "coordinator/transport/http_server.hpp"
#include "tests/support/raw_socket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace escrow::transport::testing {

/// A server on a free port with a thread of its own, so that a test can speak to it with blocking sockets.
class ServerUnderTest {
 public:
  explicit ServerUnderTest(RequestHandler handler, ServerLimits limits = {}, const std::string& address = "127.0.0.1:0")
      : work_(io_.get_executor()),
        server_(std::make_unique<HttpServer>(
            io_.get_executor(), limits, std::move(handler),
            [](ProtocolError error, std::string_view detail) { return render(error, detail); },
            [this](std::string_view what) { note(what); })) {
    const auto bound = server_->listen(address);
    if (!bound) throw std::runtime_error(bound.error().detail);
    endpoint_ = *bound;
    thread_ = std::thread([this] { io_.run(); });
    on_server([this] { server_->run(); });
  }
  ~ServerUnderTest() {
    drain(std::chrono::milliseconds(0)).get();
    on_server([this] { server_.reset(); });
    work_.reset();
    thread_.join();
  }

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] escrow::testing::RawSocket connect() const {
    return escrow::testing::RawSocket::connect(endpoint_.port, endpoint_.address);
  }
  std::future<void> drain(std::chrono::milliseconds grace) {
    return boost::asio::co_spawn(io_, server_->drain(grace), boost::asio::use_future);
  }
  /// Runs `what` on the server's thread and returns when it has run.
  template <class F>
  void on_server(F what) {
    std::promise<void> done;
    boost::asio::post(io_, [&] {
      what();
      done.set_value();
    });
    done.get_future().get();
  }
  [[nodiscard]] std::size_t connections() {
    std::size_t count = 0;
    on_server([&] { count = server_->connections(); });
    return count;
  }
  /// Throws unless the server comes to have that many connections.
  void wait_for_connections(std::size_t count) {
    for (int i = 0; i < 1000000; ++i) {
      if (connections() == count) return;
    }
    throw std::runtime_error("the server does not come to have as many connections as expected");
  }
  /// What the server told its operator.
  [[nodiscard]] std::vector<std::string> warnings() {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }
  [[nodiscard]] HttpServer& server() { return *server_; }
  [[nodiscard]] boost::asio::io_context& io() { return io_; }

  /// `error STATUS: detail`, so that a test sees that the renderer was asked.
  static Response render(ProtocolError error, std::string_view detail) {
    Response response(status_of(error));
    response.headers.add("X-Rendered", "yes");
    response.body = std::string(detail);
    return response;
  }

 private:
  void note(std::string_view what) {
    const std::lock_guard lock(mutex_);
    warnings_.emplace_back(what);
  }

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::mutex mutex_;
  std::vector<std::string> warnings_;
  std::unique_ptr<HttpServer> server_;
  Endpoint endpoint_;
  std::thread thread_;
};

/// Answers with what it saw.
inline async::Task<Response> echo(Request request) {
  Response response(200);
  response.body = request.method + " " + request.path + (request.query.empty() ? "" : "?" + request.query);
  if (!request.body.empty()) response.body += " " + request.body;
  co_return response;
}

/// A handler that waits until the test lets it go, and says when it has begun.
class Gate {
 public:
  explicit Gate(boost::asio::io_context& io) : opened_(io.get_executor()) {}

  async::Task<Response> handle(Request request) {
    begun_.set_value();
    co_await opened_.wait();
    Response response(200);
    response.body = "late " + request.path;
    finished_ = true;
    co_return response;
  }
  void wait_until_begun() { begun_.get_future().get(); }
  /// On the server's thread.
  void open() { opened_.set(); }
  [[nodiscard]] bool finished() const { return finished_; }

 private:
  async::Event opened_;
  std::promise<void> begun_;
  std::atomic<bool> finished_ = false;
};

inline std::string body_of(const std::string& message) {
  const std::size_t end = message.find("\r\n\r\n");
  return end == std::string::npos ? std::string() : message.substr(end + 4);
}

inline int status_in(const std::string& message) { return message.size() > 12 ? std::stoi(message.substr(9, 3)) : 0; }

inline bool has(const std::string& message, std::string_view part) { return message.find(part) != std::string::npos; }

}  // namespace escrow::transport::testing
