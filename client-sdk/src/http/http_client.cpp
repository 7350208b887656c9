#include "client-sdk/src/http/http_client.hpp"

#include <openssl/ssl.h>
#include <openssl/tls1.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <exception>
#include <stdexcept>
#include <utility>

#include "client-sdk/src/http/connection.hpp"

namespace escrow::http {
namespace {

constexpr auto awaiting = asio::as_tuple(asio::use_awaitable);
using Addresses = asio::ip::tcp::resolver::results_type;

Failure closing_failure() { return {Failure::Kind::closing, false, "the client is being destroyed"}; }

}  // namespace

/// A timer that closing cuts short.
struct HttpClient::Sleeper {
  explicit Sleeper(HttpClient& owner) : client(owner), timer(owner.io_) { place = client.sleepers_.insert(client.sleepers_.end(), &timer); }
  ~Sleeper() { client.sleepers_.erase(place); }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  HttpClient& client;
  asio::steady_timer timer;
  std::list<asio::steady_timer*>::iterator place;
};

HttpClient::HttpClient(HttpClientOptions options)
    : options_(std::move(options)), work_(io_.get_executor()), tls_(asio::ssl::context::tls_client) {
  tls_.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 | asio::ssl::context::no_sslv3 |
                   asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
  boost::system::error_code error;
  if (options_.ca_file.empty()) {
    tls_.set_default_verify_paths(error);
  } else {
    tls_.load_verify_file(options_.ca_file, error);
  }
  if (error) throw std::invalid_argument("the CA file " + options_.ca_file + " can't be used: " + error.message());
  tls_.set_verify_mode(asio::ssl::verify_peer);
  if (options_.certificate_file.empty() != options_.key_file.empty()) {
    throw std::invalid_argument("a client certificate needs its key, and a key its certificate");
  }
  if (!options_.certificate_file.empty()) {
    // A key with a pass phrase is an error: without this, OpenSSL asks for it at the terminal.
    SSL_CTX_set_default_passwd_cb(tls_.native_handle(), [](char*, int, int, void*) { return 0; });
    tls_.use_certificate_chain_file(options_.certificate_file, error);
    if (error) throw std::invalid_argument("the certificate " + options_.certificate_file + " can't be used: " + error.message());
    tls_.use_private_key_file(options_.key_file, asio::ssl::context::pem, error);
    if (error) throw std::invalid_argument("the key " + options_.key_file + " can't be used: " + error.message());
  }
  thread_ = std::thread([this] { io_.run(); });
}

HttpClient::~HttpClient() { close(); }

bool HttpClient::spawn(Task<void> task) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  asio::co_spawn(io_, std::move(task), [](std::exception_ptr thrown) {
    if (thrown) std::terminate();  // a task keeps its failures to itself; one that doesn't is a defect
  });
  return true;
}

void HttpClient::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    asio::post(io_, [this] { break_off(); });
  }
  // With the guard gone, run() returns when the last task has ended: that is the join of all of them.
  work_.reset();
  thread_.join();
}

void HttpClient::break_off() {
  closing_ = true;
  idle_.clear();
  for (Connection* connection : connections_) connection->break_off();
  for (asio::steady_timer* timer : sleepers_) timer->cancel();
}

Task<bool> HttpClient::sleep_until(Clock::time_point when) {
  if (closing_) co_return false;
  Sleeper sleeper(*this);
  sleeper.timer.expires_at(when);
  co_await sleeper.timer.async_wait(awaiting);
  co_return !closing_;
}

std::unique_ptr<Connection> HttpClient::take_idle(const std::string& origin) {
  const auto found = idle_.find(origin);
  if (found == idle_.end()) return nullptr;
  auto& waiting = found->second;
  const auto now = Clock::now();
  while (!waiting.empty()) {
    auto connection = std::move(waiting.back());
    waiting.pop_back();
    if (now - connection->idle_since < options_.idle_time && connection->is_quiet()) return connection;
  }
  idle_.erase(found);
  return nullptr;
}

void HttpClient::keep_idle(std::unique_ptr<Connection> connection) {
  if (closing_ || !connection->can_be_kept()) return;
  connection->idle_since = Clock::now();
  auto& waiting = idle_[connection->origin()];
  waiting.push_back(std::move(connection));
  if (waiting.size() > options_.idle_connections_per_origin) waiting.pop_front();
}

Task<Result<Addresses, Failure>> HttpClient::resolve(const protocol::Url& url, Clock::time_point deadline) {
  boost::system::error_code no_literal;
  const auto literal = asio::ip::make_address(url.host(), no_literal);
  if (!no_literal) co_return Addresses::create(asio::ip::tcp::endpoint(literal, url.port()), url.host(), "");

  // A name server that is silent can't be interrupted, only left behind: what both sides touch is shared.
  struct Lookup {
    explicit Lookup(HttpClient& client) : sleeper(client), resolver(client.io_) {}
    Sleeper sleeper;
    asio::ip::tcp::resolver resolver;
    bool done = false;
    boost::system::error_code error;
    Addresses addresses;
  };
  const auto lookup = std::make_shared<Lookup>(*this);
  lookup->sleeper.timer.expires_at(deadline);
  lookup->resolver.async_resolve(url.host(), std::to_string(url.port()), [lookup](const boost::system::error_code& error, Addresses found) {
    lookup->done = true;
    lookup->error = error;
    lookup->addresses = std::move(found);
    lookup->sleeper.timer.cancel();
  });
  co_await lookup->sleeper.timer.async_wait(awaiting);
  if (closing_) co_return closing_failure();
  if (!lookup->done) {
    lookup->resolver.cancel();
    co_return Failure{Failure::Kind::unresolved, false, "timed out while looking up " + url.host()};
  }
  if (lookup->error) co_return Failure{Failure::Kind::unresolved, false, "can't look up " + url.host() + ": " + lookup->error.message()};
  co_return std::move(lookup->addresses);
}

Task<Result<std::unique_ptr<Connection>, Failure>> HttpClient::connect(const protocol::Url& url, Clock::time_point deadline) {
  if (closing_) co_return closing_failure();
  auto resolved = co_await resolve(url, deadline);
  if (!resolved) co_return std::move(resolved).error();
  const Addresses addresses = std::move(resolved).value();

  auto connection = std::make_unique<Connection>(*this, url.destination(), url.is_tls());
  connection->socket().expires_at(deadline);
  const auto [connect_error, endpoint] = co_await connection->socket().async_connect(addresses, awaiting);
  if (closing_) co_return closing_failure();
  if (connect_error) {
    co_return Failure{Failure::Kind::unconnected, false, "can't connect to " + url.destination() + ": " + connect_error.message()};
  }
  boost::system::error_code ignored;
  connection->socket().socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  if (connection->tls() == nullptr) co_return connection;

  auto& tls = *connection->tls();
  tls.set_verify_callback(asio::ssl::host_name_verification(url.host()));
  boost::system::error_code no_literal;
  static_cast<void>(asio::ip::make_address(url.host(), no_literal));
  // RFC 6066 3: server names are names, never addresses.
  // (The macro for this casts the old way.)
  if (no_literal) {
    std::string name = url.host();
    SSL_ctrl(tls.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
  }
  const auto [handshake_error] = co_await tls.async_handshake(asio::ssl::stream_base::client, awaiting);
  if (closing_) co_return closing_failure();
  if (handshake_error) {
    co_return Failure{Failure::Kind::unconnected, false, "no TLS with " + url.destination() + ": " + handshake_error.message()};
  }
  co_return connection;
}

Task<Result<Answer, Failure>> HttpClient::exchange_once(const Request& request, const protocol::Url& url, bool reuse, bool& reused) {
  std::unique_ptr<Connection> connection;
  if (reuse) connection = take_idle(url.destination());
  reused = connection != nullptr;
  if (!connection) {
    const auto until = std::min(request.deadline, Clock::now() + options_.connect_timeout);
    auto connected = co_await connect(url, until);
    if (!connected) co_return std::move(connected).error();
    connection = std::move(connected).value();
  }
  auto answer = co_await connection->exchange(request, url);
  if (answer) keep_idle(std::move(connection));
  co_return answer;
}

Task<Result<Answer, Failure>> HttpClient::exchange(Request request) {
  if (closing_) co_return closing_failure();
  const auto parsed = protocol::Url::parse(request.url);
  if (!parsed) co_return Failure{Failure::Kind::invalid_url, false, "not a URL that can be called: " + parsed.error()};

  bool reused = false;
  auto answer = co_await exchange_once(request, parsed.value(), true, reused);
  if (answer || closing_ || !reused) co_return answer;
  const Failure& failure = answer.error();
  // The other side may have closed the kept connection just as we took it.
  if (failure.kind != Failure::Kind::broken || (failure.written && !request.repeatable)) co_return answer;
  const bool written = failure.written;
  auto again = co_await exchange_once(request, parsed.value(), false, reused);
  if (again) co_return again;
  Failure second = again.error();
  second.written = second.written || written;
  co_return second;
}

}  // namespace escrow::http
