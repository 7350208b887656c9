#include "coordinator/transport/http_server.hpp"

#include "coordinator/async/persist.hpp"
#include "coordinator/async/task_group.hpp"
#include "coordinator/faults/fault_point.hpp"
#include "coordinator/transport/errors.hpp"
#include "coordinator/transport/server_connection.hpp"
#include "protocol/assert.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/format.h>

#include <exception>
#include <list>
#include <optional>
#include <utility>

namespace escrow::transport {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// While there are no descriptors, accepting again at once would only burn the processor.
constexpr std::chrono::milliseconds accept_pause{50};
/// Connections past the limit that are being told so at a time; more of them are closed without a word.
constexpr std::size_t max_refusing = 64;

std::optional<tcp::endpoint> resolve(std::string_view text, const async::Executor& executor) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (digits.empty() || digits.size() > 5 || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const int port = std::stoi(std::string(digits));
  if (port > 65535) return std::nullopt;
  const bool has_brackets = host.starts_with('[') && host.ends_with(']');
  if (has_brackets) host = host.substr(1, host.size() - 2);
  if (has_brackets != (host.find(':') != std::string_view::npos)) return std::nullopt;

  boost::system::error_code failure;
  const auto address = asio::ip::make_address(std::string(host), failure);
  if (!failure) return tcp::endpoint(address, static_cast<std::uint16_t>(port));
  tcp::resolver resolver(executor);
  const auto found = resolver.resolve(std::string(host), std::string(digits), tcp::resolver::passive, failure);
  if (failure || found.empty()) return std::nullopt;
  return found.begin()->endpoint();
}

}  // namespace

int status_of(ProtocolError error) {
  switch (error) {
    case ProtocolError::malformed_request: return 400;
    case ProtocolError::request_timeout: return 408;
    case ProtocolError::body_too_large: return 413;
    case ProtocolError::header_too_large: return 431;
    case ProtocolError::overloaded: return 503;
    case ProtocolError::internal: return 500;
  }
  return 500;
}

std::string Endpoint::text() const {
  const bool is_ipv6 = address.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

struct HttpServer::State {
  State(const async::Executor& on, ServerLimits limits, RequestHandler handler, ErrorRenderer renderer, WarningSink warn)
      : executor(on), context(on, limits, std::move(handler), std::move(renderer), std::move(warn)), tasks(on) {}

  async::Task<> accept(Acceptor& acceptor);
  bool make_room();
  async::Task<> pause_accepting(boost::system::error_code failure);
  async::Task<> serve(Socket socket);
  async::Task<> refuse(Socket socket);
  void tell_of_end(const std::exception_ptr& failure) noexcept;

  async::Executor executor;
  ServerContext context;
  std::list<Acceptor> acceptors;
  std::size_t serving = 0;
  std::size_t refusing = 0;
  async::TaskGroup tasks;  // last: its tasks refer to everything above
};

async::Task<> HttpServer::State::accept(Acceptor& acceptor) {
  while (!context.draining.is_set()) {
    Socket socket(executor);
    const auto [failure] = co_await acceptor.async_accept(socket, asio::as_tuple(asio::use_awaitable));
    ESCROW_FAULT_POINT("http.accepted", "");
    if (context.draining.is_set()) co_return;
    if (failure == asio::error::connection_aborted) continue;  // gone before we came to it
    if (failure) {
      co_await pause_accepting(failure);
    } else if (make_room()) {
      tasks.spawn(serve(std::move(socket)));
    } else if (refusing < max_refusing) {
      tasks.spawn(refuse(std::move(socket)));
    }
  }
}

/// Whether there is a place for one more, or a stranger has left it his.
bool HttpServer::State::make_room() {
  const std::size_t unknown = context.limits.unknown_connections;
  if (unknown > 0 && context.strangers.size() >= unknown && context.strangers.make_room()) return true;
  if (serving < context.limits.connections) return unknown == 0 || context.strangers.size() < unknown;
  // Those who leave are counted until their sockets are closed, so few enough of them must be on their way.
  return unknown > 0 && serving < context.limits.connections + max_refusing && context.strangers.make_room();
}

async::Task<> HttpServer::State::pause_accepting(boost::system::error_code failure) {
  context.warn(fmt::format("cannot accept connections: {}", failure.message()));
  co_await context.draining.wait_until(async::Clock::now() + accept_pause);
}

namespace {

/// Counts for as long as it lives.
class Counted {
 public:
  explicit Counted(std::size_t& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::size_t& count_;
};

}  // namespace

async::Task<> HttpServer::State::serve(Socket socket) {
  const Counted counted(serving);
  try {
    ServerConnection connection(context, std::move(socket));
    co_await connection.serve();
  } catch (...) {
    tell_of_end(std::current_exception());
  }
}

async::Task<> HttpServer::State::refuse(Socket socket) {
  const Counted counted(refusing);
  try {
    ServerConnection connection(context, std::move(socket));
    co_await connection.refuse();
  } catch (...) {
    tell_of_end(std::current_exception());
  }
}

/// Of a connection that lacked memory, say: the others go on, also where there is none left to say so.
void HttpServer::State::tell_of_end(const std::exception_ptr& failure) noexcept {
  if (async::is_cancellation(failure)) return;
  try {
    context.warn(fmt::format("a connection ended: {}", async::describe(failure)));
  } catch (...) {
    return;
  }
}

HttpServer::HttpServer(async::Executor executor, ServerLimits limits, RequestHandler handler, ErrorRenderer renderer, WarningSink warn)
    : state_(std::make_unique<State>(executor, limits, std::move(handler), std::move(renderer), std::move(warn))) {}

HttpServer::~HttpServer() = default;

Result<Endpoint> HttpServer::listen(std::string_view address) {
  const auto endpoint = resolve(address, state_->executor);
  if (!endpoint) return Error{Errc::address_invalid, fmt::format("\"{}\" is not HOST:PORT", address)};
  boost::system::error_code failure;
  Acceptor acceptor(state_->executor);
  acceptor.open(endpoint->protocol(), failure);
  if (!failure) acceptor.set_option(Acceptor::reuse_address(true), failure);
  if (!failure && endpoint->address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), failure);
  if (!failure) acceptor.bind(*endpoint, failure);
  if (!failure) acceptor.listen(Acceptor::max_listen_connections, failure);
  if (failure) return Error{Errc::address_unavailable, fmt::format("cannot listen on {}: {}", address, failure.message())};
  const tcp::endpoint bound = acceptor.local_endpoint(failure);
  state_->acceptors.push_back(std::move(acceptor));
  return Endpoint{.address = bound.address().to_string(), .port = bound.port()};
}

void HttpServer::check_heads(HeadCheck check) { state_->context.check_head = std::move(check); }

void HttpServer::use_tls(std::shared_ptr<const ServerTls> tls) {
  state_->context.tls = std::move(tls);
  for (ServerConnection* const connection : state_->context.open) connection->look_again_at_who_streams();
}

void HttpServer::run() {
  State& state = *state_;
  const auto warn = [&state](std::string_view why) { state.context.warn(fmt::format("cannot accept connections: {}", why)); };
  for (Acceptor& acceptor : state.acceptors) {
    state.tasks.spawn(async::persist([&state, &acceptor] { return state.accept(acceptor); }, warn));
  }
}

async::Task<> HttpServer::drain(std::chrono::milliseconds grace) {
  State& state = *state_;
  const auto deadline = async::Clock::now() + grace;
  state.context.draining.set();
  for (Acceptor& acceptor : state.acceptors) {
    boost::system::error_code ignored;
    acceptor.close(ignored);
  }
  for (ServerConnection* const connection : state.context.open) connection->close_if_idle();
  const bool ended = co_await state.tasks.join_until(deadline);
  state.tasks.cancel();
  if (!ended) co_await state.tasks.join();
}

void HttpServer::abort() { state_->tasks.cancel(); }

bool HttpServer::draining() const { return state_->context.draining.is_set(); }

std::size_t HttpServer::connections() const { return state_->serving + state_->refusing; }

}  // namespace escrow::transport
