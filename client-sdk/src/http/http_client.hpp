#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "client-sdk/src/http/exchange.hpp"
#include "protocol/result.hpp"
#include "protocol/url.hpp"

namespace escrow::http {

namespace asio = boost::asio;
template <class T>
using Task = asio::awaitable<T>;

struct HttpClientOptions {
  /// Instead of the system's authorities; empty: those.
  std::string ca_file;
  /// Shown to servers that ask for a certificate; empty: none.
  std::string certificate_file;
  std::string key_file;
  std::chrono::milliseconds connect_timeout{1'000};
  std::size_t body_limit = std::size_t{16} << 20U;
  std::uint32_t header_limit = 64 * 1024;
  std::size_t idle_connections_per_origin = 64;
  std::chrono::seconds idle_time{30};
};

class Connection;

/// HTTP/1.1 with kept connections, on one thread of its own. Redirects are never followed. Tasks are spawned from any thread; everything
/// that returns a Task is awaited inside such a task only.
class HttpClient {
 public:
  /// Throws std::invalid_argument when a file of authorities, a certificate or its key can't be used.
  explicit HttpClient(HttpClientOptions options);
  /// As `close`.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Runs the task on the client's thread; false, and the task never runs, once closed. The task must not throw.
  bool spawn(Task<void> task);

  [[nodiscard]] Task<Result<Answer, Failure>> exchange(Request request);
  /// False when the client closes first.
  [[nodiscard]] Task<bool> sleep_until(Clock::time_point when);
  /// On the client's thread only.
  [[nodiscard]] bool is_closing() const noexcept { return closing_; }

  /// Breaks off everything under way and returns when the last task has ended. Never from a task.
  void close();

 private:
  friend class Connection;
  struct Sleeper;

  Task<Result<Answer, Failure>> exchange_once(const Request& request, const protocol::Url& url, bool reuse, bool& reused);
  Task<Result<std::unique_ptr<Connection>, Failure>> connect(const protocol::Url& url, Clock::time_point deadline);
  Task<Result<asio::ip::tcp::resolver::results_type, Failure>> resolve(const protocol::Url& url, Clock::time_point deadline);
  std::unique_ptr<Connection> take_idle(const std::string& origin);
  void keep_idle(std::unique_ptr<Connection> connection);
  void break_off();

  HttpClientOptions options_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::ssl::context tls_;

  // On the client's thread.
  bool closing_ = false;
  std::map<std::string, std::deque<std::unique_ptr<Connection>>> idle_;
  std::list<Connection*> connections_;
  std::list<asio::steady_timer*> sleepers_;

  std::mutex mutex_;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace escrow::http
