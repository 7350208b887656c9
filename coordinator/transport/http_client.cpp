#include "coordinator/transport/http_client.hpp"

#include "coordinator/async/deadline_queue.hpp"
#include "coordinator/async/with_deadline.hpp"
#include "coordinator/faults/fault_point.hpp"
#include "coordinator/transport/byte_stream.hpp"
#include "coordinator/transport/connection_pool.hpp"
#include "coordinator/transport/errors.hpp"
#include "coordinator/transport/message_parser.hpp"
#include "coordinator/transport/message_writer.hpp"
#include "coordinator/transport/name_resolver.hpp"
#include "protocol/assert.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace escrow::transport {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t read_size = 8192;

std::string_view view(const boost::beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.data().size()};
}

}  // namespace

std::string_view to_string(CallFailureKind kind) {
  switch (kind) {
    case CallFailureKind::invalid_request: return "invalid_request";
    case CallFailureKind::resolve: return "resolve";
    case CallFailureKind::target_forbidden: return "target_forbidden";
    case CallFailureKind::refused: return "refused";
    case CallFailureKind::connect: return "connect";
    case CallFailureKind::tls: return "tls";
    case CallFailureKind::timeout: return "timeout";
    case CallFailureKind::reset: return "reset";
    case CallFailureKind::broken_answer: return "broken_answer";
    case CallFailureKind::cancelled: return "cancelled";
  }
  return "unknown";
}

struct HttpClient::State {
  State(async::Executor on, ClientLimits with_limits, TargetCheck to_check, std::shared_ptr<const TargetTls> with_tls,
        std::shared_ptr<NameResolver> with_resolver)
      : executor(std::move(on)),
        limits(with_limits),
        check(std::move(to_check)),
        resolver(std::move(with_resolver)),
        tls(std::move(with_tls)),
        deadlines(executor),
        pool(limits, deadlines) {}

  async::Executor executor;
  ClientLimits limits;
  TargetCheck check;
  std::shared_ptr<NameResolver> resolver;
  std::shared_ptr<const TargetTls> tls;
  async::DeadlineQueue deadlines;
  ConnectionPool pool;
  std::uint64_t connections_made = 0;
  std::size_t calls_running = 0;
};

namespace {

/// One call from its first to its last byte. Lives in the frame of `HttpClient::call`.
template <class State>
class Exchange {
 public:
  Exchange(State& client, const OutboundCall& call)
      : client_(client), call_(call), ends_at_(async::Clock::now() + call.timeout()), limit_(client.deadlines, [this] { expire(); }) {
    limit_.set(ends_at_);
    ++client_.calls_running;
  }
  ~Exchange() { --client_.calls_running; }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  async::Task<CallAnswer> run();

 private:
  using Connection = std::unique_ptr<ClientConnection>;

  async::Task<bool> connect();
  async::Task<bool> resolve(std::vector<asio::ip::address>& addresses);
  async::Task<bool> connect_to(const asio::ip::address& address, std::size_t addresses_left);
  async::Task<bool> start_tls();
  void keep();
  async::Task<bool> write(bool is_reused);
  async::Task<bool> read();

  /// Notes why the call failed. A passed limit explains every error that follows from it, and so does a cancellation.
  bool fail(CallFailureKind kind, std::string detail) {
    if (expired_) {
      failure_.emplace(CallFailureKind::timeout, fmt::format("no complete answer within {} ms", call_.timeout().count()));
    } else {
      failure_.emplace(kind, std::move(detail));
    }
    return false;
  }
  bool fail(CallFailureKind kind, std::string_view what, const boost::system::error_code& error) {
    if (error == asio::error::operation_aborted) kind = CallFailureKind::cancelled;
    return fail(kind, fmt::format("{}: {}", what, error.message()));
  }
  /// The same for what happened on the connection, which ends with it.
  bool fail_connection(CallFailureKind kind, std::string_view what, const boost::system::error_code& error) {
    const Connection broken = std::move(connection_);
    if (error == asio::error::operation_aborted) {
      kind = CallFailureKind::cancelled;
    } else if (is_tls_failure(error)) {
      kind = CallFailureKind::tls;
    }
    std::string detail = fmt::format("{}: {}", what, broken->stream.explain(error));
    // The peer's own word for it, an alert, is often lost when it hangs up with our request unread.
    if (broken->stream.lacked_certificate()) detail += "; the participant asked for a client certificate, and none is configured for it";
    return fail(kind, std::move(detail));
  }
  void expire() {
    expired_ = true;
    if (connection_) connection_->stream.close();
  }

  State& client_;
  const OutboundCall& call_;
  async::Clock::time_point ends_at_;
  async::Deadline limit_;
  Connection connection_;
  std::optional<CallFailure> failure_;
  bool expired_ = false;
  bool send_again_ = false;
};

template <class State>
async::Task<CallAnswer> Exchange<State>::run() {
  const std::string& destination = call_.url().destination();
  for (;;) {
    connection_ = client_.pool.take(destination);
    const bool is_reused = connection_ != nullptr;
    if (!is_reused) {
      const bool connected = co_await connect();
      if (!connected) break;
    }
    if (!write_request_head(connection_->head, call_)) {
      if (is_reused) keep();
      fail(CallFailureKind::invalid_request, "a header of the call cannot be sent");
      break;
    }
    const bool written = co_await write(is_reused);
    if (!written && send_again_) {
      send_again_ = false;
      continue;
    }
    if (!written) break;
    const bool answered = co_await read();
    if (!answered) break;

    AnswerParser& parser = connection_->parser;
    Answer answer;
    answer.status = parser.status();
    answer.headers = std::move(parser.headers());
    answer.body = std::move(parser.body());
    limit_.lift();
    if (parser.keep_alive() && !expired_) keep();
    co_return CallAnswer(std::move(answer));
  }
  co_return CallAnswer(std::move(*failure_));
}

template <class State>
async::Task<bool> Exchange<State>::connect() {
  std::vector<asio::ip::address> addresses;
  const bool resolved = co_await resolve(addresses);
  if (!resolved) co_return false;
  const std::string& host = call_.url().host();
  std::erase_if(addresses, [&](const asio::ip::address& address) { return client_.check && !client_.check(host, address); });
  if (addresses.empty()) co_return fail(CallFailureKind::target_forbidden, fmt::format("{} is not an allowed target", host));

  std::optional<CallFailure> first_failure;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const bool connected = co_await connect_to(addresses[i], addresses.size() - i);
    if (connected) {
      if (!call_.url().is_tls()) co_return true;
      const bool secured = co_await start_tls();
      co_return secured;
    }
    const CallFailureKind kind = failure_->kind;
    if (kind == CallFailureKind::timeout || kind == CallFailureKind::cancelled) co_return false;
    if (!first_failure || first_failure->kind == CallFailureKind::connect) first_failure = std::move(failure_);
  }
  failure_ = std::move(first_failure);
  co_return false;
}

template <class State>
async::Task<bool> Exchange<State>::resolve(std::vector<asio::ip::address>& addresses) {
  const std::string& host = call_.url().host();
  boost::system::error_code not_an_address;
  const auto address = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) {
    addresses.push_back(address);
    co_return true;
  }
  std::optional<ResolvedName> name;
  bool is_cancelled = false;
  try {
    name = co_await async::with_deadline(client_.resolver->resolve(host), ends_at_);
  } catch (const boost::system::system_error& error) {
    is_cancelled = error.code() == asio::error::operation_aborted;
    if (!is_cancelled) throw;
  }
  if (is_cancelled) co_return fail(CallFailureKind::cancelled, "cancelled while resolving the host");
  if (!name) {
    expired_ = true;
    co_return fail(CallFailureKind::timeout, "");
  }
  if (name->addresses.empty()) co_return fail(CallFailureKind::resolve, fmt::format("cannot resolve {}: {}", host, name->failure));
  addresses = std::move(name->addresses);
  co_return true;
}

template <class State>
async::Task<bool> Exchange<State>::connect_to(const asio::ip::address& address, std::size_t addresses_left) {
  const MessageLimits limits{.header_bytes = client_.limits.answer_header_bytes, .body_bytes = client_.limits.answer_body_bytes};
  connection_ = std::make_unique<ClientConnection>(Socket(client_.executor), limits);
  Socket& socket = connection_->stream.socket();

  // A black hole must not eat the time of the address behind it.
  bool attempt_expired = false;
  async::Deadline attempt(client_.deadlines, [&attempt_expired, &socket] {
    attempt_expired = true;
    boost::system::error_code ignored;
    socket.close(ignored);
  });
  if (addresses_left > 1) {
    const auto now = async::Clock::now();
    const auto share = (ends_at_ - now) / static_cast<std::int64_t>(addresses_left);
    attempt.set(now + std::min<async::Clock::duration>(share, client_.limits.connect_attempt));
  }

  const tcp::endpoint endpoint(address, call_.url().port());
  const auto [failure] = co_await socket.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
  if (!failure && !attempt_expired && !expired_) {
    ++client_.connections_made;
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    co_return true;
  }
  connection_.reset();
  if (attempt_expired) co_return fail(CallFailureKind::connect, fmt::format("{} does not answer", address.to_string()));
  const bool is_refused = failure == asio::error::connection_refused;
  co_return fail(is_refused ? CallFailureKind::refused : CallFailureKind::connect, "cannot connect to " + address.to_string(), failure);
}

template <class State>
async::Task<bool> Exchange<State>::start_tls() {
  const std::shared_ptr<const TargetTls> tls = client_.tls;
  connection_->tls = tls;
  const auto [failure] = co_await connection_->stream.start_tls(tls->context_for(call_.url()), call_.url().host());
  if (!failure && !expired_) co_return true;
  const Connection broken = std::move(connection_);
  std::string detail = fmt::format("TLS handshake with {}: {}", call_.url().host(), broken->stream.explain(failure));
  co_return fail(failure == asio::error::operation_aborted ? CallFailureKind::cancelled : CallFailureKind::tls, std::move(detail));
}

/// A connection that was made with files which are not those of today is of no use to the next call.
template <class State>
void Exchange<State>::keep() {
  if (connection_->tls && connection_->tls != client_.tls) {
    connection_.reset();
  } else {
    client_.pool.put(call_.url().destination(), std::move(connection_));
  }
}

template <class State>
async::Task<bool> Exchange<State>::write(bool is_reused) {
  const std::string_view body = call_.body();
  const std::array<asio::const_buffer, 2> gathered{asio::buffer(connection_->head), asio::buffer(body.data(), body.size())};
  const auto [failure, written] = co_await connection_->stream.write(gathered);
  if (!failure) {
    ESCROW_FAULT_POINT("call.sent", call_.headers().find("Idempotency-Key").value_or(""));
    co_return true;
  }
  // TLS may have sent records that it does not report: only a plain socket knows that nothing left.
  const bool nothing_left = written == 0 && !connection_->stream.is_tls();
  const bool is_ours = expired_ || failure == asio::error::operation_aborted;
  send_again_ = is_reused && nothing_left && !is_ours;
  co_return fail_connection(CallFailureKind::reset, "the connection broke while the request was written", failure);
}

template <class State>
async::Task<bool> Exchange<State>::read() {
  ByteStream& stream = connection_->stream;
  boost::beast::flat_buffer& buffer = connection_->buffer;
  AnswerParser& parser = connection_->parser;
  buffer.clear();
  parser.restart(call_.method() == "HEAD");
  bool has_begun = false;
  for (;;) {
    const auto [failure, size] = co_await stream.read_some(buffer.prepare(read_size));
    buffer.commit(size);
    has_begun = has_begun || size > 0;
    if (size > 0) buffer.consume(parser.feed(view(buffer)));
    if (failure && parser.state() != ParseState::complete && parser.state() != ParseState::failed) {
      if (!is_end_of_stream(failure)) {
        const bool is_cut_short = failure == asio::ssl::error::stream_truncated && has_begun;
        const CallFailureKind kind = is_cut_short ? CallFailureKind::broken_answer : CallFailureKind::reset;
        co_return fail_connection(kind, "the connection broke before the answer was complete", failure);
      }
      if (!has_begun) {
        connection_.reset();
        co_return fail(CallFailureKind::reset, "the connection was closed before an answer came");
      }
      parser.finish_at_eof();
    }
    if (parser.state() == ParseState::failed) {
      const std::string detail(parser.detail());
      connection_.reset();
      co_return fail(CallFailureKind::broken_answer, detail);
    }
    if (parser.state() == ParseState::complete) break;
    if (expired_) {  // while the bytes were on their way from the socket to here
      connection_.reset();
      co_return fail(CallFailureKind::timeout, "");
    }
  }
  if (buffer.size() == 0) co_return true;
  connection_.reset();
  co_return fail(CallFailureKind::broken_answer, "the answer is longer than announced");
}

}  // namespace

Result<std::unique_ptr<HttpClient>> HttpClient::make(async::Executor executor, ClientLimits limits, TargetCheck check, const ClientTls& tls,
                                                     std::shared_ptr<NameResolver> resolver) {
  auto loaded = TargetTls::load(tls, {});
  if (!loaded) return std::move(loaded).error();
  return make(std::move(executor), limits, std::move(check), *std::move(loaded), std::move(resolver));
}

std::unique_ptr<HttpClient> HttpClient::make(async::Executor executor, ClientLimits limits, TargetCheck check,
                                             std::shared_ptr<const TargetTls> tls, std::shared_ptr<NameResolver> resolver) {
  if (!resolver) resolver = std::make_shared<SystemResolver>(executor);
  auto state = std::make_unique<State>(std::move(executor), limits, std::move(check), std::move(tls), std::move(resolver));
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(state)));
}

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpClient::~HttpClient() {
  // A call that goes on would use what is being destroyed.
  ESCROW_ASSERT(state_->calls_running == 0 || std::uncaught_exceptions() > 0);
}

async::Task<CallAnswer> HttpClient::call(OutboundCall call) {
  Exchange<State> exchange(*state_, call);
  CallAnswer answer = co_await exchange.run();
  co_return answer;
}

void HttpClient::use_tls(std::shared_ptr<const TargetTls> tls) {
  state_->tls = std::move(tls);
  state_->pool.close_tls();
}

void HttpClient::shut_down() { state_->pool.close(); }

std::size_t HttpClient::idle_connections() const { return state_->pool.size(); }

std::uint64_t HttpClient::connections_made() const { return state_->connections_made; }

}  // namespace escrow::transport
