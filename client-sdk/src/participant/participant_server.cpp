#include <escrow/participant_server.hpp>

#include <atomic>
#include <csignal>
#include <exception>
#include <iostream>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <escrow/error.hpp>

#include "client-sdk/src/participant/router.hpp"
#include "client-sdk/src/participant/session.hpp"
#include "client-sdk/src/participant/tls_files.hpp"
#include "protocol/assert.hpp"

namespace escrow {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
/// Out of descriptors: give those that are open time to end, without spinning.
constexpr std::chrono::milliseconds accept_pause{50};

void log_to_stderr(const std::string& line) { std::cerr << "escrow: " + line + "\n"; }

ServerOptions checked(ServerOptions options) {
  if (options.threads() == 0) options.threads(1);
  if (!options.log()) options.log(log_to_stderr);
  return options;
}

}  // namespace

struct ParticipantServer::Impl {
  explicit Impl(ServerOptions given)
      : options(checked(std::move(given))),
        router(options.log()),
        handlers(options.threads()),
        acceptor(io),
        accept_timer(io),
        signals(io),
        shared{options, router, handlers.get_executor()} {}

  const ServerOptions options;
  participant::Router router;
  std::optional<participant::TlsFiles> tls;
  asio::io_context io{1};
  asio::thread_pool handlers;
  tcp::acceptor acceptor;
  asio::steady_timer accept_timer;
  asio::signal_set signals;
  participant::Shared shared;
  std::list<participant::Session> sessions;
  std::thread thread;
  std::mutex joining;
  bool started = false;
  std::atomic<std::uint16_t> port = 0;  // a thread that did not start the server may ask

  Result<void> listen() {
    boost::system::error_code error;
    tcp::resolver resolver(io);
    const auto found = resolver.resolve(options.host(), std::to_string(options.port()), tcp::resolver::passive, error);
    if (!error && found.empty()) error = asio::error::host_not_found;
    if (!error) {
      const tcp::endpoint endpoint = found.begin()->endpoint();
      acceptor.open(endpoint.protocol(), error);
      // A restarted service takes its port back although old connections linger in TIME_WAIT.
      if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
      if (!error) acceptor.bind(endpoint, error);
      if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
      return make_error(Errc::listen, options.host() + ":" + std::to_string(options.port()) + ": " + error.message());
    }
    port = acceptor.local_endpoint().port();
    return {};
  }

  asio::awaitable<void> accept_all() {
    while (!shared.stopping) {
      tcp::socket socket(io);
      auto [error] = co_await acceptor.async_accept(socket, use_tuple);
      if (shared.stopping) co_return;
      if (error) {
        accept_timer.expires_after(accept_pause);
        co_await accept_timer.async_wait(use_tuple);
        continue;
      }
      const bool full = sessions.size() >= options.connections();
      auto session = sessions.end();
      try {
        session = sessions.emplace(sessions.end(), std::move(socket), shared, tls ? &tls->now() : nullptr);
      } catch (const std::exception& failure) {
        // No memory for one connection (OpenSSL says so by an exception here) must not end the accepting of all others.
        options.log()(std::string("a connection can't be served: ") + failure.what());
        continue;
      }
      asio::co_spawn(io, full ? session->turn_away() : session->serve(), [this, session](const std::exception_ptr& failure) {
        if (failure) options.log()("a connection ended by an exception");
        sessions.erase(session);
      });
    }
  }

  /// On the I/O thread. Everything that is under way ends by itself then, and io.run() returns.
  void begin_stop() {
    if (shared.stopping) return;
    shared.stopping = true;
    boost::system::error_code ignored;
    acceptor.close(ignored);
    accept_timer.cancel();
    signals.cancel(ignored);
    for (auto& session : sessions) session.stop();
  }

  void join() {
    const std::lock_guard lock(joining);
    if (thread.joinable()) thread.join();
    handlers.join();
  }
};

ParticipantServer::ParticipantServer(ServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

ParticipantServer::~ParticipantServer() { stop(); }

ParticipantServer& ParticipantServer::on_action(std::string_view path, Handler handler) {
  impl_->router.add_operation(path, Operation::action, std::move(handler));
  return *this;
}

ParticipantServer& ParticipantServer::on_compensate(std::string_view path, Handler handler) {
  impl_->router.add_operation(path, Operation::compensate, std::move(handler));
  return *this;
}

ParticipantServer& ParticipantServer::on_try(std::string_view path, Handler handler) {
  impl_->router.add_operation(path, Operation::try_, std::move(handler));
  return *this;
}

ParticipantServer& ParticipantServer::on_confirm(std::string_view path, Handler handler) {
  impl_->router.add_operation(path, Operation::confirm, std::move(handler));
  return *this;
}

ParticipantServer& ParticipantServer::on_cancel(std::string_view path, Handler handler) {
  impl_->router.add_operation(path, Operation::cancel, std::move(handler));
  return *this;
}

ParticipantServer& ParticipantServer::on_message(std::string_view path, Handler handler) { return on_action(path, std::move(handler)); }

ParticipantServer& ParticipantServer::on_check(std::string_view path, Handler handler) {
  impl_->router.add_operation(path, Operation::check, std::move(handler));
  return *this;
}

ParticipantServer& ParticipantServer::on_get(std::string_view path, HttpHandler handler) {
  impl_->router.add_plain("GET", path, std::move(handler));
  return *this;
}

ParticipantServer& ParticipantServer::on_post(std::string_view path, HttpHandler handler) {
  impl_->router.add_plain("POST", path, std::move(handler));
  return *this;
}

Result<void> ParticipantServer::start() {
  ESCROW_ASSERT(!impl_->started);
  if (const auto& signature = impl_->options.signature()) {
    auto verifier = CallVerifier::make(*signature, impl_->options.log());
    if (!verifier) return verifier.error();
    impl_->router.verify_with(std::move(*verifier));
  }
  if (const auto& files = impl_->options.tls()) {
    auto tls = participant::TlsFiles::make(*files, impl_->options.log());
    if (!tls) return tls.error();
    impl_->tls = *std::move(tls);
  }
  if (auto listening = impl_->listen(); !listening) return listening;
  impl_->started = true;
  Impl* impl = impl_.get();
  asio::co_spawn(impl->io, impl->accept_all(), [](const std::exception_ptr&) {});
  impl->thread = std::thread([impl] { impl->io.run(); });
  return {};
}

Result<void> ParticipantServer::run(const std::function<void(const std::string& url)>& ready) {
  Impl* impl = impl_.get();
  boost::system::error_code error;
  impl->signals.add(SIGINT, error);
  if (!error) impl->signals.add(SIGTERM, error);
  if (error) return make_error(Errc::listen, "signals can't be taken: " + error.message());
  impl->signals.async_wait([impl](const boost::system::error_code& failed, int) {
    if (!failed) impl->begin_stop();
  });
  if (auto started = start(); !started) return started;
  if (ready) ready(url());
  impl->join();
  return {};
}

void ParticipantServer::stop() {
  Impl* impl = impl_.get();
  if (impl->started) asio::post(impl->io, [impl] { impl->begin_stop(); });
  impl->join();
}

std::uint16_t ParticipantServer::port() const noexcept { return impl_->port; }

std::string ParticipantServer::url() const {
  if (impl_->port == 0) return {};
  const bool is_v6 = impl_->options.host().find(':') != std::string::npos;
  return std::string(impl_->tls ? "https://" : "http://") + (is_v6 ? "[" + impl_->options.host() + "]" : impl_->options.host()) + ":" +
         std::to_string(impl_->port);
}

}  // namespace escrow
